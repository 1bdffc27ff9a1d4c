"""Scores on standard output: a table for people, JSON for other programs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from oemsar.cli.document import write_document
from oemsar.cli.terminal import cell

if TYPE_CHECKING:
    from oemsar.evaluate.scores import Scores
    from oemsar.evaluate.subsets import SubsetScores


def print_scores(
    scores: "Scores", title: str, *, as_json: bool, subsets: "Sequence[SubsetScores]" = ()
) -> None:
    """Print the scores of every class and their mean, and those of subsets of the inputs."""
    if as_json:
        document = scores.to_dict()
        if subsets:
            document["subsets"] = [subset.content() for subset in subsets]
        write_document(document)
        return
    _print_table(scores, title)
    if subsets:
        _print_subsets(subsets)


def _print_subsets(subsets: "Sequence[SubsetScores]") -> None:
    from rich.console import Console
    from rich.table import Table

    from oemsar.evaluate.tables import percent

    table = Table(title="Every subset of the inputs")
    for heading in ("Inputs", "Tiles", "mIoU", "OA"):
        table.add_column(heading, justify="left" if heading == "Inputs" else "right")
    for row in subsets:
        scores = row.scores
        table.add_row(row.inputs, str(row.tiles), percent(scores.miou), percent(scores.overall_accuracy))
    Console().print(table)


def _print_table(scores: "Scores", title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from oemsar.evaluate.tables import HEADINGS, percent_rows, summary

    table = Table(title=cell(title), caption=cell(summary(scores)))
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == HEADINGS[0] else "right")
    for row in percent_rows(scores):
        table.add_row(*row)
    Console().print(table)
