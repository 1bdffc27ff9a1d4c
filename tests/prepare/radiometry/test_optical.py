"""An orthophoto becomes 8 bits; it is called reflectance only where it was declared to be."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil

from oemsar.errors import InputError
from oemsar.prepare.radiometry.config import PROFILES, OpticalConfig
from oemsar.prepare.radiometry.optical import colour_bands, convert_orthophoto


def _convert(scene: Path, **config: Any) -> tuple[np.ndarray, dict[str, str]]:
    out = scene.with_name("out.tif")
    convert_orthophoto(scene, out, config=OpticalConfig(**config))
    with rasterio.open(out) as dataset:
        return dataset.read(), dataset.tags()


@pytest.fixture
def colours() -> np.ndarray:
    return np.random.default_rng(0).integers(200, 4000, (4, 600, 1100)).astype(np.uint16)


def test_bytes_for_display_stay_as_they_are_but_for_black(write_scene: Callable[..., Path]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 60, 70), np.uint8)
    found, tags = _convert(write_scene("a.tif", pixels))
    np.testing.assert_array_equal(found, np.maximum(pixels, 1))
    assert tags["OEMSAR_QUANTITY"] == "display"


def test_16_bits_are_stretched_between_percentiles_of_the_scene(
    write_scene: Callable[..., Path], colours: np.ndarray
) -> None:
    found, tags = _convert(write_scene("a.tif", colours), percentiles=(2.0, 98.0))
    low, high = (np.percentile(colours[:3], p, method="inverted_cdf") for p in (2, 98))
    expected = np.clip(np.floor(255.0 * (colours[:3].astype(float) - low) / (high - low)), 1, 255)
    np.testing.assert_array_equal(found, expected)
    assert json.loads(tags["OEMSAR_STRETCH"]) == {"low": low, "high": high, "relative_error": 0.0}


def test_only_a_calibrated_product_is_called_reflectance(
    write_scene: Callable[..., Path], colours: np.ndarray
) -> None:
    scene = write_scene("a.tif", colours)
    calibrated, tags = _convert(scene, meaning="calibrated", gain=1e-4, offset=-0.01)
    assert tags["OEMSAR_QUANTITY"] == "reflectance"
    limits = json.loads(tags["OEMSAR_STRETCH"])
    back = limits["low"] + calibrated / 255 * (limits["high"] - limits["low"])
    inside = (calibrated > 1) & (calibrated < 255)
    difference = np.abs(back - (colours[:3] * 1e-4 - 0.01))[inside]
    assert difference.max() <= (limits["high"] - limits["low"]) / 255 * 1.001
    display, tags = _convert(scene, meaning="display")
    np.testing.assert_array_equal(display, calibrated)
    assert "reflectance" not in json.dumps(tags)


def test_bands_nodata_and_georeferencing_are_kept(
    write_scene: Callable[..., Path], colours: np.ndarray
) -> None:
    colours[:, :50] = 0
    scene = write_scene("a.tif", colours, nodata=0)
    found, _ = _convert(scene, bands=(4, 3, 2))
    assert not found[:, :50].any()
    assert found[:, 50:].all()
    with rasterio.open(scene.with_name("out.tif")) as dataset, rasterio.open(scene) as source:
        assert dataset.transform == source.transform
        assert [i.name for i in dataset.colorinterp] == ["red", "green", "blue"]
    valued, _ = _convert(write_scene("b.tif", colours), nodata="0")
    np.testing.assert_array_equal(valued[:, :50], 0)


def test_bands_are_those_given_else_those_of_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    infrared = replace(PROFILES.find("naip"), bands=(4, 1, 2))
    monkeypatch.setattr(PROFILES, "find", lambda name: infrared)
    assert colour_bands(OpticalConfig()) is None
    assert colour_bands(OpticalConfig(profile="naip")) == (4, 1, 2)
    assert colour_bands(OpticalConfig(profile="naip", bands=(3, 2, 1))) == (3, 2, 1)


@pytest.mark.parametrize(
    ("name", "words", "licence"),
    [
        ("naip", "National Agriculture Imagery Program (NAIP)", "public domain"),
        ("bd-ortho", "© IGN, BD ORTHO®, 2024", "Licence Ouverte / Open Licence 2.0"),
        ("gsi", "Geospatial Information Authority of Japan", "GSI Content Terms of Use"),
    ],
)
def test_named_sources_carry_attribution_and_licence(
    write_scene: Callable[..., Path], name: str, words: str, licence: str
) -> None:
    pixels = np.random.default_rng(0).integers(1, 256, (3, 30, 40), np.uint8)
    _, tags = _convert(write_scene("a.tif", pixels), profile=name, year=2024)
    assert words in tags["OEMSAR_ATTRIBUTION"]
    assert licence in tags["OEMSAR_LICENCE"]
    assert tags["OEMSAR_QUANTITY"] == "display"
    assert PROFILES.find(name).url.startswith("https://")


@pytest.mark.parametrize(
    ("pixels", "config", "message"),
    [
        (np.ones((40, 50), np.uint8), {}, r"1 band\(s\) where red, green and blue are due"),
        (np.ones((3, 40, 50), np.complex64), {}, "is complex where an orthophoto is expected"),
        (np.ones((3, 40, 50), np.uint16), {}, "holds one value only"),
        (np.full((3, 40, 50), np.nan, np.float32), {}, "holds no data"),
        (np.ones((3, 40, 50), np.uint8), {"bands": (1, 2, 4)}, "choose other bands"),
        (np.ones((3, 40, 50), np.uint8), {"profile": "bing"}, "choose one of naip, bd-ortho, gsi"),
    ],
)
def test_what_is_no_orthophoto_is_refused(
    write_scene: Callable[..., Path], pixels: np.ndarray, config: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        _convert(write_scene("a.tif", pixels), **config)


def test_an_orthophoto_is_never_replaced_by_its_own_conversion(write_scene: Callable[..., Path]) -> None:
    """Nor is the file behind a virtual raster."""
    scene = write_scene("a.tif", np.random.default_rng(0).integers(0, 256, (3, 30, 40), np.uint8))
    before = scene.read_bytes()
    mosaic = scene.with_name("mosaic.vrt")
    rasterio.shutil.copy(scene, mosaic, driver="VRT")
    for source in (scene, mosaic):
        with pytest.raises(InputError, match="choose another output path"):
            convert_orthophoto(source, scene)
    assert scene.read_bytes() == before


def test_a_black_collar_carries_no_data_and_enters_no_stretch(
    write_scene: Callable[..., Path], colours: np.ndarray
) -> None:
    """A nodata value that no pixel has changes nothing; dark pixels inside become 1."""
    collar = colours[:3].copy()
    collar[:, :90] = 0
    collar[:, 300:340, 500:540] = 0
    for name, options in (("a.tif", {}), ("b.tif", {"nodata": 65535})):
        found, tags = _convert(write_scene(name, collar, **options))
        assert not found[:, :90].any()
        assert (found[:, 300:340, 500:540] == 1).all()
        limits = json.loads(tags["OEMSAR_STRETCH"])
        expected = (np.percentile(collar[:, 90:], p, method="inverted_cdf") for p in (1, 99))
        assert (limits["low"], limits["high"]) == tuple(expected)
    everything, _ = _convert(write_scene("c.tif", collar), nodata="none")
    assert everything.all()


def test_scale_tags_make_values(write_scene: Callable[..., Path], colours: np.ndarray) -> None:
    scene = write_scene("a.tif", colours[:3])
    with rasterio.open(scene, "r+") as dataset:
        dataset.scales, dataset.offsets = (1e-4,) * 3, (-0.01,) * 3
    _, tags = _convert(scene)
    limits = json.loads(tags["OEMSAR_STRETCH"])
    low, high = (np.percentile(colours[:3] * 1e-4 - 0.01, p) for p in (1, 99))
    assert limits["low"] == pytest.approx(low, rel=1e-3)
    assert limits["high"] == pytest.approx(high, rel=1e-3)


def test_a_palette_is_its_colours(write_scene: Callable[..., Path]) -> None:
    numbers = np.random.default_rng(0).integers(0, 3, (50, 60), np.uint8)
    palette = {0: (9, 80, 30, 255), 1: (200, 40, 7, 255), 2: (1, 2, 3, 255)}
    scene = write_scene("a.tif", numbers)
    with rasterio.open(scene, "r+") as dataset:
        dataset.write_colormap(1, palette)
    found, _ = _convert(scene)
    np.testing.assert_array_equal(found, np.moveaxis(np.array(list(palette.values()))[numbers, :3], -1, 0))
