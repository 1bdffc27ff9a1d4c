"""Weights of the classes in the loss, from how often each class occurs in the training labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles
from oemsar.dataset.pixels import read_label
from oemsar.dataset.tile import Tile
from oemsar.legend import NUM_CLASSES
from oemsar.progress import Report, silent
from oemsar.train.registry import CLASS_WEIGHTS

UNWEIGHTED = "none"


def count_pixels(tiles: Sequence[Tile], report: Report = silent) -> NDArray[np.int64]:
    """Count the labelled pixels of each class over all of `tiles`, int64, shape (8,).

    Raises:
        InputError: A label is missing or wrong.
    """
    counts = np.zeros(NUM_CLASSES + 1, np.int64)
    for done, tile in enumerate(tiles, 1):
        counts += np.bincount(read_label(tile).reshape(-1), minlength=NUM_CLASSES + 1)
        report(done, len(tiles))
    return counts[1:]


def even(counts: Doubles) -> Doubles:
    """Give every pixel the same weight."""
    return np.ones_like(counts)


def inverse_frequency(counts: Doubles) -> Doubles:
    """Compute 1 / frequency: every class as a whole weighs the same."""
    return 1 / counts


def sqrt_inverse_frequency(counts: Doubles) -> Doubles:
    """Compute 1 / √frequency: half way, on a logarithmic scale, between no weights and inverse frequency."""
    return 1 / np.sqrt(counts)


def effective_number(counts: Doubles) -> Doubles:
    """Compute (1 - β) / (1 - β^n) with β = (N - 1) / N (Cui et al. 2019, equations 2 and 3).

    N, the volume the samples of a class are drawn from, is taken to be the mean number of pixels of a
    class. The β near 0.999 of that paper is for counts of images: with pixels every β^n would be 0, and
    every weight the same.
    """
    volume = counts.mean()
    effective: Doubles = -volume * np.expm1(counts * np.log1p(-1 / volume))
    return 1 / effective


def class_weights(name: str, tiles: Sequence[Tile]) -> tuple[float, ...]:
    """Compute the weight of each class; without weighting the labels are not read.

    Args:
        name: Name in `oemsar.train.registry.CLASS_WEIGHTS`.
        tiles: Training tiles.

    Returns:
        Eight weights in legend order.
    """
    return (1.0,) * NUM_CLASSES if name == UNWEIGHTED else weigh(name, count_pixels(tiles))


def weigh(name: str, counts: NDArray[np.int64]) -> tuple[float, ...]:
    """Compute the weight of each class from its pixels.

    Args:
        name: Name in `oemsar.train.registry.CLASS_WEIGHTS`.
        counts: Number of labelled pixels of each class, shape (8,).

    Returns:
        Eight weights in legend order with a mean of 1 over the classes that occur; 0 for a class that
        does not.
    """
    present = counts > 0
    weights = np.zeros(NUM_CLASSES)
    if present.any():
        weights[present] = CLASS_WEIGHTS.find(name)(counts[present].astype(np.float64))
        weights /= weights[present].mean()
    return tuple(weights.tolist())
