"""Labels that err as the published pseudo labels do: in whole objects, blobs and ragged outlines."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from oemsar.legend import NUM_CLASSES
from oemsar.simulate.noise import Raster, smooth

AGREEMENT = (0.1063, 0.7827, 0.6959, 0.7038, 0.6899, 0.9396, 0.6692, 0.8708)
"""Share of the pixels of each class (real label) whose pseudo label is the same: Table III of the paper."""

_MISTAKEN_FOR = np.array(
    [
        # bare range devel road tree water agri build
        [0.00, 0.46, 0.40, 0.05, 0.01, 0.01, 0.06, 0.01],
        [0.16, 0.00, 0.46, 0.03, 0.19, 0.01, 0.14, 0.01],
        [0.10, 0.46, 0.00, 0.22, 0.02, 0.00, 0.01, 0.19],
        [0.02, 0.12, 0.78, 0.00, 0.02, 0.00, 0.00, 0.06],
        [0.01, 0.84, 0.08, 0.01, 0.00, 0.02, 0.02, 0.02],
        [0.05, 0.50, 0.25, 0.03, 0.17, 0.00, 0.00, 0.00],
        [0.08, 0.85, 0.04, 0.00, 0.03, 0.00, 0.00, 0.00],
        [0.01, 0.06, 0.78, 0.12, 0.03, 0.00, 0.00, 0.00],
    ]
)
"""Shares of the classes that a class is taken for where it is not recognised, by row.

Chosen so that with the agreement above the class shares of the pseudo labels follow from the IoU of Table
III: bareland is seen four times as often as it is there, rangeland half as often again, roads and trees too
rarely.
"""

_JITTER = 0.45
"""Standard deviation of the outline in metres."""

_TILE_CONCENTRATION = 40.0
"""Concentration of a beta distribution around the class's value."""


def simulate_pseudo_label(
    label: NDArray[np.uint8], surface: NDArray[np.int32], gsd: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Make a pseudo label of a true one.

    Outlines are jittered first. Then, in every class, the worst part of a score is given another
    class: the score joins smooth fields (blobs of some metres to tens of metres) with one draw per
    object, so that whole houses, fields and crowns change together. Its size is what is missing from
    the tile's agreement, drawn around `AGREEMENT`. A second such score chooses what it is taken for.

    Args:
        label: True class ids 1..8, uint8 (rows, columns).
        surface: Number of the object each pixel belongs to, int32, of the same shape.
        gsd: Ground sampling distance in metres.
        rng: Source of randomness.

    Returns:
        Class ids 1..8, uint8, same shape.
    """
    pseudo = _jittered(label, gsd, rng)
    doubt = _score(surface, gsd, rng)
    choice = _score(surface, gsd, rng)
    for number, agreement in enumerate(AGREEMENT):
        target = rng.beta(agreement * _TILE_CONCENTRATION, (1 - agreement) * _TILE_CONCENTRATION)
        is_class = label == number + 1
        agreeing = np.flatnonzero(is_class & (pseudo == number + 1))
        flips = len(agreeing) - round(target * np.count_nonzero(is_class))
        if flips <= 0:
            continue
        wrong = agreeing[np.argpartition(-doubt.flat[agreeing], flips - 1)[:flips]]
        limits = np.cumsum(_MISTAKEN_FOR[number])[:-1]
        taken_for = np.searchsorted(limits, _uniform(choice.flat[wrong]), side="right")
        pseudo.flat[wrong] = taken_for + 1
    return pseudo


def _jittered(label: NDArray[np.uint8], gsd: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Look a label up at positions displaced by a smooth field."""
    height, width = label.shape
    shift = np.float32(_JITTER / gsd)
    down = np.rint(smooth(rng, (height, width), 2.2 / gsd) * shift).astype(np.int32)
    right = np.rint(smooth(rng, (height, width), 2.2 / gsd) * shift).astype(np.int32)
    rows = np.clip(np.arange(height)[:, None] + down, 0, height - 1)
    columns = np.clip(np.arange(width)[None, :] + right, 0, width - 1)
    return np.asarray(label[rows, columns])


def _score(surface: NDArray[np.int32], gsd: float, rng: np.random.Generator) -> Raster:
    """Draw a Gaussian score, coherent within objects and over some metres, of about unit variance."""
    of_object = rng.standard_normal(int(surface.max()) + 1, dtype=np.float32)[surface]
    shape = (surface.shape[0], surface.shape[1])
    wide, narrow = smooth(rng, shape, 22 / gsd), smooth(rng, shape, 5 / gsd)
    return np.asarray(0.75 * of_object + 0.52 * wide + 0.42 * narrow, dtype=np.float32)


def _uniform(score: Raster) -> NDArray[np.float64]:
    """Turn Gaussian scores into numbers uniform between 0 and 1."""
    return np.asarray(ndtr(score.astype(np.float64)))


def confusion(truth: NDArray[np.uint8], pseudo: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count the pixels of each true (row) and pseudo (column) class, int64, (8, 8)."""
    pairs = (truth.astype(np.int64) - 1) * NUM_CLASSES + pseudo - 1
    return np.bincount(pairs.ravel(), minlength=NUM_CLASSES**2).reshape(NUM_CLASSES, NUM_CLASSES)
