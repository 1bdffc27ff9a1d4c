"""GDAL's cache holds what reading by blocks comes back to, and no more."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from oemsar.raster.cache import cache_bytes, gdal_cache
from oemsar.raster.geotiff import write_raster


def test_the_cache_holds_the_strips_of_a_row_of_blocks(tmp_path: Path) -> None:
    write_raster(tmp_path / "narrow.tif", np.zeros((1, 30, 1000), np.uint16), None)
    write_raster(tmp_path / "tiled.tif", np.zeros((1, 30, 3000), np.uint16), None, tiled=True)
    write_raster(tmp_path / "wide.tif", np.zeros((1, 30, 3000), np.uint16), None)
    with rasterio.open(tmp_path / "wide.tif") as dataset:
        strip = dataset.block_shapes[0][0]
    assert cache_bytes(tmp_path / "narrow.tif") == cache_bytes(tmp_path / "tiled.tif") == 32 << 20
    assert cache_bytes(tmp_path / "wide.tif") == (32 << 20) + (1024 + 2 * strip) * 3000 * 2
    assert cache_bytes(tmp_path / "missing.tif") == 32 << 20
    with gdal_cache():
        assert rasterio.env.getenv()["GDAL_CACHEMAX"] == 64 << 20


@pytest.mark.parametrize(("dtype", "size"), [("complex64", 8), ("complex_int16", 8), ("float64", 8)])
def test_wide_pixels_need_that_much_more(tmp_path: Path, dtype: str, size: int) -> None:
    """Complex integers are read as complex64, of 8 bytes."""
    path = tmp_path / "a.tif"
    profile = {"driver": "GTiff", "width": 1500, "height": 40, "count": 2, "dtype": dtype}
    with rasterio.open(path, "w", blockysize=5, **profile):
        pass
    assert cache_bytes(path) == (32 << 20) + (1024 + 2 * 5) * 1500 * 2 * size


def test_the_cache_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    profile = {"driver": "GTiff", "width": 400_000, "height": 2, "count": 1, "dtype": "complex64"}
    with rasterio.open(path, "w", sparse_ok=True, **profile):
        pass
    assert cache_bytes(path) == 1 << 30
    with gdal_cache(path):
        assert rasterio.env.getenv()["GDAL_CACHEMAX"] == 1 << 30
