"""Normalised cross-correlation of templates with holes, and the peaks of what comes out."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from oemsar.arrays import Floats


def correlation_surface(template: Floats, known: NDArray[np.bool_], image: Floats) -> Floats:
    """Compute the normalised cross-correlation of a template at every position where it fits into an image.

    Lewis 1995 (Fast normalized cross-correlation) for images of several channels and a template of which
    only some pixels are known: numerator, and mean and energy of the image below those pixels, by FFT.

    Args:
        template: (channels, height, width).
        known: (height, width), whether each pixel of the template counts.
        image: (channels, height + 2 reach, width + 2 reach).

    Returns:
        (2 reach + 1, 2 reach + 1), -1 to 1; 0 everywhere for a template without content.
    """
    rows, columns = (large - small + 1 for large, small in zip(image.shape[1:], known.shape, strict=True))
    number = float(known.sum())
    if number == 0:
        return np.zeros((rows, columns), np.float32)
    weight = known.astype(np.float32)
    centred = (template - (template * weight).sum((1, 2), keepdims=True) / number) * weight
    energy = float((centred * centred).sum())
    if energy <= 1e-9 * number:
        return np.zeros((rows, columns), np.float32)
    shape = [fft.next_fast_len(size, real=True) for size in image.shape[1:]]
    transformed = fft.rfft2(image, shape)
    mask = np.conj(fft.rfft2(weight, shape))
    product = fft.irfft2((transformed * np.conj(fft.rfft2(centred, shape))).sum(0), shape)
    sums = fft.irfft2(transformed * mask, shape)
    squares = fft.irfft2(fft.rfft2((image * image).sum(0), shape) * mask, shape)
    spread = np.maximum(squares - (sums * sums).sum(0) / number, 0)[:rows, :columns]
    flat = 1e-3 * max(float(squares[:rows, :columns].max()), 1e-9)
    surface = product[:rows, :columns] / np.sqrt(energy * np.maximum(spread, flat))
    return np.asarray(surface, np.float32)


class Peak(NamedTuple):
    """Peak of a surface.

    Attributes:
        x: Columns from the centre of the surface, with a fraction.
        y: Rows from the centre of the surface, with a fraction.
        height: Height of the surface at the peak.
        prominence: Height above the highest value elsewhere, in standard deviations of the surface.
        inside: Whether the peak lies off the rim, so that it is a summit at all.
    """

    x: float
    y: float
    height: float
    prominence: float
    inside: bool


_ELSEWHERE = 3
"""Pixels from a peak at which another begins."""


def find_peak(surface: Floats, allowed: NDArray[np.bool_] | None = None) -> Peak:
    """Locate the maximum of a surface of odd sides, by a parabola through its neighbours in both axes.

    Args:
        surface: (rows, columns).
        allowed: (rows, columns), whether the maximum may lie there; None for anywhere.
    """
    heights = surface if allowed is None else np.where(allowed, surface, -np.inf)
    row, column = (int(index) for index in np.unravel_index(int(np.argmax(heights)), surface.shape))
    rows, columns = surface.shape
    inside = 0 < row < rows - 1 and 0 < column < columns - 1
    y = row + (_vertex(surface[row - 1 : row + 2, column]) if inside else 0.0)
    x = column + (_vertex(surface[row, column - 1 : column + 2]) if inside else 0.0)
    down, right = np.indices(surface.shape)
    elsewhere = np.maximum(np.abs(down - row), np.abs(right - column)) > _ELSEWHERE
    if allowed is not None:
        elsewhere &= allowed
    deviation = float(surface.std())
    second = float(surface[elsewhere].max()) if elsewhere.any() else float(surface.mean())
    height = float(surface[row, column])
    prominence = (height - second) / deviation if deviation > 0 else 0.0
    return Peak(x - (columns - 1) / 2, y - (rows - 1) / 2, height, prominence, inside)


def _vertex(three: Floats) -> float:
    """Locate the vertex of the parabola through values at -1, 0 and 1; within half a step."""
    left, middle, right = (float(value) for value in three)
    bend = left - 2 * middle + right
    return 0.0 if bend >= 0 else float(np.clip((left - right) / (2 * bend), -0.5, 0.5))
