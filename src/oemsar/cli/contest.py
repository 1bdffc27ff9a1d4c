"""`oemsar contest`: submissions of the Data Fusion Contest 2025, Track 1."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.model_names import model_argument
from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.predict.config import SubmissionConfig

app = typer.Typer(
    help="Write and score submissions of the Data Fusion Contest 2025, Track 1.", no_args_is_help=True
)


@app.command("predict")
@with_options
def predict(
    models: Annotated[
        list[Path],
        model_argument(
            "Run of `oemsar train` on radar, or a saved model's folder; the mean of several.",
            metavar="RUN...",
        ),
    ],
    folder: Annotated[Path, typer.Argument(help="Folder of radar tiles.")],
    *,
    out: Annotated[Path, typer.Option(dir_okay=False, help="The zip to write.")],
    config: SubmissionConfig,
    as_json: AsJson = False,
) -> None:
    """Predict every radar tile in FOLDER and write the flat zip of PNGs that the contest takes."""
    from oemsar.cli.progress import reporting
    from oemsar.predict.contest import predict_submission

    with reporting("Predicting") as report:
        submission = predict_submission(models, folder, out, config=config, report=report)
    if as_json:
        print_json(submission)
    else:
        echo(f"Wrote {submission.tiles} maps to {out}")


@app.command("score")
def score(
    submission: Annotated[Path, typer.Argument(help="The zip to score.")],
    *,
    labels: Annotated[Path, typer.Option(help="Folder of the published labels of val or test.")],
    as_json: AsJson = False,
) -> None:
    """Score a submission, of any team, against the published labels."""
    from oemsar.cli.progress import reporting
    from oemsar.cli.scores import print_scores
    from oemsar.evaluate.submission import score_submission

    with reporting("Scoring") as report:
        scores = score_submission(submission, labels, report=report)
    print_scores(scores, f"{submission} against {labels}", as_json=as_json)
