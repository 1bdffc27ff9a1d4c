"""Reduced copies of large images, which the coarse levels read instead of all their pixels."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oemsar.geometry.sampler import Sampler
from oemsar.raster.geotiff import geotiff_writer
from oemsar.raster.pixels import RasterPixels, read_window
from oemsar.raster.read import Extent, open_raster

REDUCTION = 4
"""Pixels of an image to one of its reduced copy, in either direction."""
_LARGE = 2048
"""Pixels of the shorter side from which on a copy is worth its making."""
_STRIP = 128 * REDUCTION


def reduced(sampler: Sampler, path: Path, files: ExitStack) -> Sampler | None:
    """Make a sampler of the image made coarser by `REDUCTION`; None for an image that is not large.

    Each pixel is the mean over those that carry data, in power where the sampler reads power; it carries
    none where less than half of them do.

    Args:
        sampler: reads the image.
        path: scratch file to write.
        files: what is opened is closed with it.
    """
    source = sampler.source
    if min(source.shape) < _LARGE:
        return None
    rows, columns = (size // REDUCTION for size in source.shape)
    with geotiff_writer(path, (rows, columns), "float32", bands=source.count, nodata=float("nan")) as writer:
        for row in range(0, rows * REDUCTION, _STRIP):
            height = min(_STRIP, rows * REDUCTION - row)
            strip = _means(sampler, Extent(row, 0, height, columns * REDUCTION))
            writer.write(Extent(row // REDUCTION, 0, height // REDUCTION, columns), strip)
    copy = files.enter_context(open_raster(path))
    return Sampler(RasterPixels.first(copy, source.count), sampler.power, sampler.kernel)


def _means(sampler: Sampler, extent: Extent) -> NDArray[np.float32]:
    """Means over squares of pixels, (bands, rows, columns); NaN where too few carry data."""
    pixels, valid = read_window(sampler.source, extent)
    squares = extent.height // REDUCTION, REDUCTION, extent.width // REDUCTION, REDUCTION
    number = valid.reshape(squares).sum((1, 3), dtype=np.float32)
    result = np.empty((sampler.source.count, squares[0], squares[2]), np.float32)
    for band, image in zip(result, pixels, strict=True):
        values = np.where(valid, image, 0).astype(np.float32)
        total = (values * values if sampler.power else values).reshape(squares).sum((1, 3))
        mean = total / np.maximum(number, 1)
        band[:] = np.where(number * 2 >= REDUCTION**2, np.sqrt(mean) if sampler.power else mean, np.nan)
    return result
