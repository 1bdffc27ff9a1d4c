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
from oemsar.raster.collect import Padding
from oemsar.raster.raw_raster import RawRaster
from oemsar.raster.read import Dataset

BLOCK = 512
"""Side in pixels of the blocks the destination is made in."""


class Block(NamedTuple):
    """A rectangle of the destination with its pixels.

    Attributes:
        row: of its first pixel.
        column: of its first pixel.
        pixels: (bands, height, width), float32, float64 or complex; 0 where there is no data.
        valid: (height, width).
    """

    row: int
    column: int
    pixels: NDArray[np.inexact]
    valid: NDArray[np.bool_]


def resample(
    source: Dataset,
    mapping: PixelMap,
    canvases: Sequence[RawRaster],
    *,
    power: bool,
    nodata: float | None,
    validity: RawRaster | None = None,
    kernel: Kernel = "bicubic",
    padding: Padding | None = None,
    report: Report = silent,
) -> int:
    """Fill canvases with `source` as seen through `mapping`.

    Args:
        source: open raster; its first bands fill the canvases.
        mapping: from destination to source pixels.
        canvases: one a band, of one shape and type. Integers are rounded and clipped to their range.
        power: whether values are amplitudes, to be interpolated as their squares.
        nodata: value of pixels without data; 0 where None. In integers no valid pixel takes it: one that
            would becomes the next value.
        validity: uint8, becomes 1 where there is data, else 0.
        kernel: nearest, bilinear or bicubic.
        padding: zeros of the source that carry no data, see `oemsar.raster.collect`.
        report: told how many blocks are done.

    Returns:
        How many pixels carry data.

    Raises:
        InputError: `source` is complex while its amplitude is due, or damaged.
    """
    count = 0
    blocks = resampled_blocks(
        source,
        mapping,
        canvases[0].shape,
        bands=len(canvases),
        power=power,
        kernel=kernel,
        padding=padding,
    )
    rows, columns = (-(-size // BLOCK) for size in canvases[0].shape)
    for done, block in enumerate(blocks, start=1):
        for canvas, pixels in zip(canvases, block.pixels, strict=True):
            canvas.write(block.row, block.column, as_type(pixels, block.valid, canvas.dtype, nodata))
        if validity is not None:
            validity.write(block.row, block.column, block.valid.astype(np.uint8))
        count += int(block.valid.sum())
        report(done, rows * columns)
    return count


def resampled_blocks(
    source: Dataset,
    mapping: PixelMap,
    shape: tuple[int, int],
    *,
    bands: int,
    power: bool,
    kernel: Kernel = "bicubic",
    padding: Padding | None = None,
) -> Iterator[Block]:
    """Yield the blocks of a destination of `shape` (rows, columns) with `source` as seen through `mapping`.

    Where the destination is coarser than the source, the source is first averaged over the size of a
    destination pixel, so that nothing folds over. The arguments are those of `resample`.

    Raises:
        InputError: `source` is complex while its amplitude is due, or damaged.
    """
    sampler = Sampler(source, bands, power, kernel, padding)
    for row in range(0, shape[0], BLOCK):
        for column in range(0, shape[1], BLOCK):
            x, y = pixel_positions(row, column, min(BLOCK, shape[0] - row), min(BLOCK, shape[1] - column))
            yield Block(row, column, *sampler.at(*mapping(x, y)))


def pixel_positions(row: int, column: int, height: int, width: int) -> tuple[Doubles, Doubles]:
    """X and y of the pixels of a rectangle, float64 (height, width)."""
    y, x = np.mgrid[row : row + height, column : column + width].astype(np.float64)
    return x, y


def as_type(
    pixels: NDArray[Any], valid: NDArray[np.bool_], dtype: np.dtype[Any], nodata: float | None
) -> NDArray[Any]:
    """`pixels` as `dtype`, rounded and clipped where it holds integers, and `nodata` where not `valid`."""
    fill = 0 if nodata is None else nodata
    if dtype.kind not in "iu":
        return np.where(valid, pixels, fill).astype(dtype)
    limits = np.iinfo(dtype)
    whole = np.clip(np.rint(pixels), limits.min, limits.max)
    if nodata is not None:
        whole = np.where(whole == nodata, nodata - 1 if nodata == limits.max else nodata + 1, whole)
    return np.where(valid, whole, fill).astype(dtype)
