"""The cache of decoded blocks that GDAL keeps, by the file that is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio

from oemsar.errors import OemsarError
from oemsar.raster.read import open_raster

_TILE = 512
_CACHE_BYTES = 32 << 20
_MOST_CACHE_BYTES = 1 << 30
_WINDOWS_CACHE_BYTES = 64 << 20


@contextmanager
def gdal_cache(path: Path | None = None) -> Iterator[None]:
    """Bound GDAL's cache of decoded blocks in a block of code; its own default is a share of the memory.

    Args:
        path: File that is read by blocks row by row, see `cache_bytes`; None for reading windows of any
            files in any order, 64 MB.
    """
    with rasterio.Env(GDAL_CACHEMAX=_WINDOWS_CACHE_BYTES if path is None else cache_bytes(path)):
        yield


def cache_bytes(path: Path) -> int:
    """Choose how many bytes of decoded pixels GDAL keeps while `path` is read by blocks.

    A file whose rows lie in strips over its whole width would be decoded once for each block beside another,
    so the cache holds the strips of a row of blocks: up to 1 GB for the widest. Other files need 32 MB.
    """
    cache = _CACHE_BYTES
    try:
        with open_raster(path) as dataset:
            rows, columns = dataset.block_shapes[0]
            pixel = sum(8 if "complex" in name else np.dtype(name).itemsize for name in dataset.dtypes)
            if columns == dataset.width and columns > 2 * _TILE:
                cache += (2 * _TILE + 2 * rows) * columns * pixel
    except (OemsarError, IndexError):
        pass
    return min(cache, _MOST_CACHE_BYTES)
