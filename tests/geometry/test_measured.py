"""Measured values: any type of number, scale and nodata of the file, and heights in metres alone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from oemsar.errors import InputError
from oemsar.geometry.measured import fill_gaps, measured_pixels
from oemsar.inputs import HEIGHT, NEAR_INFRARED, Input, Inputs
from oemsar.raster.image import Statement
from oemsar.raster.read import Extent, open_raster

WHOLE = Extent(0, 0, 5, 7)
(BANDS,) = Inputs.parse("multispectral:3")


def read(path: Path, part: Input, bands: tuple[int, ...] | None = None) -> np.ndarray:
    with open_raster(path) as dataset:
        return fill_gaps(*measured_pixels(dataset, path, part, Statement(bands)).read(WHOLE))


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16", "float32", "float64"])
def test_numbers_of_any_type_are_values(kind: str, write_scene: Callable[..., Path]) -> None:
    values = np.arange(35, dtype=kind).reshape(5, 7)
    found = read(write_scene("a.tif", values), HEIGHT)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[0], values)


def test_zeros_around_are_ground_and_what_cannot_be_is_none(write_scene: Callable[..., Path]) -> None:
    values = np.zeros((5, 7), np.float32)
    values[2, 3:7] = 3.5, np.nan, -9999, 1e30
    found = read(write_scene("a.tif", values, nodata=3.5), HEIGHT)[0]
    assert np.isnan(found[2, 3:7]).all()
    found[2, 3:7] = 0
    assert not found.any()


def test_scale_and_offset_are_applied_before_the_range(write_scene: Callable[..., Path]) -> None:
    path = write_scene("a.tif", np.full((5, 7), 20_000, np.uint16))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = [0.01], [-100]
    np.testing.assert_array_equal(read(path, HEIGHT), np.full((1, 5, 7), 100))


def test_bands_are_those_of_the_input(write_scene: Callable[..., Path]) -> None:
    values = np.arange(4 * 35, dtype=np.uint8).reshape(4, 5, 7)
    path = write_scene("a.tif", values)
    np.testing.assert_array_equal(read(path, NEAR_INFRARED, (4,)), values[3:])
    np.testing.assert_array_equal(read(path, BANDS, (3, 1, 2)), values[[2, 0, 1]])
    with pytest.raises(InputError, match=r"has [34] band\(s\) where nir has 1; choose the bands"):
        read(path, NEAR_INFRARED)
    with pytest.raises(InputError, match=r"has 4 band\(s\), not all of 9"):
        read(path, NEAR_INFRARED, (9,))


def test_a_last_band_marked_alpha_is_a_channel_where_it_is_counted(write_scene: Callable[..., Path]) -> None:
    values = np.full((4, 5, 7), 9, np.uint8)
    values[3] = 255
    path = write_scene("a.tif", values, photometric="rgb", alpha="yes")
    (four,) = Inputs.parse("multispectral:4")
    np.testing.assert_array_equal(read(path, four), values)
    np.testing.assert_array_equal(read(path, BANDS), values[:3])


@pytest.mark.parametrize(
    ("units", "crs", "sentence"),
    [
        ("ft", "EPSG:32759", r"gives heights in a unit of 0\.3048 m \(feet\?\)"),
        ("US survey foot", "EPSG:32759", r"unit of 0\.3048 m"),
        ("smoots", "EPSG:32759", "an unknown unit"),
        (None, "EPSG:32631+6360", r"unit of 0\.3048 m"),
        ("m", "EPSG:32631+5773", None),
    ],
)
def test_heights_are_in_metres(
    units: str | None, crs: str, sentence: str | None, write_scene: Callable[..., Path]
) -> None:
    path = write_scene("a.tif", np.ones((5, 7), np.float32), crs=crs)
    if units is not None:
        with rasterio.open(path, "r+") as dataset:
            dataset.units = [units]
    if sentence is None:
        assert (read(path, HEIGHT) == 1).all()
        return
    with pytest.raises(InputError, match=sentence):
        read(path, HEIGHT)


def test_colours_and_complex_numbers_are_no_values(write_scene: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="holds no measured values of height"):
        read(write_scene("a.tif", np.ones((5, 7), np.complex64)), HEIGHT)
