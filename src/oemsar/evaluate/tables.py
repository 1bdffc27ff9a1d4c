"""Scores as tables: Markdown for people, CSV for other programs."""

from dataclasses import astuple

from oemsar.evaluate.scores import Scores
from oemsar.legend import NAMES
from oemsar.text_table import csv_table, markdown_table
from oemsar.visible_text import markdown_text

HEADINGS = ("Class", "IoU", "Precision", "Recall", "F1")
"""Headings of the rows of `percent_rows`."""


def percent(fraction: float | None) -> str:
    """Format a fraction 0..1 in percent with two decimals, as the paper prints it; `absent` for None."""
    return "absent" if fraction is None else f"{100 * fraction:.2f}"


def percent_rows(scores: Scores) -> list[tuple[str, ...]]:
    """Write a row of text for each class, in legend order: name, IoU, precision, recall, F1 in percent."""
    return [(name, *map(percent, astuple(of_class))) for name, of_class in scores.classes.items()]


def summary(scores: Scores) -> str:
    """Sum up scores in one line: mIoU with its number of classes, and overall accuracy, in percent."""
    if scores.miou is None:
        return "mIoU and OA absent: no pixel of known truth"
    present = sum(of_class.iou is not None for of_class in scores.classes.values())
    return f"mIoU {percent(scores.miou)} % over {present} classes, OA {percent(scores.overall_accuracy)} %"


def scores_markdown(scores: Scores, provenance: str) -> str:
    """Write a Markdown document: scores of each class in percent, mIoU and OA, and their provenance."""
    table = markdown_table(HEADINGS, percent_rows(scores))
    return "\n\n".join([table, summary(scores), markdown_text(provenance)]) + "\n"


def scores_csv(scores: Scores) -> str:
    """Write CSV of fractions 0..1: one row a class, then a row `all` of mIoU and overall accuracy.

    An absent score is an empty cell.
    """
    rows = [(name, *astuple(of_class), None) for name, of_class in scores.classes.items()]
    header = ("class", "iou", "precision", "recall", "f1", "overall_accuracy")
    return csv_table([header, *rows, ("all", scores.miou, None, None, None, scores.overall_accuracy)])


def confusion_csv(scores: Scores) -> str:
    """Write CSV of pixel counts: one row a class of the truth, one column a class of the prediction."""
    rows = [(name, *counts) for name, counts in zip(NAMES, scores.confusion, strict=True)]
    return csv_table([("truth \\ prediction", *NAMES), *rows])
