"""What matching, or a person, found about a pair, and what can be said of it without the truth."""

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from oemsar.errors import InputError
from oemsar.prepare.align.matching.search import Search
from oemsar.prepare.align.model.correction import Correction, Ties
from oemsar.prepare.align.model.selection import Choice, choose
from oemsar.prepare.align.output.report import residuals
from oemsar.prepare.align.output.tie_points import TiePoints, read_tie_points
from oemsar.prepare.align.scene.geometry import Geometry
from oemsar.prepare.align.summary import LevelSummary, Residuals, TrialSummary
from oemsar.prepare.align.verdict import Figures, between, coverage_of, precision

_COARSE = 3
"""Cells along each side that a person's few tie points have to cover."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What is known of a pair.

    Attributes:
        ties: that the correction rests on; None where nothing belongs together.
        choice: the correction and its rivals; None likewise.
        points: all that were matched or set, those left out too.
        figures: None likewise.
        search: the levels; None for tie points of a person.
    """

    ties: Ties | None
    choice: Choice | None
    points: TiePoints
    figures: Figures | None
    search: Search | None


def from_person(geometry: Geometry, scale: float, path: Path) -> Outcome:
    """Fit the correction that a person's tie points ask for; every one of them is believed.

    Args:
        geometry: of the pair.
        scale: pixels of the radar image to one of the orthophoto.
        path: the tie points.

    Raises:
        InputError: they cannot be read, or lie where nothing is known.
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
    ties = Ties(x, y, points.sar_x[used], points.sar_y[used], height)
    choice = choose(ties, scale, simplest=geometry.simplest, robust=False)
    residual = points.residual.copy()
    residual[used] = choice.left_out
    kept = TiePoints(points.sar_x, points.sar_y, points.optical_x, points.optical_y, used, residual)
    # too few for holding some out: leaving one out tells as much
    figures = replace(
        _figures(ties, choice, geometry, scale, kept, robust=False),
        held_out_median_px=None,
        coverage=coverage_of(points.optical_x[used], points.optical_y[used], geometry.shape, _COARSE),
    )
    return Outcome(ties, choice, kept, figures, None)


def from_search(search: Search) -> Outcome:
    """Summarise the finding of the last level."""
    stage, geometry = search.stages[-1], search.images.geometry
    matches = stage.matches
    ties, choice = search.ties, search.choice
    sar_x, sar_y = search.radar_places(matches)
    residual = np.full(len(matches), np.nan)
    if choice is not None:
        residual[stage.agreeing] = choice.left_out
    optical_x, optical_y = search.ground_places(matches)
    points = TiePoints(sar_x, sar_y, optical_x, optical_y, stage.agreeing, residual)
    if choice is None or ties is None:
        return Outcome(None, None, points, None, search)
    figures = replace(
        _figures(ties, choice, geometry, search.scale, points, robust=True),
        agreeing_share=float(stage.agreeing.sum()) / max(stage.windows, 1),
        scales_px=between(search.coarser(), choice.correction, geometry, search.scale),
        prominence=stage.shift.prominence,
        orthophoto_px=search.orthophoto_apart(),
    )
    return Outcome(ties, choice, points, figures, search)


def _figures(
    ties: Ties, choice: Choice, geometry: Geometry, scale: float, points: TiePoints, *, robust: bool
) -> Figures:
    taken = next(trial for trial in choice.trials if trial.model == choice.correction.model)
    return Figures(
        tie_points=len(ties),
        residual_median_px=float(np.median(choice.left_out)),
        held_out_median_px=taken.median,
        precision_px=precision(ties, choice, geometry, scale, robust=robust),
        coverage=coverage_of(points.optical_x[points.used], points.optical_y[points.used], geometry.shape),
    )


def facts_of(outcome: Outcome, geometry: Geometry) -> dict[str, Any]:
    """Give the findings, by the names of the fields of `AlignReport`."""
    choice = outcome.choice
    empty = Residuals(median=None, p95=None, along_look=None, across_look=None)
    stages = [] if outcome.search is None else outcome.search.stages
    return {
        "n_tie_points": 0 if outcome.ties is None else len(outcome.ties),
        "model": None if choice is None else choice.correction.model,
        "residual_px": empty
        if choice is None or outcome.ties is None
        else residuals(outcome.ties, choice, geometry.direction_to_radar, geometry.to_optical()),
        "figures": {} if outcome.figures is None else _finite(asdict(outcome.figures)),
        "offset_px": None if choice is None else _offset(geometry, choice.correction),
        "gsd_m": geometry.gsd,
        "look": geometry.look,
        "crown_depth": None
        if outcome.search is None or outcome.search.images.relief is None
        else outcome.search.images.relief.depth,
        "trials": []
        if choice is None
        else [
            TrialSummary(
                model=trial.model,
                median_px=trial.median if math.isfinite(trial.median) else None,
                rms_px=trial.mean,
                rejected=trial.rejected,
            )
            for trial in choice.trials
        ],
        "stages": [
            LevelSummary(
                factor=stage.level.factor,
                window=stage.level.window,
                windows=stage.windows,
                matches=len(stage.matches),
                agreeing=int(stage.agreeing.sum()),
                shift_px=(stage.shift.x * stage.level.factor, stage.shift.y * stage.level.factor),
                prominence=stage.shift.prominence,
                model=stage.correction.model,
            )
            for stage in stages
        ],
    }


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in values.items()
    }


def _offset(geometry: Geometry, correction: Correction) -> tuple[float, float]:
    """How far the radar image moves in its middle, columns and rows of the orthophoto."""
    x, y = geometry.lattice(5)
    place = geometry.prior(x, y)
    level = np.full_like(x, correction.frame.height)
    apart = np.stack(correction(*place, level)) - np.stack(place)
    middle = np.nanmedian(apart.reshape(2, -1), 1)
    columns, rows = -geometry.to_optical() @ middle
    return float(columns), float(rows)
