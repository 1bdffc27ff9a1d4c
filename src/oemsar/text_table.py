"""Tables as text: Markdown for people, CSV for other programs."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TypeVar

from oemsar.visible_text import csv_cell, markdown_text

AnyCell = TypeVar("AnyCell")


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table without a final line break: first column left, all others right.

    Markup in a cell is written as text.
    """
    ruler = ("---", *("---:" for _ in headings[1:]))
    written = [tuple(map(markdown_text, cells)) for cells in (headings, *rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (written[0], ruler, *written[1:]))


def beside(
    left: Iterable[Sequence[AnyCell]], right: Iterable[Sequence[AnyCell]]
) -> list[tuple[AnyCell, ...]]:
    """Put the columns of two tables with as many rows beside each other."""
    return [(*first, *second) for first, second in zip(left, right, strict=True)]


def csv_table(rows: Iterable[Sequence[object]]) -> str:
    """Write `rows` as CSV, the first of them the headings; None is an empty cell.

    A text that a spreadsheet would take for a formula begins with a quote.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(csv_cell, row) for row in rows)
    return text.getvalue()
