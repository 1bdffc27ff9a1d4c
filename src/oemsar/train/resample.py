"""Parts of tiles brought to the size of a crop: resampled, and filled up where the tile is smaller."""

from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from oemsar.arrays import Imagery

_LEAST_KNOWN = 0.5
"""Share of a resampled pixel that must carry data."""
AnyScalar = TypeVar("AnyScalar", bound=np.generic)


def fit_images(images: Imagery, size: tuple[int, int], side: int) -> Imagery:
    """Resample images bilinearly, averaging where they shrink, and fill up by reflection.

    Pixels without data count for nothing; a pixel that is made of such by more than a half has none. GDAL can
    do the same while it reads, in two to three times the time.

    Args:
        images: Shape (channels, height, width); NaN where there is no data.
        size: Height and width to resample to, at most `side`.
        side: Height and width to fill up to, at the bottom and right.
    """
    scaled = images if images.shape[1:] == size else _resampled(images, size)
    if size == (side, side):
        return scaled
    pixels: NDArray[Any] = scaled
    filled: NDArray[Any] = np.pad(pixels, ((0, 0), *_margin(size, side)), mode="symmetric")
    return filled


def fit_labels(label: NDArray[AnyScalar], size: tuple[int, int], side: int) -> NDArray[AnyScalar]:
    """Resample labels from the nearest pixel, and fill up with 0, unknown.

    Args:
        label: Shape (..., height, width).
        size: Height and width to resample to, at most `side`.
        side: Height and width to fill up to, at the bottom and right.
    """
    scaled = label if label.shape[-2:] == size else _nearest(label, size)
    if size == (side, side):
        return scaled
    return np.pad(scaled, (*((0, 0) for _ in label.shape[:-2]), *_margin(size, side)))


def _margin(size: tuple[int, int], side: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return (0, side - size[0]), (0, side - size[1])


def _resampled(images: Imagery, size: tuple[int, int]) -> Imagery:
    pixels = torch.from_numpy(images)[None]
    known = ~pixels.isnan()
    if known.all():
        scaled = _interpolated(pixels, size)
    else:
        weight = _interpolated(known.float(), size)
        values = _interpolated(pixels.nan_to_num(), size) / weight
        scaled = torch.where(weight < _LEAST_KNOWN, torch.nan, values)
    resampled: Imagery = scaled[0].numpy()
    return resampled


def _interpolated(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(pixels, size=size, mode="bilinear", antialias=True)


def _nearest(label: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    rows, columns = (
        ((np.arange(new) + 0.5) * (old / new)).astype(np.intp)
        for new, old in zip(size, label.shape[-2:], strict=True)
    )
    nearest: NDArray[Any] = label[..., rows, :][..., columns]
    return nearest
