"""An image seen through a map of its pixels, block by block: never a whole scene in memory."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles
from oemsar.geometry.interpolate import Kernel
from oemsar.geometry.mapping import PixelMap
from oemsar.geometry.sampler import Sampler
from oemsar.progress import Report, silent
from oemsar.raster.pixels import Pixels
from oemsar.raster.raw_raster import RawRaster

BLOCK = 512
"""Side in pixels of the blocks the destination is made in."""


class Block(NamedTuple):
    """A rectangle of the destination with its pixels.

    Attributes:
        row: Row of its first pixel.
        column: Column of its first pixel.
        pixels: Values (bands, height, width), float32, float64 or complex; 0 where there is no data.
        valid: Where there is data, boolean (height, width).
    """

    row: int
    column: int
    pixels: NDArray[np.inexact]
    valid: NDArray[np.bool_]


def resample(
    source: Pixels,
    mapping: PixelMap,
    rasters: Sequence[RawRaster],
    *,
    power: bool,
    nodata: float | None,
    validity: RawRaster | None = None,
    kernel: Kernel = "bicubic",
    report: Report = silent,
) -> int:
    """Fill raw rasters with `source` as seen through `mapping`.

    Args:
        source: Pixels of the source.
        mapping: From destination to source pixels.
        rasters: Raw rasters, one a band of the source, of one shape and type. Integers are rounded and
            clipped to their range.
        power: Whether values are amplitudes, to be interpolated as their squares.
        nodata: Value of pixels without data; 0 where None. In integers no valid pixel takes it: one that
            would becomes the next value.
        validity: Raw raster of uint8 that becomes 1 where there is data, else 0.
        kernel: Nearest, bilinear or bicubic.
        report: Called with the blocks done and in all.

    Returns:
        Number of pixels that carry data.

    Raises:
        InputError: `source` is complex while its amplitude is due, or damaged.
    """
    count = 0
    blocks = resampled_blocks(source, mapping, rasters[0].shape, power=power, kernel=kernel)
    rows, columns = (-(-size // BLOCK) for size in rasters[0].shape)
    for done, block in enumerate(blocks, start=1):
        for raw, pixels in zip(rasters, block.pixels, strict=True):
            raw.write(block.row, block.column, as_type(pixels, block.valid, raw.dtype, nodata))
        if validity is not None:
            validity.write(block.row, block.column, block.valid.astype(np.uint8))
        count += int(block.valid.sum())
        report(done, rows * columns)
    return count


def resampled_blocks(
    source: Pixels,
    mapping: PixelMap,
    shape: tuple[int, int],
    *,
    power: bool,
    kernel: Kernel = "bicubic",
) -> Iterator[Block]:
    """Yield the blocks of a destination of `shape` (rows, columns) with `source` as seen through `mapping`.

    Where the destination is coarser than the source, the source is first averaged over the size of a
    destination pixel, so that nothing folds over. The arguments are those of `resample`.

    Raises:
        InputError: `source` is complex while its amplitude is due, or damaged.
    """
    sampler = Sampler(source, power, kernel)
    for row in range(0, shape[0], BLOCK):
        for column in range(0, shape[1], BLOCK):
            x, y = pixel_positions(row, column, min(BLOCK, shape[0] - row), min(BLOCK, shape[1] - column))
            yield Block(row, column, *sampler.at(*mapping(x, y)))


def pixel_positions(row: int, column: int, height: int, width: int) -> tuple[Doubles, Doubles]:
    """Give x and y of the pixels of a rectangle, float64 (height, width)."""
    y, x = np.mgrid[row : row + height, column : column + width].astype(np.float64)
    return x, y


def as_type(
    pixels: NDArray[Any], valid: NDArray[np.bool_], dtype: np.dtype[Any], nodata: float | None
) -> NDArray[Any]:
    """Convert `pixels` to `dtype`, rounded and clipped to integers, and to `nodata` where not `valid`."""
    fill = 0 if nodata is None else nodata
    if dtype.kind not in "iu":
        return np.where(valid, pixels, fill).astype(dtype)
    limits = np.iinfo(dtype)
    whole = np.clip(np.rint(pixels), limits.min, limits.max)
    if nodata is not None:
        whole = np.where(whole == nodata, nodata - 1 if nodata == limits.max else nodata + 1, whole)
    return np.where(valid, whole, fill).astype(dtype)
