"""A radar scene of power is mapped as amplitude where its product tells, or a person says, what it is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.inputs import SAR
from oemsar.predict.config import PredictConfig
from oemsar.predict.measured import Treatment
from oemsar.predict.radar_product import amplitude_opener, radar_scene
from oemsar.predict.run import predict_scene
from oemsar.predict.scene import open_scene
from oemsar.products.registry import find_product
from oemsar.raster.read import Extent

Write = Callable[..., Path]
POWER = np.random.default_rng(0).exponential(0.1, (40, 70)).astype(np.float32)
NORTH_UP = {"crs": "EPSG:32631", "transform": Affine(10, 0, 4e5, 0, -10, 5e6)}


@pytest.mark.parametrize(
    ("name", "pixels", "reason"),
    [
        ("iw-vv.rtc.tiff", (POWER * 100).astype(np.uint8), None),  # bytes are what networks see
        ("a.tif", np.stack([POWER, POWER]), None),
        ("a.tif", POWER, "a.tif is read as amplitude: float32 pixels"),
        ("a.tif", POWER - 20, "a.tif is read as db: many values below zero"),
        ("a.tif", POWER * 1j, "a.tif is read as complex: complex64 pixels"),
        ("CAPELLA.tif", POWER, "is read as amplitude"),
    ],
)
def test_pixels_that_are_amplitude_as_they_are_stored_stay(
    write_scene: Write, caplog: pytest.LogCaptureFixture, name: str, pixels: np.ndarray, reason: str | None
) -> None:
    caplog.set_level("INFO", "oemsar")
    found = radar_scene(write_scene(name, pixels))
    assert found.product is None
    assert (found.kind is None) is (reason is None)
    assert caplog.text == "" if reason is None else reason in caplog.text


def test_a_product_of_power_is_read_through_its_reader(
    write_scene: Write, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "oemsar")
    found = radar_scene(write_scene("iw-vv.rtc.tiff", POWER))
    assert found.product is not None
    assert found.kind == found.product.product.kind == "sentinel1-rtc"
    assert found.reason == found.product.recognised_by
    assert "is read as sentinel1-rtc: name of Planetary Computer" in caplog.text


@pytest.mark.parametrize(("name", "through"), [("power", True), ("db", True), ("amplitude", False)])
def test_the_named_product_decides(write_scene: Write, name: str, through: bool) -> None:
    path = write_scene("a.tif", POWER)
    found = radar_scene(path, name)
    assert (found.kind, found.reason) == (name, "named by a person")
    assert (found.product is not None) is through


def test_amplitude_is_made_of_every_encoding(write_scene: Write) -> None:
    power = POWER.copy()
    power[3, 5] = -0.001
    decibels = (10 * np.log10(POWER)).astype(np.float32)
    for name, pixels in (("power", power), ("db", decibels), ("amplitude", np.sqrt(POWER))):
        found = find_product(write_scene("a.tif", pixels), name)
        with amplitude_opener(found)() as opened:
            assert (opened.shape, opened.dtype, opened.count) == ((40, 70), np.float32, 1)
            values, valid = opened.read(Extent(2, 3, 30, 60))
        assert valid is not None
        expected = np.ones((40, 70), bool)
        expected[3, 5] = name != "power"
        np.testing.assert_array_equal(valid, expected[2:32, 3:63])
        np.testing.assert_allclose(values[0][valid], np.sqrt(POWER)[2:32, 3:63][valid], rtol=1e-5)


def test_nodata_of_a_product_stays_without_data_where_its_amplitude_is_a_number(write_scene: Write) -> None:
    power = POWER.copy()
    power[7, 9:20] = 2.5
    power[30, 4] = np.nan
    found = find_product(write_scene("a.tif", power, nodata=2.5), "power")
    with amplitude_opener(found)() as opened:
        _, valid = opened.read(Extent(5, 0, 30, 70))
    expected = np.ones((40, 70), bool)
    expected[7, 9:20] = expected[30, 4] = False
    assert valid is not None
    np.testing.assert_array_equal(valid, expected[5:35])


def test_the_scene_is_stretched_in_amplitude(write_scene: Write) -> None:
    path = write_scene("iw-vv.rtc.tiff", POWER, nodata=0)
    treatments = Treatment(value_range=(0.1, 0.6)), Treatment()
    with open_scene(path, None, SAR, treatments, radar_scene(path).product) as scene:
        pixels, valid = scene.read(Extent(0, 0, 40, 70))
    expected = np.clip(np.rint(255 * (np.sqrt(POWER) - 0.1) / 0.5), 0, 255)
    assert valid.all()
    assert np.abs(pixels[0] - expected).max() <= 1


def test_the_map_of_power_is_that_of_its_amplitude(
    models: dict[str, Path], write_scene: Write, tmp_path: Path
) -> None:
    power = write_scene("iw-vv.rtc.tiff", POWER, **NORTH_UP)
    amplitude = write_scene("amplitude.tif", np.sqrt(POWER), **NORTH_UP)
    config = PredictConfig(window=64, overlap=16, range=(0.0, 0.8), engine="torch", device="cpu")
    maps, told = [], []
    for scene in (power, amplitude):
        out = tmp_path / f"{scene.stem}.map.tif"
        summary = predict_scene(models["sar"], scene, out, config=config)
        told.append((summary.radar_product, summary.recognised_by[:26]))
        with rasterio.open(out) as dataset:
            maps.append(dataset.read(1))
    np.testing.assert_array_equal(*maps)
    assert told == [
        ("sentinel1-rtc", "name of Planetary Computer"),
        ("amplitude", "float32 pixels, and nothin"),
    ]


def test_a_product_is_no_question_of_an_optical_model(
    models: dict[str, Path], write_scene: Write, tmp_path: Path
) -> None:
    scene = write_scene("a.tif", np.ones((3, 40, 70), np.uint8))
    with pytest.raises(InputError, match="product: the model sees optical only; name no radar product"):
        predict_scene(models["optical"], scene, tmp_path / "out.tif", config=PredictConfig(product="power"))
    assert not (tmp_path / "out.tif").exists()
