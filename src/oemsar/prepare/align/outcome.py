"""Findings of matching, or of a person, about a pair, and figures of their quality without the truth."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from oemsar.errors import InputError
from oemsar.prepare.align.matching.repetition import repeat
from oemsar.prepare.align.matching.search import Search
from oemsar.prepare.align.model.correction import Correspondences
from oemsar.prepare.align.model.selection import Choice, choose
from oemsar.prepare.align.output.tie_points import TiePoints, read_tie_points
from oemsar.prepare.align.scene.geometry import Geometry
from oemsar.prepare.align.verdict import Figures, between, coverage_of, farthest, precision

log = logging.getLogger(__name__)

_COARSE = 3
"""Cells along each side that a person's few tie points have to cover."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """Findings about a pair.

    Attributes:
        correspondences: Positions that the correction rests on; None where nothing belongs together.
        choice: Correction and its rivals; None where nothing belongs together.
        points: Tie points that were matched or set, those left out too.
        figures: Figures that the thresholds apply to; None where nothing belongs together.
        search: Levels of the search; None for tie points of a person.
    """

    correspondences: Correspondences | None
    choice: Choice | None
    points: TiePoints
    figures: Figures | None
    search: Search | None


def from_person(geometry: Geometry, scale: float, path: Path) -> Outcome:
    """Fit the correction to a person's tie points, every one of which is believed.

    Args:
        geometry: Geometry of the pair.
        scale: Pixels of the radar image to one of the orthophoto.
        path: File of the tie points.

    Raises:
        InputError: They cannot be read, or lie where radar image or terrain are not known.
    """
    points = read_tie_points(path, geometry.grid)
    used = points.used
    x, y = geometry.prior(points.optical_x[used], points.optical_y[used])
    heights = geometry.heights
    height = None if heights is None else heights(points.optical_x[used], points.optical_y[used])
    known = np.isfinite(x)
    if not known.all():
        raise InputError(
            f"{path} has a tie point where the radar image or the terrain is not known; move or remove it",
            option="tie_points",
        )
    correspondences = Correspondences(x, y, points.sar_x[used], points.sar_y[used], height)
    choice = choose(correspondences, scale, simplest=geometry.simplest, robust=False)
    residual = points.residual.copy()
    residual[used] = choice.left_out
    kept = TiePoints(points.sar_x, points.sar_y, points.optical_x, points.optical_y, used, residual)
    # too few for holding some out: leaving one out tells as much
    figures = replace(
        _figures(correspondences, choice, geometry, scale, kept, robust=False),
        held_out_median_px=None,
        coverage=coverage_of(points.optical_x[used], points.optical_y[used], geometry.shape, _COARSE),
    )
    return Outcome(correspondences, choice, kept, figures, None)


def from_search(search: Search) -> Outcome:
    """Summarise the finding of the last level."""
    stage, geometry = search.stages[-1], search.images.geometry
    matches = stage.matches
    correspondences, choice = search.correspondences, search.choice
    sar_x, sar_y = search.radar_positions(matches)
    residual = np.full(len(matches), np.nan)
    if choice is not None:
        residual[stage.agreeing] = choice.left_out
    optical_x, optical_y = search.ground_positions(matches)
    points = TiePoints(sar_x, sar_y, optical_x, optical_y, stage.agreeing, residual)
    if choice is None or correspondences is None:
        return Outcome(None, None, points, None, search)
    figures = replace(
        _figures(correspondences, choice, geometry, search.scale, points, robust=True),
        agreeing_share=float(stage.agreeing.sum()) / max(stage.windows, 1),
        scales_px=between(search.coarser(), choice.correction, geometry, search.scale),
        prominence=stage.shift.prominence,
        orthophoto_px=search.orthophoto_apart(),
    )
    return Outcome(correspondences, choice, points, figures, search)


def with_repetition(found: Outcome, geometry: Geometry) -> Outcome:
    """Align a pair again from a known disturbance, and measure how far the two results are apart."""
    if found.search is None or found.figures is None or found.choice is None:
        return found
    log.info("Once more, from a shifted and turned start, to see whether it ends in the same place:")
    again = repeat(found.search)
    apart = farthest(found.choice.correction, again, geometry, found.search.scale)
    return replace(found, figures=replace(found.figures, repeated_px=apart))


def _figures(
    correspondences: Correspondences,
    choice: Choice,
    geometry: Geometry,
    scale: float,
    points: TiePoints,
    *,
    robust: bool,
) -> Figures:
    """Measure the figures that every outcome has."""
    taken = next(trial for trial in choice.trials if trial.model == choice.correction.model)
    return Figures(
        tie_points=len(correspondences),
        residual_median_px=float(np.median(choice.left_out)),
        held_out_median_px=taken.median,
        precision_px=precision(correspondences, choice, geometry, scale, robust=robust),
        coverage=coverage_of(points.optical_x[points.used], points.optical_y[points.used], geometry.shape),
    )
