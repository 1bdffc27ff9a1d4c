"""Verdict on an alignment: figures that do not need the truth, and the thresholds they meet."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.prepare.align.config import Thresholds
from oemsar.prepare.align.model.correction import Correction, Correspondences, fit
from oemsar.prepare.align.model.selection import Choice, cells_of
from oemsar.prepare.align.scene.geometry import Geometry
from oemsar.prepare.align.scene.transform import Alignment
from oemsar.prepare.align.summary import Verdict

_RESAMPLES = 40
_REPEATED = 2.0
"""Difference of a repetition that is allowed, as a multiple of the spread of the field."""
_SIDE = 9
"""Points along each side of the orthophoto at which the spread of resampled fields is measured."""


@dataclass(frozen=True)
class Figures:
    """Figures of an alignment that do not need the truth; None where one was not measured.

    Attributes:
        tie_points: Number of tie points that the correction rests on.
        residual_median_px: Median leave-one-out error, pixels of the orthophoto.
        held_out_median_px: Median error of tie points predicted from others far away, orthophoto pixels.
        precision_px: 95th percentile, over the image, of the spread of the field, pixels of the orthophoto.
        coverage: Share of the image's cells that hold tie points, 0 to 1.
        agreeing_share: Share of the compared windows that agree, 0 to 1.
        scales_px: Difference of the fields found at the last two scales, pixels of the orthophoto.
        prominence: Standard deviations between the best displacement of the whole and the second best.
        orthophoto_px: Shift between the matches of the orthophoto and those of the surface model, in pixels.
        repeated_px: 95th percentile, over the image, of the distance from the field that is found from a
            disturbed beginning, pixels of the orthophoto; infinite where none is found.
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
    repeated_px: float | None = None


class Judgement(NamedTuple):
    """Verdict on an alignment.

    Attributes:
        verdict: Verdict.
        reasons: Sentences for the thresholds that are missed; empty for `accepted`.
    """

    verdict: Verdict
    reasons: list[str]


def judge(figures: Figures, thresholds: Thresholds, *, edited: bool, displaced: bool = False) -> Judgement:
    """Judge an alignment, with a sentence for every threshold that is missed.

    Args:
        figures: Figures of the alignment.
        thresholds: Thresholds of the verdict.
        edited: Whether a person set the tie points; those are believed, and fewer suffice.
        displaced: Whether roofs and crowns may be displaced by more than a pixel without a surface model.

    A repetition may differ by twice the spread of the field: the difference of two fields spreads by the root
    of two more than one, and the spread is a root mean square where the difference is a 95th percentile.
    """
    least = thresholds.edited_tie_points if edited else thresholds.least_tie_points
    share = figures.agreeing_share
    if not edited and (
        figures.tie_points < least or (share is not None and share < thresholds.least_agreeing_share)
    ):
        return Judgement("failed", [f"only {figures.tie_points} tie points agree"])
    agreeing = thresholds.leaning_agreeing_share if displaced else thresholds.agreeing_share
    prominence = thresholds.leaning_prominence if displaced else thresholds.prominence
    repeated = max(thresholds.repeated_px, _REPEATED * figures.precision_px)
    limits = [
        ("tie points", figures.tie_points, least, False),
        ("share of windows that agree", share, agreeing, False),
        ("leave-one-out error", figures.residual_median_px, thresholds.residual_median_px, True),
        ("held-out error", figures.held_out_median_px, thresholds.held_out_median_px, True),
        ("spread of the field", figures.precision_px, thresholds.precision_px, True),
        ("coverage", figures.coverage, thresholds.coverage, False),
        ("difference between scales", figures.scales_px, thresholds.scales_px, True),
        ("prominence", figures.prominence, prominence, False),
        ("shift that the orthophoto asks for", figures.orthophoto_px, thresholds.orthophoto_px, True),
        ("difference from a repetition that began elsewhere", figures.repeated_px, repeated, True),
    ]
    missed = [
        f"{name} {_distinct(value, limit)}, {'at most' if most else 'at least'} {limit:.4g} asked"
        for name, value, limit, most in limits
        if value is not None and not (value <= limit if most else value >= limit)
    ]
    return Judgement("needs_person" if missed else "accepted", missed)


def _distinct(value: float, limit: float) -> str:
    """Write a figure with three digits, or with as many as it takes to differ from the limit as written."""
    written = [f"{value:.{digits}g}" for digits in range(3, 18)]
    return next((text for text in written if float(text) != float(f"{limit:.4g}")), written[-1])


def precision(
    correspondences: Correspondences, choice: Choice, geometry: Geometry, scale: float, *, robust: bool
) -> float:
    """Measure the spread of the field under resampling: 95th percentile over the image, orthophoto pixels.

    A bootstrap over cells of correspondences, which share their errors (Efron and Tibshirani 1993, An
    introduction to the bootstrap, section 8.6).
    """
    cells, model = cells_of(correspondences), choice.correction.model
    numbers = np.unique(cells)
    members = [np.flatnonzero(cells == number) for number in numbers]
    rng = np.random.default_rng(0)
    here = field(Alignment(geometry, choice.correction))
    away = []
    for _ in range(_RESAMPLES):
        drawn = np.concatenate([members[index] for index in rng.integers(0, numbers.size, numbers.size)])
        try:
            other = fit(correspondences.only(drawn), model, robust=robust)
        except InputError:
            continue
        away.append(np.hypot(*(field(Alignment(geometry, other)) - here)) / scale)
    if not away:
        return math.inf
    spread = np.sqrt(np.nanmean(np.square(away), 0))
    return float(np.nanquantile(spread, 0.95))


def field(alignment: Alignment) -> Doubles:
    """Locate a lattice of the orthophoto in the radar image: columns and rows, (2, points)."""
    x, y = alignment.geometry.lattice(_SIDE)
    return np.stack([each.ravel() for each in alignment(x, y)])


def between(first: Correction, second: Correction, geometry: Geometry, scale: float) -> float:
    """Measure the median distance of two fields over the orthophoto, in its pixels."""
    apart = field(Alignment(geometry, first)) - field(Alignment(geometry, second))
    return float(np.nanmedian(np.hypot(*apart)) / scale)


def farthest(first: Correction, second: Correction | None, geometry: Geometry, scale: float) -> float:
    """Measure the 95th percentile of the distance of two fields over the orthophoto, in its pixels.

    Infinite where there is no second.
    """
    if second is None:
        return math.inf
    apart = field(Alignment(geometry, first)) - field(Alignment(geometry, second))
    return float(np.nanquantile(np.hypot(*apart), 0.95) / scale)


def coverage_of(x: Doubles, y: Doubles, shape: tuple[int, int], side: int = 5) -> float:
    """Compute the share of `side` x `side` cells of an image that hold a point."""
    rows = np.clip(np.floor((y + 0.5) / shape[0] * side), 0, side - 1)
    columns = np.clip(np.floor((x + 0.5) / shape[1] * side), 0, side - 1)
    return np.unique(rows * side + columns).size / side**2
