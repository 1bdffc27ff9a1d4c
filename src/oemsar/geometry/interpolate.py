"""Values of an image between its pixels, with the pixels that carry no data told apart."""

from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.arrays import Doubles, put

Kernel: TypeAlias = Literal["nearest", "bilinear", "bicubic"]
_SUPPORT: dict[Kernel, tuple[int, int]] = {"nearest": (1, 0), "bilinear": (2, -1), "bicubic": (4, -1)}
"""Width of each kernel in pixels, and how a filter of that width is shifted to begin where it begins."""
_CHUNK = 1 << 14
"""Positions treated at once: what they need stays in the processor's cache."""
PAD = 2
"""Pixels that a bicubic kernel needs beyond the outermost position."""

_A = -0.5
"""Keys' parameter: third order of convergence."""


def interpolate(
    image: NDArray[np.inexact], valid: NDArray[np.bool_], x: Doubles, y: Doubles, kernel: Kernel
) -> tuple[NDArray[np.inexact], NDArray[np.bool_]]:
    """Interpolate an image at positions between its pixels.

    Bicubic is the convolution of Keys 1981 (Cubic convolution interpolation for digital image processing,
    equation 15, a = -1/2). Where one of its sixteen pixels carries no data, the bilinear mean of the valid
    ones among the four nearest stands in for it; a position has data where those make up half its weight.

    Args:
        image: Pixels (bands, height, width), float32, float64 or complex.
        valid: Where they carry data (height, width); values where it is False do not count.
        x: Columns, any shape; pixel centres at integers; NaN is nowhere.
        y: Rows, of the same shape.
        kernel: Nearest, bilinear or bicubic.

    Returns:
        Values (bands, *x.shape) of the image's type, 0 where there are none; and where there are some.
    """
    height, width = valid.shape
    with np.errstate(invalid="ignore"):
        inside = (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    at = np.flatnonzero(inside)
    found, has_data = np.zeros((len(image), x.size), image.dtype), np.zeros(x.size, bool)
    if at.size and valid.any():
        pixels = _PaddedImage.from_image(image, valid, kernel)
        columns, rows = x.ravel(), y.ravel()
        for start in range(0, at.size, _CHUNK):
            part = at[start : start + _CHUNK]
            values, filled = pixels.at(columns[part] + PAD, rows[part] + PAD)
            if not filled.all():
                np.copyto(values, 0, where=~filled)
            put(found, part, values)
            has_data[part] = filled
    return found.reshape(len(image), *x.shape), has_data.reshape(x.shape)


def shrinking(image: NDArray[np.inexact], valid: NDArray[np.bool_], factor: float) -> NDArray[np.inexact]:
    """Average over `factor` x `factor` pixels around each pixel, as a coarser pixel does.

    Args:
        image: Pixels (bands, height, width).
        valid: Where they carry data (height, width); only these enter the mean.
        factor: Pixels to one of the coarser ones in either direction, at least 1, need not be whole.

    Returns:
        Means of the image's shape and type; 0 where no valid pixel is near.
    """
    reach = int(np.ceil((factor - 1) / 2))
    box = np.clip((factor + 1) / 2 - np.abs(np.arange(-reach, reach + 1)), 0, 1)
    weights = _blurred(valid.astype(np.float32), box)
    sums = np.stack([_blurred(np.where(valid, band, 0), box) for band in image])
    mean: NDArray[np.inexact] = np.where(weights > 1e-3, sums / np.maximum(weights, 1e-3), 0)
    return mean.astype(image.dtype)


Weights: TypeAlias = tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]


class _PaddedImage(NamedTuple):
    """A padded image made ready for a kernel.

    Attributes:
        flat: Pixels (bands, pixels); 0 where there is no data.
        known: Float32 (pixels,), 1 where there is data.
        whole: Boolean (pixels,): all pixels of the kernel whose inner upper left pixel is here carry data.
        width: Pixels in a row.
        kernel: Nearest, bilinear or bicubic.
    """

    flat: NDArray[np.inexact]
    known: NDArray[np.float32]
    whole: NDArray[np.bool_]
    width: int
    kernel: Kernel

    @classmethod
    def from_image(
        cls, image: NDArray[np.inexact], valid: NDArray[np.bool_], kernel: Kernel
    ) -> "_PaddedImage":
        clean = np.pad(image if valid.all() else np.where(valid, image, 0), ((0, 0), (PAD, PAD), (PAD, PAD)))
        known = np.pad(valid, PAD)
        size, origin = _SUPPORT[kernel]
        whole = ndimage.minimum_filter(known, size=size, origin=origin, mode="constant", cval=0)
        flat = clean.reshape(len(clean), -1)
        return cls(flat, known.ravel().astype(np.float32), whole.ravel(), known.shape[1], kernel)

    def at(self, x: Doubles, y: Doubles) -> tuple[NDArray[np.inexact], NDArray[np.bool_]]:
        """Interpolate at positions in the padded image: values (bands, points), and where there are some."""
        if self.kernel == "nearest":
            pixel = np.rint(y).astype(np.intp) * self.width + np.rint(x).astype(np.intp)
            return np.take(self.flat, pixel, axis=1), self.whole[pixel]
        left, top = np.floor(x), np.floor(y)
        right, down = (x - left).astype(np.float32), (y - top).astype(np.float32)
        corner = (top * self.width + left).astype(np.intp)
        whole = self.whole[corner]
        if whole.all():
            return self._smooth(corner, right, down), whole
        values, filled = np.zeros((len(self.flat), x.size), self.flat.dtype), whole.copy()
        if whole.any():
            put(values, whole, self._smooth(corner[whole], right[whole], down[whole]))
        part = ~whole
        beside, filled[part] = self._beside_holes(corner[part], right[part], down[part])
        put(values, part, beside)
        return values, filled

    def _smooth(
        self, corner: NDArray[np.intp], right: NDArray[np.float32], down: NDArray[np.float32]
    ) -> NDArray[np.inexact]:
        weights, first = (_keys, -1) if self.kernel == "bicubic" else (_linear, 0)
        return _weighted(self.flat, corner, self.width, (weights(right), weights(down)), first)

    def _beside_holes(
        self, corner: NDArray[np.intp], right: NDArray[np.float32], down: NDArray[np.float32]
    ) -> tuple[NDArray[np.inexact], NDArray[np.bool_]]:
        weights = _linear(right), _linear(down)
        weight = _weighted(self.known[None], corner, self.width, weights, 0)[0]
        sums = _weighted(self.flat, corner, self.width, weights, 0)
        return sums / np.maximum(weight, 1e-6), weight >= 0.5 - 1e-6


def _weighted(
    flat: NDArray[np.inexact], corner: NDArray[np.intp], width: int, weights: Weights, first: int
) -> NDArray[np.inexact]:
    """Sum weighted pixels around `corner` (flat index of the one above left), from offset `first` on."""
    total = np.zeros((len(flat), corner.size), flat.dtype)
    for row, down in enumerate(weights[1], start=first):
        line = np.zeros_like(total)
        for column, right in enumerate(weights[0], start=first):
            line += np.take(flat, corner + (row * width + column), axis=1) * right
        total += line * down
    return total


def _linear(t: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [1 - t, t]


def _keys(t: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Compute weights of the pixels at -1, 0, 1 and 2 for a position `t` between 0 and 1."""

    def near(s: NDArray[np.float32]) -> NDArray[np.float32]:
        return ((_A + 2) * s - (_A + 3)) * s * s + 1

    def far(s: NDArray[np.float32]) -> NDArray[np.float32]:
        return ((_A * s - 5 * _A) * s + 8 * _A) * s - 4 * _A

    return [far(1 + t), near(t), near(1 - t), far(2 - t)]


def _blurred(band: NDArray[np.inexact], box: Doubles) -> NDArray[np.inexact]:
    rows = ndimage.convolve1d(band, box, axis=0, mode="constant")
    blurred: NDArray[np.inexact] = ndimage.convolve1d(rows, box, axis=1, mode="constant")
    return blurred
