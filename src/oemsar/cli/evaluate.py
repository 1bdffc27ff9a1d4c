"""`oemsar evaluate`: score a saved model on a split."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from oemsar.evaluate.scores import Scores


def evaluate(
    model: Annotated[
        Path, typer.Argument(metavar="RUN", help="Run of `oemsar train`, or a saved model's folder.")
    ],
    *,
    data: Annotated[Path, typer.Option(help="Table of tiles.")],
    out: Annotated[Path, typer.Option(help="Folder for the scores, tables and figure.")],
    split: Annotated[Literal["train", "val", "test"], typer.Option(help="Split to score.")] = "val",
    flips: Annotated[
        bool, typer.Option("--flips/--no-flips", help="Average over four mirror images of each tile.")
    ] = False,
    tiles_in_figure: Annotated[int, typer.Option(min=1, help="Tiles drawn in the figure.")] = 4,
    engine: Annotated[
        Literal["auto", "torch", "openvino"], typer.Option(help="Library that runs the network.")
    ] = "auto",
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where the network runs.")
    ] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
) -> None:
    """Score a model on the labelled tiles of a split: IoU, precision, recall and F1 of every class."""
    from oemsar.cli.progress import reporting
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
    if as_json:
        _print_json(scores)
    else:
        _print_table(scores, f"{model} on split {split}")


def _print_json(scores: "Scores") -> None:
    import json

    typer.echo(json.dumps(scores.to_dict(), indent=2))


def _print_table(scores: "Scores", title: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from oemsar.evaluate.tables import HEADINGS, percent_rows, summary

    table = Table(title=Text(title), caption=Text(summary(scores)))
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == HEADINGS[0] else "right")
    for row in percent_rows(scores):
        table.add_row(*row)
    Console().print(table)
