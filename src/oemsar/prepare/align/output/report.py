"""The report of an alignment: figures, thresholds and pictures, as JSON and as a page."""

from pathlib import Path

import numpy as np

from oemsar.arrays import Doubles
from oemsar.files import write_text
from oemsar.pages import render
from oemsar.prepare.align.model.correction import Ties
from oemsar.prepare.align.model.selection import Choice
from oemsar.prepare.align.summary import AlignReport, Residuals


def residuals(
    ties: Ties, choice: Choice, direction: tuple[float, float] | None, to_optical: Doubles
) -> Residuals:
    """Compute leave-one-out errors in pixels of the orthophoto, overall and by direction.

    Args:
        ties: Ties that the correction rests on.
        choice: Correction, and how it was chosen.
        direction: Unit vector (columns, rows) of the orthophoto along the look; None where it is not known.
        to_optical: (2, 2), matrix from displacements in the radar image to those in the orthophoto.

    Returns:
        Median and 95th percentile; medians of absolute values along and across the look.
    """
    misses = to_optical @ ties.misses(choice.correction)
    length = np.hypot(*misses)
    misses = misses * (choice.left_out / np.maximum(length, 1e-9))
    along = across = None
    if direction is not None:
        x, y = direction
        along = float(np.median(np.abs(misses[0] * x + misses[1] * y)))
        across = float(np.median(np.abs(misses[1] * x - misses[0] * y)))
    return Residuals(
        median=float(np.median(choice.left_out)),
        p95=float(np.quantile(choice.left_out, 0.95)),
        along_look=along,
        across_look=across,
    )


def write_page(path: Path, report: AlignReport, pictures: list[str]) -> None:
    """Write the report as one HTML page beside its pictures."""
    page = render(
        "oemsar.prepare.align.output",
        "report.html.j2",
        report=report.model_dump(mode="json"),
        pictures=pictures,
    )
    write_text(path, page)
