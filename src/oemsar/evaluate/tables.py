"""Scores as tables: Markdown for people, CSV for other programs."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple

from oemsar.evaluate.scores import Scores
from oemsar.legend import NAMES

HEADINGS = ("Class", "IoU", "Precision", "Recall", "F1")
"""Headings of the rows of `percent_rows`."""


def percent(fraction: float | None) -> str:
    """A fraction 0..1 in percent with two decimals, as the paper prints it; `absent` for None."""
    return "absent" if fraction is None else f"{100 * fraction:.2f}"


def percent_rows(scores: Scores) -> list[tuple[str, ...]]:
    """One row of text a class, in legend order: name, then IoU, precision, recall and F1 in percent."""
    return [(name, *map(percent, astuple(of_class))) for name, of_class in scores.classes.items()]


def summary(scores: Scores) -> str:
    """One line: mIoU with the number of classes in its mean, and overall accuracy, in percent."""
    if scores.miou is None:
        return "mIoU and OA absent: no pixel of known truth"
    present = sum(of_class.iou is not None for of_class in scores.classes.values())
    return f"mIoU {percent(scores.miou)} % over {present} classes, OA {percent(scores.overall_accuracy)} %"


def scores_markdown(scores: Scores, provenance: str) -> str:
    """A Markdown document: scores of each class in percent, mIoU and OA, and a line on what was scored."""
    lines = [
        _markdown_row(HEADINGS),
        _markdown_row(("---", *("---:" for _ in HEADINGS[1:]))),
        *map(_markdown_row, percent_rows(scores)),
        "",
        summary(scores),
        "",
        provenance,
    ]
    return "\n".join(lines) + "\n"


def scores_csv(scores: Scores) -> str:
    """CSV of fractions 0..1: one row a class, then a row `all` of mIoU and overall accuracy.

    An absent score is an empty cell.
    """
    rows = [(name, *astuple(of_class), None) for name, of_class in scores.classes.items()]
    header = ("class", "iou", "precision", "recall", "f1", "overall_accuracy")
    return _csv([header, *rows, ("all", scores.miou, None, None, None, scores.overall_accuracy)])


def confusion_csv(scores: Scores) -> str:
    """CSV of pixel counts: one row a class of the truth, one column a class of the prediction."""
    rows = [(name, *counts) for name, counts in zip(NAMES, scores.confusion, strict=True)]
    return _csv([("truth \\ prediction", *NAMES), *rows])


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _csv(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
