"""The report of an alignment: figures, thresholds and pictures, as JSON and as a page."""

from pathlib import Path
from typing import Any

import numpy as np

from oemsar.arrays import Doubles
from oemsar.files import write_text
from oemsar.pages import render
from oemsar.prepare.align.model.correction import Ties
from oemsar.prepare.align.model.selection import Choice


def residuals(
    ties: Ties, choice: Choice, direction: tuple[float, float] | None, to_optical: Doubles
) -> dict[str, float | None]:
    """Leave-one-out errors in pixels of the orthophoto, in all and by direction.

    Args:
        ties: that the correction rests on.
        choice: the correction.
        direction: unit vector (columns, rows) of the orthophoto along the look; None without.
        to_optical: (2, 2), from displacements in the radar image to those in the orthophoto.

    Returns:
        `median`, `p95`; `along_look`, `across_look`, medians of absolute values, null without a look.
    """
    misses = to_optical @ ties.misses(choice.correction)
    length = np.hypot(*misses)
    misses = misses * (choice.left_out / np.maximum(length, 1e-9))
    along = across = None
    if direction is not None:
        x, y = direction
        along = float(np.median(np.abs(misses[0] * x + misses[1] * y)))
        across = float(np.median(np.abs(misses[1] * x - misses[0] * y)))
    return {
        "median": float(np.median(choice.left_out)),
        "p95": float(np.quantile(choice.left_out, 0.95)),
        "along_look": along,
        "across_look": across,
    }


def write_page(path: Path, report: dict[str, Any], pictures: list[str]) -> None:
    """Write the report as one HTML page beside its pictures."""
    page = render("oemsar.prepare.align.output", "report.html.j2", report=report, pictures=pictures)
    write_text(path, page)
