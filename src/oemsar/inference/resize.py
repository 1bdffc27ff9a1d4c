"""Images at another size for a network, and its probabilities brought back."""

from functools import lru_cache
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from oemsar.arrays import Imagery
from oemsar.inputs import Inputs
from oemsar.masked import MaskedImage, mask_gaps

Scalar = TypeVar("Scalar", bound=np.generic)

_HALF = 0.5 - 1e-6
"""Least share of a resampled pixel that must carry data; a half, but for rounding."""


class Size(NamedTuple):
    """Size of an image in pixels."""

    height: int
    width: int

    @classmethod
    def of(cls, image: Imagery | MaskedImage) -> "Size":
        """Take the size of an image, shape (channels, height, width)."""
        height, width = (image.pixels if isinstance(image, MaskedImage) else image).shape[1:]
        return cls(int(height), int(width))

    def scaled(self, factor: float) -> "Size":
        """Multiply both sides by a factor, rounded, at least one pixel."""
        return Size(*(max(1, round(side * factor)) for side in self))


def resize(planes: NDArray[np.float32], size: Size) -> NDArray[np.float32]:
    """Resample planes; the first and the last pixel reach to the borders before and after.

    Along a side that becomes shorter every pixel is the mean over the ground it covers, by area; along one
    that becomes longer it is interpolated linearly.

    Args:
        planes: Float32, shape (planes, height, width).
        size: New height and width.

    Returns:
        Float32, shape (planes, *size).
    """
    rows, columns = (_weights(old, new) for old, new in zip(planes.shape[1:], size, strict=True))
    resized = np.empty((len(planes), *size), np.float32)
    for plane, result in zip(planes, resized, strict=True):
        narrowed = plane if rows is None else rows @ plane
        # transposed, so that memory is read in order
        result[:] = narrowed if columns is None else (columns @ np.ascontiguousarray(narrowed.T)).T
    return resized


def resize_image(image: Imagery | MaskedImage, inputs: Inputs, size: Size) -> Imagery | MaskedImage:
    """Resample an image of a network with the pixels where its inputs carry data.

    Only values of pixels that carry data enter. A new pixel carries data where at least half of its weight
    does; elsewhere it is 0 in an image with a mask, and NaN in one without.

    Args:
        image: Image as the network takes it: grey values of 8 bits, which become whole numbers again; or
            float32, NaN without data.
        inputs: Inputs of the network, in the order of the channels.
        size: New height and width.
    """
    pixels, valid = image if isinstance(image, MaskedImage) else (image, None)
    known = mask_gaps(pixels, inputs)
    resized, carrying = _resize_carrying(pixels, known if valid is None else known & valid, inputs, size)
    whole: Imagery = np.rint(resized).astype(np.uint8) if pixels.dtype == np.uint8 else resized
    if valid is not None:
        return MaskedImage(whole, carrying)
    if not carrying.all():
        resized[~_by_channel(carrying, inputs)] = np.nan
    return whole


def _resize_carrying(
    pixels: Imagery, valid: NDArray[np.bool_], inputs: Inputs, size: Size
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Resample channels and their masks; channels are 0 where less than half of a pixel carries data."""
    if valid.all():
        return resize(pixels.astype(np.float32), size), np.ones((len(inputs), *size), np.bool_)
    known = _by_channel(valid, inputs)
    totals = resize(np.where(known, pixels, np.float32(0)).astype(np.float32), size)
    shares = resize(valid.astype(np.float32), size)
    carrying = shares >= _HALF
    weights = _by_channel(np.where(carrying, shares, np.float32(np.inf)), inputs)
    return totals / weights, carrying


def _by_channel(planes: NDArray[Scalar], inputs: Inputs) -> NDArray[Scalar]:
    """Repeat the plane of each input for each of its channels."""
    return planes.repeat([part.channels for part in inputs], axis=0)


@lru_cache(maxsize=64)
def _weights(old: int, new: int) -> "csr_matrix[np.float32] | None":
    """Weigh the old pixels of an axis in each new one, shape (new, old); None where nothing changes."""
    if old == new:
        return None
    pixels, weights = _means(old, new) if new < old else _interpolation(old, new)
    rows = np.broadcast_to(np.arange(new), pixels.shape)
    entries = (weights.astype(np.float32).ravel(), (rows.ravel(), pixels.ravel()))
    matrix = csr_matrix(entries, shape=(new, old))
    matrix.eliminate_zeros()
    return matrix


def _means(old: int, new: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """List the old pixels that each new one covers, and how much of it each covers; shapes (pixels, new).

    In units of 1 / `new` of an old pixel, so that all lengths are whole numbers.
    """
    begins = np.arange(new) * old
    pixels = begins // new + np.arange(-(-old // new) + 1)[:, None]
    ends = np.minimum((pixels + 1) * new, begins + old)
    lengths = np.maximum(ends - np.maximum(pixels * new, begins), 0)
    return np.minimum(pixels, old - 1), lengths / old


def _interpolation(old: int, new: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """List the two old pixels around each new one, and their weights; shapes (2, new)."""
    positions = (np.arange(new) + 0.5) * old / new - 0.5
    before = np.floor(positions)
    share = positions - before
    pixels = np.stack([before, before + 1]).astype(np.int64)
    return np.clip(pixels, 0, old - 1), np.stack([1 - share, share])
