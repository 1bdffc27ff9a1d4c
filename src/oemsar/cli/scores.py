"""Scores on standard output: a table for people, JSON for other programs."""

from typing import TYPE_CHECKING

from oemsar.cli.document import write_document
from oemsar.cli.terminal import cell

if TYPE_CHECKING:
    from oemsar.evaluate.scores import Scores


def print_scores(scores: "Scores", title: str, *, as_json: bool) -> None:
    """Print the scores of every class and their mean."""
    if as_json:
        write_document(scores.to_dict())
    else:
        _print_table(scores, title)


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
