"""Terrain corrected Sentinel-1: one file a polarisation by its name, or two bands, VV before VH."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio

from oemsar.errors import InputError
from oemsar.prepare.radiometry.config import RadiometryConfig
from oemsar.prepare.radiometry.run import apply_radiometry
from oemsar.products.product import Calibration, Encoding
from oemsar.products.registry import READERS, find_product
from oemsar.raster.read import Extent

Write = Callable[..., Path]
POWER = np.random.default_rng(0).exponential(0.1, (2, 40, 50)).astype(np.float32)


def test_the_first_band_is_read_unless_another_is_named(write_scene: Write) -> None:
    path = write_scene("a.tif", POWER, tags={"datetime": "2024-05-06T07:08:09"})
    found, other = (find_product(path, "sentinel1-rtc", band) for band in (None, 2))
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
    assert find_product(path, "sentinel1-rtc").product.encoding is Encoding.POWER
    assert find_product(path, "sentinel1-rtc", 2).product.encoding is Encoding.DECIBEL


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


HYP3 = "S1A_IW_20180128T161201_DVP_RTC30_G_{}uned_FD6A_{}.tif"
DECIBELS = (10 * np.log10(POWER)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "pixels", "encoding", "quantity", "polarisation"),
    [
        ("iw-vh.rtc.tiff", POWER[0], Encoding.POWER, "gamma0", "VH"),
        (HYP3.format("gp", "VV"), POWER[0], Encoding.POWER, "gamma0", "VV"),
        (HYP3.format("sd", "VH"), DECIBELS[1], Encoding.DECIBEL, "sigma0", "VH"),
        (HYP3.format("ga", "HH"), np.sqrt(POWER[0]), Encoding.AMPLITUDE, "gamma0", "HH"),
    ],
)
def test_one_file_for_each_polarisation_is_read_as_its_name_tells(  # noqa: PLR0917 (one row of the table)
    write_scene: Write, name: str, pixels: np.ndarray, encoding: Encoding, quantity: str, polarisation: str
) -> None:
    """The squared amplitude is the power that the file was made of, however it is stored."""
    found = find_product(write_scene(name, pixels))
    product = found.product
    assert (product.kind, product.encoding, product.polarisation) == ("sentinel1-rtc", encoding, polarisation)
    assert product.calibration is not None
    assert product.calibration.quantity == quantity
    with found.opener() as opened:
        values = opened.read(Extent(0, 0, 40, 50))[0][0].astype(np.float64)
    truth = POWER[1] if encoding is Encoding.DECIBEL else POWER[0]
    np.testing.assert_allclose(encoding.amplitude(values) ** 2, truth, rtol=1e-5)


def test_the_radar_image_of_power_is_the_root_of_it_on_eight_bits(write_scene: Write, tmp_path: Path) -> None:
    """Amplitude, the root of power, goes through the remap; the summary says what the file was taken for."""
    path = write_scene("iw-vv.rtc.tiff", POWER[0])
    config = RadiometryConfig(remap="linear")
    summary = apply_radiometry(path, tmp_path / "out.tif", config=config)
    amplitude = np.sqrt(POWER[0].astype(np.float64))
    assert summary.statistics.mean == pytest.approx(amplitude.mean(), rel=1e-3)
    assert (summary.product, summary.polarisation) == ("sentinel1-rtc", "VV")
    assert summary.recognised_by == "name of Planetary Computer, which tells gamma0 of VV as power"
    expected = 255 * (amplitude - amplitude.min()) / (amplitude.max() - amplitude.min())
    with rasterio.open(tmp_path / "out.tif") as dataset:
        assert np.abs(dataset.read(1) - np.clip(expected, 1, 255)).max() <= 1.1
        assert dataset.tags()["OEMSAR_RECOGNISED_BY"] == summary.recognised_by
        assert dataset.tags()["OEMSAR_CALIBRATION"] == "gamma0"


def test_nodata_that_no_tag_tells_carries_no_data(write_scene: Write, tmp_path: Path) -> None:
    """Planetary Computer's -32768, its tag lost: neither decibels nor amplitude."""
    pixels = POWER[0].copy()
    pixels[:15] = -32768
    path = write_scene("iw-vv.rtc.tiff", pixels)
    assert find_product(path).product.encoding is Encoding.POWER
    apply_radiometry(path, tmp_path / "out.tif", config=RadiometryConfig(remap="percentile"))
    with rasterio.open(tmp_path / "out.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(1) == 0, pixels < 0)


def test_a_name_that_values_speak_against_is_said(
    write_scene: Write, caplog: pytest.LogCaptureFixture
) -> None:
    product = find_product(write_scene("iw-vv.rtc.tiff", DECIBELS[0])).product
    assert product.encoding is Encoding.DECIBEL
    assert "is named as power, but many of its values are below zero" in caplog.text


@pytest.mark.parametrize("pixels", [POWER, (POWER[0] * 255).astype(np.uint8), POWER[0] * 1j])
def test_pixels_that_no_provider_delivers_are_not_told_by_a_name(
    write_scene: Write, pixels: np.ndarray
) -> None:
    assert READERS.find("sentinel1-rtc").recognises(write_scene("iw-vv.rtc.tiff", pixels)) is None


def test_the_credit_of_the_provider_goes_before_that_of_copernicus(write_scene: Write) -> None:
    product = find_product(write_scene(HYP3.format("gp", "VV"), POWER[0])).product
    assert product.attribution == (
        "RTC product processed by ASF DAAC HyP3 using GAMMA software. "
        "Contains modified Copernicus Sentinel data 2018"
    )
