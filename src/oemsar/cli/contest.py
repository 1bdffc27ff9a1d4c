"""`oemsar contest`: submissions of the Data Fusion Contest 2025, Track 1."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import DeviceOption, EngineOption, Flips

app = typer.Typer(
    help="Write and score submissions of the Data Fusion Contest 2025, Track 1.", no_args_is_help=True
)


@app.command("predict")
def predict(
    model: Annotated[
        Path, typer.Argument(metavar="RUN", help="Run of `oemsar train` on radar, or a saved model's folder.")
    ],
    folder: Annotated[Path, typer.Argument(help="Folder of radar tiles.")],
    *,
    out: Annotated[Path, typer.Option(dir_okay=False, help="The zip to write.")],
    names: Annotated[
        Path | None, typer.Option(help="Text file of the names the submission must have.", dir_okay=False)
    ] = None,
    flips: Flips = False,
    engine: EngineOption = "auto",
    device: DeviceOption = "auto",
) -> None:
    """Predict every radar tile in FOLDER and write the flat zip of PNGs that the contest takes."""
    from oemsar.cli.progress import reporting
    from oemsar.predict.contest import predict_submission

    with reporting("Predicting") as report:
        count = predict_submission(
            model, folder, out, names=names, flips=flips, engine=engine, device=device, report=report
        )
    typer.echo(f"Wrote {count} maps to {out}")


@app.command("score")
def score(
    submission: Annotated[Path, typer.Argument(help="The zip to score.")],
    *,
    labels: Annotated[Path, typer.Option(help="Folder of the published labels of val or test.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
) -> None:
    """Score a submission, of any team, against the published labels."""
    from oemsar.cli.progress import reporting
    from oemsar.cli.scores import print_scores
    from oemsar.evaluate.submission import score_submission

    with reporting("Scoring") as report:
        scores = score_submission(submission, labels, report)
    print_scores(scores, f"{submission} against {labels}", as_json=as_json)
