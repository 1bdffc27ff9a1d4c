"""How sure a score is: intervals from drawing the regions anew."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oemsar.legend import NUM_CLASSES

Values = NDArray[np.float64]

LEVEL = 0.95
DRAWS = 2000


class Intervals(NamedTuple):
    """Ends of the percentile intervals, fractions 0..1; NaN where a class never occurs.

    Attributes:
        iou: IoU of each class in legend order, shape (2, 8): low ends, then high ends.
        miou: Mean IoU, shape (2,): low end, then high end.
    """

    iou: Values
    miou: Values


def iou(confusion: NDArray[np.integer[Any]]) -> Values:
    """Compute the intersection over union of each class.

    Args:
        confusion: Pixel counts, shape (..., 8, 8), rows truth, columns prediction.

    Returns:
        Fractions, shape (..., 8); NaN for a class absent from truth and prediction.
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64)
    union = confusion.sum(-1) + confusion.sum(-2) - hits
    fractions: Values = np.divide(hits, union, out=np.full(hits.shape, np.nan), where=union > 0)
    return fractions


def mean_present(values: Values, axis: int = -1) -> Values:
    """Average the values of `axis` that are not NaN; NaN where there are none."""
    present = ~np.isnan(values)
    count = present.sum(axis)
    total = np.where(present, values, 0).sum(axis)
    means: Values = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return means


def bootstrap(confusion: NDArray[np.integer[Any]], *, draws: int = DRAWS, seed: int = 0) -> Intervals:
    """Bootstrap 95 % percentile intervals over regions (Efron and Tibshirani 1993, chapter 13).

    Tiles of a region resemble each other, so that regions, not tiles, are what is drawn: as many as there
    are, with replacement; the confusion matrices of those drawn are summed, and the scores taken from the
    sum. With several trainings every one is scored on the same draw, and the mean of their scores counts.

    Args:
        confusion: Pixel counts by training and region, shape (trainings, regions, 8, 8).
        draws: Number of draws.
        seed: Seed of the draws.
    """
    trainings, regions = confusion.shape[:2]
    rng = np.random.default_rng(seed)
    times = rng.multinomial(regions, np.full(regions, 1 / regions), draws)
    flat = confusion.reshape(trainings, regions, -1).astype(np.int64)
    drawn = iou((times @ flat).reshape(trainings, draws, NUM_CLASSES, NUM_CLASSES))
    by_class, means = mean_present(drawn, axis=0), mean_present(mean_present(drawn), axis=0)
    return Intervals(_ends(by_class), _ends(means))


def _ends(values: Values) -> Values:
    """Find the ends of the interval over the first axis, NaN left out, shape (2, ...)."""
    outside = (1 - LEVEL) / 2
    ends = np.full((2, *values.shape[1:]), np.nan)
    known = ~np.isnan(values).all(0)
    ends[:, known] = np.nanquantile(values[:, known], (outside, 1 - outside), axis=0)
    return ends
