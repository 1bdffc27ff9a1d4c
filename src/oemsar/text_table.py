"""Tables as text: Markdown for people, CSV for other programs."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TypeVar

AnyCell = TypeVar("AnyCell")


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table without a final line break: first column left, all others right."""
    ruler = ("---", *("---:" for _ in headings[1:]))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, ruler, *rows))


def beside(
    left: Iterable[Sequence[AnyCell]], right: Iterable[Sequence[AnyCell]]
) -> list[tuple[AnyCell, ...]]:
    """Put the columns of two tables with as many rows beside each other."""
    return [(*first, *second) for first, second in zip(left, right, strict=True)]


def csv_table(rows: Iterable[Sequence[object]]) -> str:
    """Write `rows` as CSV, the first of them the headings; None is an empty cell."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
