"""Values of an image between its pixels, with the pixels that carry no data told apart."""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Doubles: TypeAlias = NDArray[np.float64]
Kernel: TypeAlias = Literal["nearest", "bilinear", "bicubic"]
PAD = 2
"""Pixels that a bicubic kernel needs beyond the outermost position."""

_A = -0.5
"""Keys' parameter: third order of convergence."""


def interpolate(
    image: NDArray[np.inexact], valid: NDArray[np.bool_], x: Doubles, y: Doubles, kernel: Kernel
) -> tuple[NDArray[np.inexact], NDArray[np.bool_]]:
    """Values of `image` at positions between its pixels.

    Bicubic is the convolution of Keys 1981 (Cubic convolution interpolation for digital image processing,
    equation 15, a = -1/2). Where one of its sixteen pixels carries no data, the bilinear mean of the valid
    ones among the four nearest takes its place; a position has data where those make up half its weight.

    Args:
        image: (bands, height, width), float32, float64 or complex.
        valid: (height, width); values where it is False are not looked at.
        x: columns, any shape; pixel centres at integers; NaN is nowhere.
        y: rows.
        kernel: nearest, bilinear or bicubic.

    Returns:
        Values (bands, *x.shape) of the image's type, 0 where there are none; and where there are some.
    """
    height, width = valid.shape
    with np.errstate(invalid="ignore"):
        inside = (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    found, has_data = np.zeros((len(image), *x.shape), image.dtype), np.zeros(x.shape, bool)
    if not inside.any() or not valid.any():
        return found, has_data
    clean = np.pad(image if valid.all() else np.where(valid, image, 0), ((0, 0), (PAD, PAD), (PAD, PAD)))
    known = np.pad(valid, PAD)
    columns, rows = x[inside] + PAD, y[inside] + PAD
    if kernel == "nearest":
        at = np.rint(rows).astype(np.intp), np.rint(columns).astype(np.intp)
        values, filled = clean[:, at[0], at[1]], known[at]
    else:
        values, filled = _between(clean, known, columns, rows, kernel)
    values[:, ~filled] = 0
    found[:, inside], has_data[inside] = values, filled
    return found, has_data


def shrinking(image: NDArray[np.inexact], valid: NDArray[np.bool_], factor: float) -> NDArray[np.inexact]:
    """The mean over `factor` x `factor` pixels around each pixel: what a coarser pixel sees.

    Args:
        image: (bands, height, width).
        valid: (height, width); only these enter the mean.
        factor: at least 1, need not be whole.

    Returns:
        Of the image's shape and type; 0 where no valid pixel is near.
    """
    reach = int(np.ceil((factor - 1) / 2))
    box = np.clip((factor + 1) / 2 - np.abs(np.arange(-reach, reach + 1)), 0, 1)
    weights = _blurred(valid.astype(np.float32), box)
    sums = np.stack([_blurred(np.where(valid, band, 0), box) for band in image])
    mean: NDArray[np.inexact] = np.where(weights > 1e-3, sums / np.maximum(weights, 1e-3), 0)
    return mean.astype(image.dtype)


def _between(
    clean: NDArray[np.inexact], known: NDArray[np.bool_], x: Doubles, y: Doubles, kernel: Kernel
) -> tuple[NDArray[np.inexact], NDArray[np.bool_]]:
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    right, down = (x - left).astype(np.float32), (y - top).astype(np.float32)
    width, corner, flat = known.shape[1], top * known.shape[1] + left, clean.reshape(len(clean), -1)
    whole = _everywhere(known).ravel()[corner] if kernel == "bicubic" else np.zeros(x.shape, bool)
    if whole.all():
        return _weighted(flat, corner, width, (_keys(right), _keys(down)), -1), whole
    values, filled = np.zeros((len(clean), x.size), clean.dtype), whole.copy()
    if whole.any():
        weights = _keys(right[whole]), _keys(down[whole])
        values[:, whole] = _weighted(flat, corner[whole], width, weights, -1)
    part = ~whole
    weights = _linear(right[part]), _linear(down[part])
    share = known.reshape(1, -1).astype(np.float32)
    weight = _weighted(share, corner[part], width, weights, 0)[0]
    filled[part] = weight >= 0.5 - 1e-6
    values[:, part] = _weighted(flat, corner[part], width, weights, 0) / np.maximum(weight, 1e-6)
    return values, filled


Weights: TypeAlias = tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]


def _weighted(
    flat: NDArray[np.inexact], corner: NDArray[np.intp], width: int, weights: Weights, first: int
) -> NDArray[np.inexact]:
    """Sum of the pixels around `corner` (flat index of the one above left), from offset `first` on."""
    total = np.zeros((len(flat), corner.size), flat.dtype)
    for row, down in enumerate(weights[1], start=first):
        line = np.zeros_like(total)
        for column, right in enumerate(weights[0], start=first):
            line += np.take(flat, corner + (row * width + column), axis=1) * right
        total += line * down
    return total


def _everywhere(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether all sixteen pixels of the bicubic kernel whose inner upper left pixel is here carry data."""
    whole: NDArray[np.bool_] = ndimage.minimum_filter(known, size=4, origin=-1, mode="constant", cval=0)
    return whole


def _linear(t: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [1 - t, t]


def _keys(t: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Weights of the pixels at -1, 0, 1 and 2 for a position `t` between the second and the third."""

    def near(s: NDArray[np.float32]) -> NDArray[np.float32]:
        return ((_A + 2) * s - (_A + 3)) * s * s + 1

    def far(s: NDArray[np.float32]) -> NDArray[np.float32]:
        return ((_A * s - 5 * _A) * s + 8 * _A) * s - 4 * _A

    return [far(1 + t), near(t), near(1 - t), far(2 - t)]


def _blurred(band: NDArray[np.inexact], box: Doubles) -> NDArray[np.inexact]:
    rows = ndimage.convolve1d(band, box, axis=0, mode="constant")
    blurred: NDArray[np.inexact] = ndimage.convolve1d(rows, box, axis=1, mode="constant")
    return blurred
