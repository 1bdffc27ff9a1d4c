"""Pixels of labelled tiles with the probabilities of a network, a regular grid of them from each tile."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oemsar.evaluate.predictions import Predicted
from oemsar.legend import NUM_CLASSES


@dataclass(frozen=True, eq=False)
class PixelSample:
    """Labelled pixels.

    Attributes:
        probabilities: Probabilities of the eight classes, float32, shape (pixels, 8).
        truth: Index of the true class in legend order, 0..7, uint8, shape (pixels,).
        region: Index into `regions`, int32, shape (pixels,).
        regions: Names of the regions, in the order in which they were met.
    """

    probabilities: NDArray[np.float32]
    truth: NDArray[np.uint8]
    region: NDArray[np.int32]
    regions: tuple[str, ...]

    def weights(self) -> NDArray[np.float64]:
        """Weigh the pixels so that each region counts the same; the weights add up to 1, shape (pixels,)."""
        counts = np.bincount(self.region, minlength=len(self.regions))
        weights: NDArray[np.float64] = 1 / (counts[self.region] * np.count_nonzero(counts))
        return weights


def region_of(predicted: Predicted) -> str:
    """Name the region of a tile; a tile of no region stands for itself."""
    return predicted.tile.region or predicted.tile.name


def known_pixels(predicted: Predicted, most: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Take the pixels of known truth on a regular grid of at most `most` pixels.

    Returns:
        Probabilities, float32, shape (pixels, 8), and indices of the true class 0..7, uint8, shape (pixels,).
    """
    height, width = predicted.truth.shape
    step = max(1, math.ceil(math.sqrt(height * width / most)))
    rows, columns = (slice(min(step, size) // 2, None, step) for size in (height, width))
    truth = predicted.truth[rows, columns]
    known = truth > 0
    return predicted.probabilities[:, rows, columns][:, known].T, (truth[known] - 1).astype(np.uint8)


def sample_pixels(predictions: Iterable[Predicted], most: int) -> PixelSample:
    """Sample tiles, at most `most` pixels of each."""
    names: dict[str, int] = {}
    parts = []
    for predicted in predictions:
        probabilities, truth = known_pixels(predicted, most)
        region = names.setdefault(region_of(predicted), len(names))
        parts.append((probabilities, truth, np.full(truth.shape, region, np.int32)))
    empty = (np.zeros((0, NUM_CLASSES), np.float32), np.zeros(0, np.uint8), np.zeros(0, np.int32))
    probabilities, truth, regions = (np.concatenate(each) for each in zip(empty, *parts, strict=True))
    return PixelSample(probabilities, truth, regions, tuple(names))
