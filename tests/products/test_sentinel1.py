"""Terrain corrected Sentinel-1 is gamma nought, as power or in decibels, VV before VH."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from oemsar.errors import InputError
from oemsar.products.product import Calibration, Encoding
from oemsar.products.registry import find_product
from oemsar.raster.read import Extent

Write = Callable[..., Path]
POWER = np.random.default_rng(0).exponential(0.1, (2, 40, 50)).astype(np.float32)


def test_the_first_band_is_read_unless_another_is_named(write_scene: Write) -> None:
    path = write_scene("a.tif", POWER, tags={"datetime": "2024-05-06T07:08:09"})
    found, other = find_product(path), find_product(path, band=2)
    assert (found.band, other.band) == (1, 2)
    with other.opener() as pixels:
        np.testing.assert_array_equal(pixels.read(Extent(3, 5, 20, 40))[0][0], POWER[1, 3:23, 5:45])
    product = found.product
    assert product.calibration == Calibration("gamma0")
    assert product.polarisation == "VV,VH"
    assert product.time == datetime(2024, 5, 6, 7, 8, 9)
    assert product.attribution == "Contains modified Copernicus Sentinel data 2024"


def test_decibels_are_told_from_power_by_the_band_that_is_read(write_scene: Write) -> None:
    path = write_scene("a.tif", np.stack([POWER[0], 10 * np.log10(POWER[1])]))
    assert find_product(path).product.encoding is Encoding.POWER
    assert find_product(path, band=2).product.encoding is Encoding.DECIBEL


def test_one_band_names_no_polarisation_and_a_wrong_date_no_time(write_scene: Write) -> None:
    path = write_scene("a.tif", POWER[0], tags={"datetime": "yesterday"})
    product = find_product(path, "sentinel1-rtc").product
    assert (product.polarisation, product.time) == (None, None)
    assert product.attribution == "Contains modified Copernicus Sentinel data"


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.ones((5, 4, 7), np.float32), r"a\.tif has 5 bands; sentinel1-rtc has one or two"),
        (np.ones((2, 4, 7), np.complex64), "is complex where sentinel1-rtc has real pixels"),
    ],
)
def test_other_rasters_are_refused(write_scene: Write, pixels: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_product(write_scene("a.tif", pixels), "sentinel1-rtc")
