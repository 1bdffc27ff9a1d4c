"""The simplest correction that held-out tie points do not reject."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.prepare.align.model.correction import (
    Correction,
    Correspondences,
    Model,
    fit,
    least_correspondences,
    models_for,
    smoother,
)

_CELLS = 5
"""Cells along each side over which errors are averaged: neighbours share theirs, cells do not."""
_FOLDS = 3
"""Blocks along each side that are held out in turn: a model predicts beside the ground it was fitted to."""
_WIDEST = 0.25
"""Share of the image beyond which no correspondence is kept from predicting a held-out one."""
_SURE = 2.0
"""Standard errors of the mean difference at which held-out correspondences reject a simpler model."""
_MATTERS = 0.15
"""Pixels of held-out error under which a difference does not matter."""
_CAP = 4.0
"""Pixels beyond which a miss counts no more: it is a wrong match."""


class Trial(NamedTuple):
    """Errors of a model at correspondences that were held out.

    Attributes:
        model: Name of the model.
        median: Median error, pixels of the orthophoto.
        mean: Root mean square of the errors, each capped, pixels of the orthophoto.
        rejected: Whether a freer model is better beyond doubt.
    """

    model: Model
    median: float
    mean: float
    rejected: bool


class Choice(NamedTuple):
    """Chosen correction, with the errors of its rivals.

    Attributes:
        correction: Correction fitted to all correspondences.
        trials: Errors of every model that was tried, from the simplest.
        left_out: (correspondences,), leave-one-out error of each, pixels of the orthophoto.
    """

    correction: Correction
    trials: Sequence[Trial]
    left_out: Doubles


def choose(
    correspondences: Correspondences,
    scale: float,
    *,
    simplest: Model = "shift",
    reach: float = 0.0,
    robust: bool = True,
) -> Choice:
    """Fit the simplest model that held-out correspondences do not reject.

    Args:
        correspondences: Positions of the same ground.
        scale: Pixels of the radar image to one of the orthophoto.
        simplest: First model to be considered.
        reach: Pixels of the radar image within which correspondences were matched by shared pixels, and so
            share their errors: none that near to a held-out one helps to predict it.
        robust: False to believe every correspondence.

    Raises:
        InputError: There are fewer than two correspondences.
    """
    models = models_for(correspondences, simplest)
    if not models:
        raise InputError(f"{len(correspondences)} tie points are too few for any model; set at least two")
    cells = cells_of(correspondences)
    folds = cells_of(correspondences, _FOLDS)
    reach = min(reach, _WIDEST * max(float(np.ptp(correspondences.x)), float(np.ptp(correspondences.y))))
    costs, medians = [], []
    for model in models:
        misses = held_out(correspondences, model, folds, reach=reach, robust=robust) / scale
        costs.append(np.minimum(misses, _CAP) ** 2)
        medians.append(float(np.median(misses)))
    best = int(np.argmin([float(cost.mean()) for cost in costs]))
    trials = []
    for index, (model, cost) in enumerate(zip(models, costs, strict=True)):
        rejected = index != best and _worse(cost, costs[best], cells)
        trials.append(Trial(model, medians[index], float(np.sqrt(cost.mean())), rejected))
    taken = next(trial.model for trial in trials if not trial.rejected)
    correction, leverage = smoother(correspondences, taken, robust=robust)
    left_out = np.hypot(*correspondences.misses(correction)) / np.maximum(1 - leverage, 1e-3) / scale
    return Choice(correction, trials, left_out)


def cells_of(correspondences: Correspondences, side: int = _CELLS) -> NDArray[np.intp]:
    """Assign each correspondence the number of its cell, of `side` squared over all of them."""
    numbers = np.zeros(len(correspondences), np.intp)
    for values in (correspondences.y, correspondences.x):
        low, high = float(values.min()), float(values.max()) + 1e-6
        numbers = numbers * side + np.floor((values - low) / (high - low) * side).astype(np.intp)
    return numbers


def held_out(
    correspondences: Correspondences,
    model: Model,
    folds: NDArray[np.intp],
    *,
    reach: float = 0.0,
    robust: bool = True,
) -> Doubles:
    """Predict each correspondence by a model fitted to other folds, farther away than `reach`.

    Returns:
        (correspondences,), errors in pixels of the radar image; infinite where too few are left for a fit.
    """
    misses = np.full(len(correspondences), np.inf)
    positions = np.stack([correspondences.x, correspondences.y], 1)
    for fold in np.unique(folds):
        inside = folds == fold
        away, _ = cKDTree(positions[inside]).query(positions)
        far = ~inside & (away > reach)
        if far.sum() < least_correspondences(model):
            continue
        correction = fit(correspondences.only(far), model, robust=robust)
        misses[inside] = np.hypot(*correspondences.only(inside).misses(correction))
    return misses


def _worse(cost: Doubles, best: Doubles, cells: NDArray[np.intp]) -> bool:
    """Tell whether a model is worse than the best by more than chance, over cells, and than matters."""
    if np.sqrt(cost.mean()) - np.sqrt(best.mean()) <= _MATTERS:
        return False
    difference = cost - best
    means = np.array([difference[cells == cell].mean() for cell in np.unique(cells)])
    if means.size < 3:
        return True
    return bool(means.mean() > _SURE * means.std(ddof=1) / np.sqrt(means.size))
