"""Images at another size for a network, and its probabilities brought back."""

from typing import NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

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
    values = torch.from_numpy(np.ascontiguousarray(planes))
    for axis, length in zip((1, 2), size, strict=True):
        values = _along(values, axis, length)
    resized: NDArray[np.float32] = values.numpy()
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


def _along(values: Tensor, axis: int, length: int) -> Tensor:
    """Resample along one axis: each new pixel is a weighted sum of a few old ones."""
    if values.shape[axis] == length:
        return values
    old = values.shape[axis]
    positions, weights = _means(old, length) if length < old else _interpolation(old, length)
    shape = [1, 1, 1]
    shape[axis] = length
    total = torch.zeros(())
    for index, weight in zip(positions, weights, strict=True):
        total = total + values.index_select(axis, index) * weight.view(shape)
    return total


def _means(old: int, new: int) -> tuple[Tensor, Tensor]:
    """List the old pixels that each new one covers, and how much of it each covers; shapes (pixels, new).

    In units of 1 / `new` of an old pixel, so that all lengths are whole numbers.
    """
    begins = torch.arange(new) * old
    firsts = begins // new
    pixels = firsts + torch.arange(-(-old // new) + 1)[:, None]
    ends = torch.minimum((pixels + 1) * new, begins + old)
    lengths = (ends - torch.maximum(pixels * new, begins)).clamp_min(0)
    return pixels.clamp_max(old - 1), (lengths.double() / old).float()


def _interpolation(old: int, new: int) -> tuple[Tensor, Tensor]:
    """List the two old pixels around each new one, and their weights; shapes (2, new)."""
    positions = (torch.arange(new, dtype=torch.float64) + 0.5) * old / new - 0.5
    before = positions.floor()
    share = positions - before
    pixels = torch.stack([before, before + 1]).long().clamp(0, old - 1)
    return pixels, torch.stack([1 - share, share]).float()
