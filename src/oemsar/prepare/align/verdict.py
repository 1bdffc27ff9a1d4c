"""Whether an alignment may be used: figures that do not need the truth, and the thresholds they meet."""

import math
from dataclasses import dataclass

import numpy as np

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.prepare.align.config import Thresholds
from oemsar.prepare.align.model.correction import Correction, Ties, fit
from oemsar.prepare.align.model.selection import Choice, cells_of
from oemsar.prepare.align.scene.geometry import Geometry
from oemsar.prepare.align.scene.transform import Alignment
from oemsar.prepare.align.summary import Verdict

_RESAMPLES = 40
_SIDE = 9
"""Points along each side of the orthophoto at which the spread of resampled fields is looked at."""


@dataclass(frozen=True)
class Figures:
    """What is known of an alignment without the truth; None where it was not measured.

    Attributes:
        tie_points: that the correction rests on.
        agreeing_share: of the windows that were compared.
        residual_median_px: leave-one-out.
        held_out_median_px: of ties predicted from others far away.
        precision_px: see `Thresholds`.
        coverage: see `Thresholds`.
        scales_px: see `Thresholds`.
        prominence: see `Thresholds`.
        orthophoto_px: see `Thresholds`.
    """

    tie_points: int
    residual_median_px: float
    held_out_median_px: float | None
    precision_px: float
    coverage: float
    agreeing_share: float | None = None
    scales_px: float | None = None
    prominence: float | None = None
    orthophoto_px: float | None = None


def judge(
    figures: Figures, thresholds: Thresholds, *, edited: bool, leaning: bool = False
) -> tuple[Verdict, list[str]]:
    """Give the verdict, and a sentence for every threshold that is missed.

    Args:
        figures: what was measured.
        thresholds: what is asked.
        edited: whether a person set the tie points; those are believed, and fewer do.
        leaning: whether roofs and crowns may lean by more than a pixel, with no surface model to tell.
    """
    least = thresholds.edited_tie_points if edited else thresholds.least_tie_points
    share = figures.agreeing_share
    if not edited and (
        figures.tie_points < least or (share is not None and share < thresholds.least_agreeing_share)
    ):
        return "failed", [f"only {figures.tie_points} tie points agree"]
    agreeing = thresholds.leaning_agreeing_share if leaning else thresholds.agreeing_share
    prominence = thresholds.leaning_prominence if leaning else thresholds.prominence
    asked = [
        ("tie points", figures.tie_points, least, False),
        ("share of windows that agree", share, agreeing, False),
        ("leave-one-out error", figures.residual_median_px, thresholds.residual_median_px, True),
        ("held-out error", figures.held_out_median_px, thresholds.held_out_median_px, True),
        ("spread of the field", figures.precision_px, thresholds.precision_px, True),
        ("coverage", figures.coverage, thresholds.coverage, False),
        ("difference between scales", figures.scales_px, thresholds.scales_px, True),
        ("prominence", figures.prominence, prominence, False),
        ("shift that the orthophoto asks for", figures.orthophoto_px, thresholds.orthophoto_px, True),
    ]
    missed = [
        f"{name} {value:.3g}, {'at most' if most else 'at least'} {limit:g} asked"
        for name, value, limit, most in asked
        if value is not None and not (value <= limit if most else value >= limit)
    ]
    return ("needs_person" if missed else "accepted"), missed


def precision(ties: Ties, choice: Choice, geometry: Geometry, scale: float, *, robust: bool) -> float:
    """95th percentile over the image of the field's spread under resampling, pixels of the orthophoto.

    A bootstrap over cells of ties, which share their errors (Efron and Tibshirani 1993, An introduction to
    the bootstrap, section 8.6).
    """
    cells, model = cells_of(ties), choice.correction.model
    numbers = np.unique(cells)
    members = [np.flatnonzero(cells == number) for number in numbers]
    rng = np.random.default_rng(0)
    here = field(Alignment(geometry, choice.correction))
    away = []
    for _ in range(_RESAMPLES):
        drawn = np.concatenate([members[index] for index in rng.integers(0, numbers.size, numbers.size)])
        try:
            other = fit(ties.only(drawn), model, robust=robust)
        except InputError:
            continue
        away.append(np.hypot(*(field(Alignment(geometry, other)) - here)) / scale)
    if not away:
        return math.inf
    spread = np.sqrt(np.nanmean(np.square(away), 0))
    return float(np.nanquantile(spread, 0.95))


def field(alignment: Alignment) -> Doubles:
    """(2, points): where a lattice of the orthophoto lies in the radar image."""
    x, y = alignment.geometry.lattice(_SIDE)
    return np.stack([each.ravel() for each in alignment(x, y)])


def between(first: Correction, second: Correction, geometry: Geometry, scale: float) -> float:
    """Median distance of two fields over the orthophoto, in its pixels."""
    apart = field(Alignment(geometry, first)) - field(Alignment(geometry, second))
    return float(np.nanmedian(np.hypot(*apart)) / scale)


def coverage_of(x: Doubles, y: Doubles, shape: tuple[int, int], side: int = 5) -> float:
    """Share of `side` x `side` cells of an image that hold a point."""
    rows = np.clip(np.floor((y + 0.5) / shape[0] * side), 0, side - 1)
    columns = np.clip(np.floor((x + 0.5) / shape[1] * side), 0, side - 1)
    return np.unique(rows * side + columns).size / side**2
