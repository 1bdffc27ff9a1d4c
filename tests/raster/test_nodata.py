"""A person's word on nodata: instead of the file's, beside it, or that there is none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.raster.nodata import nodata_value, stated_nodata, with_nodata
from oemsar.raster.pixels import RasterPixels, raster_opener, read_window
from oemsar.raster.read import Extent, open_raster

from .bands import WHOLE, three_bands, without

Write = Callable[..., Path]


def test_a_stated_number_takes_pixels_with_it_in_all_bands_only(write_scene: Write) -> None:
    path = write_scene("a.tif", three_bands())
    with with_nodata(raster_opener(path, (1, 2, 3)), "9")() as pixels:
        assert pixels.tells_nodata
        np.testing.assert_array_equal(pixels.read(WHOLE)[1], without((0, 4)))
    with with_nodata(raster_opener(path, 2), "9")() as pixels:
        np.testing.assert_array_equal(pixels.read(WHOLE)[1], without((0, 4), (2, 1)))


def test_a_stated_number_counts_beside_the_files_own_or_instead(write_scene: Write) -> None:
    path = write_scene("a.tif", three_bands(), nodata=9)
    with open_raster(path) as dataset:
        beside = stated_nodata(RasterPixels.first(dataset, 1), "20").read(WHOLE)[1]
    with with_nodata(raster_opener(path, 1), "20")() as pixels:
        instead = pixels.read(WHOLE)[1]
    np.testing.assert_array_equal(beside, without((0, 0), (0, 4)))
    np.testing.assert_array_equal(instead, without((0, 0)))


def test_none_means_that_every_pixel_carries_data(write_scene: Write) -> None:
    path = write_scene("a.tif", three_bands(), nodata=9)
    with open_raster(path) as dataset:
        assert read_window(stated_nodata(RasterPixels.first(dataset, 3), "none"), WHOLE)[1].all()
        own = RasterPixels.first(dataset, 3)
        assert stated_nodata(own, "auto") is own
    opener = raster_opener(path, 1)
    assert with_nodata(opener, "auto") is opener


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
