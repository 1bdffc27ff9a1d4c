"""A person's word on nodata: a value instead of the file's, or that there is none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.raster.bands import raster_opener
from oemsar.raster.nodata import stated_nodata, with_nodata
from oemsar.raster.pixels import RasterPixels, read_window
from oemsar.raster.read import Extent, open_raster
from oemsar.raster.statements import nodata_value

from .bands import WHOLE, three_bands, without

Write = Callable[..., Path]


def test_a_stated_number_takes_pixels_with_it_in_all_bands_only(write_scene: Write) -> None:
    path = write_scene("a.tif", three_bands())
    with with_nodata(raster_opener(path, (1, 2, 3)), "9")() as pixels:
        assert pixels.tells_nodata
        np.testing.assert_array_equal(pixels.read(WHOLE)[1], without((0, 4)))
    with with_nodata(raster_opener(path, 2), "9")() as pixels:
        np.testing.assert_array_equal(pixels.read(WHOLE)[1], without((0, 4), (2, 1)))


def test_a_stated_number_counts_instead_of_the_files_own(write_scene: Write) -> None:
    path = write_scene("a.tif", three_bands(), nodata=9)
    with open_raster(path) as dataset:
        together = stated_nodata(RasterPixels.first(dataset, 1), "20").read(WHOLE)[1]
    with with_nodata(raster_opener(path, 1), "20")() as pixels:
        each = pixels.read(WHOLE)[1]
    np.testing.assert_array_equal(together, without((0, 0)))
    np.testing.assert_array_equal(each, without((0, 0)))


def test_none_means_that_every_finite_pixel_carries_data(write_scene: Write) -> None:
    path = write_scene("a.tif", three_bands(), nodata=9)
    with open_raster(path) as dataset:
        found = read_window(stated_nodata(RasterPixels.first(dataset, 3), "none"), WHOLE)[1]
        np.testing.assert_array_equal(found, without((1, 3)))
        own = RasterPixels.first(dataset, 3)
        assert stated_nodata(own, "auto") is own
    opener = raster_opener(path, 1)
    assert with_nodata(opener, "auto") is opener


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_nan_and_infinity_carry_no_data_whatever_is_stated(write_scene: Write, number: str) -> None:
    path = write_scene("a.tif", three_bands(), nodata=9)
    with open_raster(path) as dataset:
        found = stated_nodata(RasterPixels.first(dataset, 3), number).read(WHOLE)[1]
    np.testing.assert_array_equal(found, without((1, 3)))


def test_a_stated_number_is_one_that_the_file_stores(write_scene: Write) -> None:
    """Values are 0.1 times the stored numbers, minus 5."""
    path = write_scene("a.tif", np.arange(15, dtype=np.int16).reshape(3, 5))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.1,), (-5.0,)
    with with_nodata(raster_opener(path, 1), "7")() as pixels:
        values, valid = pixels.read(WHOLE)
    np.testing.assert_allclose(values[0], 0.1 * np.arange(15).reshape(3, 5) - 5, rtol=1e-6)
    np.testing.assert_array_equal(valid, without((1, 2)))


@pytest.mark.parametrize("number", ["-9999", "7.5", "nan"])
def test_a_number_that_no_pixel_can_have_is_refused(write_scene: Write, number: str) -> None:
    path = write_scene("a.tif", np.ones((3, 5), np.uint8))
    with open_raster(path) as dataset, pytest.raises(InputError, match="whose pixels are uint8"):
        stated_nodata(RasterPixels.first(dataset, 1), number)


def test_other_statements_are_refused_by_the_options_name() -> None:
    assert [nodata_value(text) for text in ("auto", "none", "-9999", "1e3")] == [None, None, -9999, 1000]
    with pytest.raises(InputError, match="black is not known") as raised:
        nodata_value("black")
    assert raised.value.options == ("nodata",)


def test_a_number_judges_the_rectangle_that_is_read(write_scene: Write) -> None:
    path = write_scene("a.tif", three_bands())
    with with_nodata(raster_opener(path, 2), "9")() as pixels:
        part, valid = pixels.read(Extent(1, 1, 2, 3))
    np.testing.assert_array_equal(part[0], three_bands()[1, 1:, 1:4])
    np.testing.assert_array_equal(valid, without((2, 1))[1:, 1:4])


@pytest.mark.parametrize("statement", ["none", "20"])
def test_a_statement_leaves_values_as_they_are(write_scene: Write, statement: str) -> None:
    path = write_scene("a.tif", three_bands(), nodata=9)
    with open_raster(path) as dataset:
        changed = stated_nodata(RasterPixels.first(dataset, 3), statement)
        found: NDArray[np.float32] = changed.read(WHOLE)[0]
        assert (changed.shape, changed.count, changed.tells_nodata) == ((3, 5), 3, True)
    np.testing.assert_array_equal(found, three_bands())
