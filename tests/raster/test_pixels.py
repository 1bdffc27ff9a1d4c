"""All verbs read pixels, and where they carry data, by one rule."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from oemsar.raster.bands import raster_opener
from oemsar.raster.collect import Padding, within_collect
from oemsar.raster.pixels import RasterPixels, raw_opener, read_window
from oemsar.raster.raw_raster import RawRaster
from oemsar.raster.read import Extent, open_raster

from .bands import WHOLE, three_bands, without

Write = Callable[..., Path]


def test_a_pixel_of_several_bands_is_nodata_where_all_of_them_are(write_scene: Write) -> None:
    path = write_scene("a.tif", three_bands(), nodata=9)
    with open_raster(path) as dataset:
        together = RasterPixels.first(dataset, 3).read(WHOLE)[1]
        values = RasterPixels(dataset, (1, 2, 3), "each value").read(WHOLE)[1]
        second = RasterPixels(dataset, (2,), "each value").read(WHOLE)[1]
    np.testing.assert_array_equal(together, without((0, 4), (1, 3)))
    np.testing.assert_array_equal(values, without((0, 4)))
    np.testing.assert_array_equal(second, without((0, 4), (2, 1)))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_integers_without_a_mask_carry_data_everywhere(write_scene: Write, dtype: str) -> None:
    bands = np.arange(30).reshape(2, 3, 5).astype(dtype)
    with open_raster(write_scene("a.tif", bands)) as dataset:
        pixels = RasterPixels(dataset, (2,))
        found, valid = pixels.read(WHOLE)
        assert (pixels.shape, pixels.count, pixels.dtype, pixels.tells_nodata) == ((3, 5), 1, dtype, False)
    assert valid is None
    np.testing.assert_array_equal(found, bands[1:])


def test_bands_come_in_the_order_they_are_named(write_scene: Write) -> None:
    bands = three_bands()
    with raster_opener(write_scene("a.tif", bands), (3, 1))() as pixels:
        np.testing.assert_array_equal(pixels.read(WHOLE)[0], bands[[2, 0]])


def test_padding_is_zero_in_every_band(write_scene: Write) -> None:
    bands = np.full((2, 64, 96), 7, np.uint8)
    bands[:, :, :32] = 0
    bands[1, :, 32:40] = 0
    cells = np.zeros((2, 3), bool)
    cells[:, 0] = True
    with open_raster(write_scene("a.tif", bands)) as dataset:
        pixels = within_collect(RasterPixels.first(dataset, 2), Padding(cells))
        _, valid = read_window(pixels, Extent(0, 0, 64, 96))
        both = within_collect(RasterPixels(dataset, (2,)), Padding(cells))
        _, alone = read_window(both, Extent(5, 0, 40, 96))
    np.testing.assert_array_equal(valid, np.arange(96) >= np.full((64, 1), 32))
    np.testing.assert_array_equal(alone, np.arange(96) >= np.full((40, 1), 40))


def test_padding_and_the_files_mask_both_count(write_scene: Write) -> None:
    image = np.full((64, 96), 7, np.float32)
    image[:, 64:] = 0
    image[3, 5] = np.nan
    cells = np.zeros((2, 3), bool)
    cells[:, 2] = True
    with open_raster(write_scene("a.tif", image)) as dataset:
        pixels = within_collect(RasterPixels.first(dataset), Padding(cells))
        assert pixels.tells_nodata
        _, valid = read_window(pixels, Extent(0, 0, 64, 96))
    expected = np.broadcast_to(np.arange(96) < 64, (64, 96)).copy()
    expected[3, 5] = False
    np.testing.assert_array_equal(valid, expected)


def test_raw_rasters_read_as_pixels_do(tmp_path: Path) -> None:
    bands = np.arange(2 * 7 * 9, dtype=np.uint16).reshape(2, 7, 9)
    validity = (bands[0] % 4 > 0).astype(np.uint8)
    raws = [RawRaster(tmp_path / f"{number}.raw", (7, 9), np.uint16) for number in range(2)]
    valid = RawRaster(tmp_path / "valid.raw", (7, 9), np.uint8)
    for raw, band in zip((*raws, valid), (*bands, validity), strict=True):
        raw.write(0, 0, band)
    with raw_opener(raws, valid)() as pixels:
        found, known = pixels.read(Extent(2, 4, 3, 5))
        assert (pixels.shape, pixels.count, pixels.dtype) == ((7, 9), 2, np.uint16)
    np.testing.assert_array_equal(found, bands[:, 2:5, 4:9])
    np.testing.assert_array_equal(known, validity[2:5, 4:9] == 1)


def test_complex_integers_are_read_as_complex_numbers(tmp_path: Path) -> None:
    path = tmp_path / "slc.tif"
    profile: dict[str, Any] = {"driver": "GTiff", "width": 5, "height": 3, "count": 1}
    with rasterio.open(path, "w", dtype="complex_int16", **profile) as dataset:
        dataset.write(np.full((1, 3, 5), 3 - 4j, np.complex64))
    with open_raster(path) as dataset:
        pixels, _ = read_window(RasterPixels.first(dataset), Extent(-1, 0, 4, 5))
    assert pixels.dtype == np.complex64
    np.testing.assert_array_equal(pixels[0, :, 0], [0, 3 - 4j, 3 - 4j, 3 - 4j])


SIZES, STARTS = st.integers(1, 30), st.integers(-40, 40)


@given(extent=st.builds(Extent, STARTS, STARTS, SIZES, SIZES), rows=SIZES, columns=SIZES)
def test_the_clipped_part_of_an_extent_is_what_both_share(extent: Extent, rows: int, columns: int) -> None:
    row, column, height, width = extent
    part = extent.clipped((rows, columns))
    marks = np.zeros((height, width), int)
    marks[part.slices_in(extent)] += 1
    y, x = np.mgrid[row : row + height, column : column + width]
    np.testing.assert_array_equal(marks == 1, (y >= 0) & (y < rows) & (x >= 0) & (x < columns))
    assert extent.grown(3) == Extent(row - 3, column - 3, height + 6, width + 6)
