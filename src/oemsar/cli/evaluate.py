"""`oemsar evaluate`: score a saved model on a split."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from oemsar.cli.options import DeviceOption, EngineOption, Flips


def evaluate(
    model: Annotated[
        Path, typer.Argument(metavar="RUN", help="Run of `oemsar train`, or a saved model's folder.")
    ],
    *,
    data: Annotated[Path, typer.Option(help="Table of tiles.")],
    out: Annotated[Path, typer.Option(help="Folder for the scores, tables and figure.")],
    split: Annotated[Literal["train", "val", "test"], typer.Option(help="Split to score.")] = "val",
    flips: Flips = False,
    tiles_in_figure: Annotated[int, typer.Option(min=1, help="Tiles drawn in the figure.")] = 4,
    engine: EngineOption = "auto",
    device: DeviceOption = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
) -> None:
    """Score a model on the labelled tiles of a split: IoU, precision, recall and F1 of every class."""
    from oemsar.cli.progress import reporting
    from oemsar.cli.scores import print_scores
    from oemsar.evaluate import run

    with reporting("Evaluating") as report:
        scores = run.evaluate(
            model,
            data,
            split,
            out,
            flips=flips,
            tiles_in_figure=tiles_in_figure,
            engine=engine,
            device=device,
            report=report,
        )
    print_scores(scores, f"{model} on split {split}", as_json=as_json)
