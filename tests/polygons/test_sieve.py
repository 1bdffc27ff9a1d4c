"""Small patches go to the patch they border on longest; nodata takes and gives nothing."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio import Affine
from scipy import ndimage

from oemsar.geometry.ground import pixel_areas
from oemsar.polygons import stream
from oemsar.polygons.sieve import Sieved, sieve
from oemsar.raster.raw_raster import RawRaster

from .test_stream import city


def sieved(
    folder: Path, values: NDArray[np.uint8], smallest: float, grid: GeoBox | None = None
) -> tuple[NDArray[np.uint8], Sieved]:
    raw = RawRaster(folder / "classes.raw", values.shape, np.uint8)
    raw.write_rows(0, values)
    found = sieve(raw, None if grid is None else pixel_areas(grid), smallest)
    return raw.read_rows(0, values.shape[0]), found


def patch_sizes(values: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Size in pixels of the patch of every pixel; that of nodata is large."""
    sizes = np.full(values.shape, 1 << 40)
    for value in range(1, 9):
        label, _ = ndimage.label(values == value)
        counts = np.bincount(label.ravel())
        sizes[label > 0] = counts[label[label > 0]]
    return sizes


def test_a_patch_goes_to_the_longest_border_not_to_the_largest_neighbour(tmp_path: Path) -> None:
    values = np.full((20, 30), 1, np.uint8)  # the largest
    values[5:15, 10:20] = 2
    values[9:11, 18:22] = 3  # 2 has twelve sides with its part inside, 1 has six with the rest
    values[9:11, 18:20] = 3
    values[9:11, 20:21] = 3
    values[9:11, 21:22] = 1
    result, found = sieved(tmp_path, values, 9)
    assert found == Sieved(1, 0)
    expected = np.where(values == 3, 2, values)
    np.testing.assert_array_equal(result, expected)


def test_nodata_is_no_neighbour_and_stays(tmp_path: Path) -> None:
    values = np.zeros((12, 15), np.uint8)
    values[2:4, 2:4] = 5  # alone in nodata
    values[6:11, 3:13] = 1
    values[5, 6] = 7  # beside nodata and class 1
    result, found = sieved(tmp_path, values, 10)
    assert found == Sieved(2, 1)
    assert ((result == 0) == (values == 0)).all()
    assert result[5, 6] == 1
    assert (result[2:4, 2:4] == 5).all()


def test_small_patches_among_themselves_become_one(tmp_path: Path) -> None:
    values = np.zeros((10, 12), np.uint8)
    values[2:6, 2:8] = np.array([[1, 2, 1, 2, 3, 3]] * 4)
    result, found = sieved(tmp_path, values, 20)
    assert found == Sieved(5, 0)
    assert np.unique(result).size == 2
    assert ((result == 0) == (values == 0)).all()


@pytest.mark.parametrize("rows", [8, 64])
@pytest.mark.parametrize("smooth", [0.8, 2])
def test_no_small_patch_is_left_and_large_ones_stay(
    tmp_path: Path, rows: int, smooth: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = city((120, 131), smooth)
    before = patch_sizes(values)
    reference, _ = sieved(tmp_path, values, 25)  # in one strip
    monkeypatch.setattr(stream, "_LEAST_ROWS", rows)
    monkeypatch.setattr(stream, "_PIXELS", 1)
    result, found = sieved(tmp_path, values, 25)
    np.testing.assert_array_equal(result, reference)
    assert ((result == 0) == (values == 0)).all()
    assert patch_sizes(result).min() >= 25
    assert (result[before >= 25] == values[before >= 25]).all()
    small = sum(
        np.count_nonzero(np.bincount(ndimage.label(values == value)[0].ravel())[1:] < 25)
        for value in range(1, 9)
    )
    assert found == Sieved(small, 0)


def test_the_unit_is_that_of_the_ground(tmp_path: Path) -> None:
    """Web Mercator at 60 degrees: a pixel of a square metre of the map is a quarter of one on the ground."""
    grid = GeoBox((40, 50), Affine(1, 0, 1_113_194, 0, -1, 8_399_737), "EPSG:3857")
    values = np.ones((40, 50), np.uint8)
    values[10:15, 10:15] = 6
    kept, _ = sieved(tmp_path, values, 6, grid)
    gone, _ = sieved(tmp_path, values, 7, grid)
    assert ((kept == 6).sum(), (gone == 6).sum()) == (25, 0)
