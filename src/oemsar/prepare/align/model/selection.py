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
    Model,
    Ties,
    fit,
    least_ties,
    models_for,
    smoother,
)

_CELLS = 5
"""Cells along each side over which errors are averaged: neighbours share theirs, cells do not."""
_FOLDS = 3
"""Blocks along each side that ties are held out by: a model is asked for what lies beside what it saw."""
_WIDEST = 0.25
"""Share of the image beyond which no tie is kept from predicting a held-out one."""
_SURE = 2.0
"""Standard errors of the mean difference at which held-out ties reject a simpler model."""
_MATTERS = 0.15
"""Pixels of held-out error under which a difference does not matter."""
_CAP = 4.0
"""Pixels beyond which a miss counts no more: it is a wrong match."""


class Trial(NamedTuple):
    """How a model did on ties it had not seen.

    Attributes:
        model: the kind.
        median: of the misses of held-out ties, pixels of the orthophoto.
        mean: of their capped squares, rooted.
        rejected: whether a freer model is better beyond doubt.
    """

    model: Model
    median: float
    mean: float
    rejected: bool


class Choice(NamedTuple):
    """The correction taken, and how it was chosen.

    Attributes:
        correction: fitted to all ties.
        trials: of every model that was tried.
        left_out: leave-one-out error of each tie, pixels of the orthophoto.
    """

    correction: Correction
    trials: Sequence[Trial]
    left_out: Doubles


def choose(
    ties: Ties, scale: float, *, simplest: Model = "shift", reach: float = 0.0, robust: bool = True
) -> Choice:
    """Fit the simplest model that held-out ties do not reject.

    Args:
        ties: where the same ground was found.
        scale: pixels of the radar image to one of the orthophoto.
        simplest: the first model to be considered.
        reach: pixels of the radar image within which ties share what they were matched by, and so their
            errors: no tie that near to a held-out one helps to predict it.
        robust: False to believe every tie.

    Raises:
        InputError: there are fewer than two ties.
    """
    models = models_for(ties, simplest)
    if not models:
        raise InputError(f"{len(ties)} tie points are too few for any model; set at least two")
    cells = cells_of(ties)
    folds = cells_of(ties, _FOLDS)
    reach = min(reach, _WIDEST * max(float(np.ptp(ties.x)), float(np.ptp(ties.y))))
    costs, medians = [], []
    for model in models:
        misses = held_out(ties, model, folds, reach=reach, robust=robust) / scale
        costs.append(np.minimum(misses, _CAP) ** 2)
        medians.append(float(np.median(misses)))
    best = int(np.argmin([float(cost.mean()) for cost in costs]))
    trials = []
    for index, (model, cost) in enumerate(zip(models, costs, strict=True)):
        rejected = index != best and _worse(cost, costs[best], cells)
        trials.append(Trial(model, medians[index], float(np.sqrt(cost.mean())), rejected))
    taken = next(trial.model for trial in trials if not trial.rejected)
    correction, leverage = smoother(ties, taken, robust=robust)
    left_out = np.hypot(*ties.misses(correction)) / np.maximum(1 - leverage, 1e-3) / scale
    return Choice(correction, trials, left_out)


def cells_of(ties: Ties, side: int = _CELLS) -> NDArray[np.intp]:
    """Assign each tie the number of its cell, of `side` squared over all of them."""
    numbers = np.zeros(len(ties), np.intp)
    for values in (ties.y, ties.x):
        low, high = float(values.min()), float(values.max()) + 1e-6
        numbers = numbers * side + np.floor((values - low) / (high - low) * side).astype(np.intp)
    return numbers


def held_out(
    ties: Ties, model: Model, folds: NDArray[np.intp], *, reach: float = 0.0, robust: bool = True
) -> Doubles:
    """Misses of each tie by the model fitted to those of other folds farther than `reach`, radar pixels.

    Infinite where too few are left to fit the model to.
    """
    misses = np.full(len(ties), np.inf)
    places = np.stack([ties.x, ties.y], 1)
    for fold in np.unique(folds):
        inside = folds == fold
        away, _ = cKDTree(places[inside]).query(places)
        far = ~inside & (away > reach)
        if far.sum() < least_ties(model):
            continue
        correction = fit(ties.only(far), model, robust=robust)
        misses[inside] = np.hypot(*ties.only(inside).misses(correction))
    return misses


def _worse(cost: Doubles, best: Doubles, cells: NDArray[np.intp]) -> bool:
    """Whether a model is worse than the best by more than chance, over cells, and by more than matters."""
    if np.sqrt(cost.mean()) - np.sqrt(best.mean()) <= _MATTERS:
        return False
    difference = cost - best
    means = np.array([difference[cells == cell].mean() for cell in np.unique(cells)])
    if means.size < 3:
        return True
    return bool(means.mean() > _SURE * means.std(ddof=1) / np.sqrt(means.size))
