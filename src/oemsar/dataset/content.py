"""Content of one file of a tile: its header, its histogram and the hash of its pixels."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from PIL import Image
from rasterio.enums import Interleaving
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from oemsar.raster.grid import grid_of
from oemsar.raster.read import open_raster, require_tile

_ROWS = 1024
"""Rows decoded at a time: all of a published tile, and little of a scene that strayed in."""
_BYTES = 64 << 20
"""Bytes decoded at a time at most, a row at least."""


@dataclass(frozen=True)
class Content:
    """Header and pixel statistics of a file of a tile.

    Attributes:
        shape: Rows and columns in pixels.
        bands: Number of bands.
        dtype: Type of the first band that is not uint8, else uint8.
        grid: CRS, affine and shape; None where the file has neither CRS nor affine.
        unwritten: Number of blocks that were never written, which decode to zeros.
        blocks: Number of blocks in all.
        histogram: Pixels of every value, int64, shape (bands, 256); None where the type is not uint8.
        digest: Hash of shape and pixels; equal where every pixel is.
        nodata: Nodata tag; None where the file has none.
    """

    shape: tuple[int, int]
    bands: int
    dtype: str
    grid: GeoBox | None
    unwritten: int
    blocks: int
    histogram: NDArray[np.int64] | None
    digest: str
    nodata: float | None = None

    @property
    def values(self) -> NDArray[np.intp]:
        """Values that occur in any band, ascending; empty where `dtype` is not uint8."""
        return np.empty(0, np.intp) if self.histogram is None else np.flatnonzero(self.histogram.sum(axis=0))

    @property
    def is_constant(self) -> bool:
        """Whether every band is one single value; False where `dtype` is not uint8."""
        return self.histogram is not None and bool((np.count_nonzero(self.histogram, axis=1) <= 1).all())


def read_content(path: Path) -> Content:
    """Decode every pixel of a file.

    Raises:
        InputError: The file is missing, of no format that is read, or larger than a tile may be.
        RasterioError: It cannot be decoded to its end.
    """
    with open_raster(path) as dataset:
        require_tile(dataset, path)
        if dataset.driver == "PNG":
            _check_whole_png(path)
        dtype = next((name for name in dataset.dtypes if name != "uint8"), "uint8")
        histogram, digest = _decode(dataset, dtype)
        unwritten, blocks = _unwritten_blocks(dataset)
        return Content(
            dataset.shape,
            dataset.count,
            dtype,
            grid_of(dataset),
            unwritten,
            blocks,
            histogram,
            digest,
            dataset.nodata,
        )


def _check_whole_png(path: Path) -> None:
    """Check the length and checksum of every chunk, as GDAL decodes a truncated PNG without a word."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            image.verify()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise RasterioError(str(error)) from error


def _decode(dataset: DatasetReader, dtype: str) -> tuple[NDArray[np.int64] | None, str]:
    """Decode a few rows at a time; give the histogram of every uint8 band, and the hash of the pixels."""
    digest = hashlib.sha256(repr((dataset.count, dataset.shape, dtype)).encode())
    histogram = np.zeros((dataset.count, 256), np.int64)
    line = dataset.width * sum(_bytes(kind) for kind in dataset.dtypes)
    step = min(_ROWS, max(1, _BYTES // line))
    for row in range(0, dataset.height, step):
        rows = min(step, dataset.height - row)
        pixels = dataset.read(window=Window(0, row, dataset.width, rows))
        digest.update(pixels.data)
        if dtype == "uint8":
            histogram += [np.bincount(band.ravel(), minlength=256) for band in pixels]
    return (histogram if dtype == "uint8" else None), digest.hexdigest()


def _bytes(kind: str) -> int:
    return 8 if kind == "complex_int16" else np.dtype(kind).itemsize


def _unwritten_blocks(dataset: DatasetReader) -> tuple[int, int]:
    """Count the blocks of a TIFF that a killed writer left out, and the blocks in all."""
    if dataset.driver != "GTiff":
        return 0, 1
    bands = (1,) if dataset.interleaving is Interleaving.pixel else dataset.indexes
    offsets = [
        dataset.get_tag_item(f"BLOCK_OFFSET_{column}_{row}", "TIFF", bidx=band)
        for band in bands
        for (row, column), _ in dataset.block_windows(band)
    ]
    return sum(offset is None for offset in offsets), len(offsets)
