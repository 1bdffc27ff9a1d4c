"""A file is recognised for what it is: Umbra, Sentinel-1, plain rasters, and what is no radar."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyproj
import pytest

from oemsar.errors import InputError
from oemsar.products.product import Encoding, sigma_nought_gain
from oemsar.products.registry import READERS, find_product
from oemsar.products.umbra_metadata import azimuth_at_scene

NORTH_UP = {"transform": (0.5, 0, 4e5, 0, -0.5, 5e6)}
POWER = np.random.default_rng(0).exponential(0.1, (2, 40, 50)).astype(np.float32)


@pytest.mark.parametrize(
    ("pixels", "kind", "encoding"),
    [
        (np.ones((40, 50), np.uint8), "umbra-gec", Encoding.AMPLITUDE),
        (np.ones((40, 50), np.uint16), "amplitude", Encoding.AMPLITUDE),
        (POWER[0], "amplitude", Encoding.AMPLITUDE),
        (POWER[0] - (POWER[0] < 0.002), "amplitude", Encoding.AMPLITUDE),  # a few pixels below zero
        (POWER[0] - 20, "db", Encoding.DECIBEL),
        (POWER, "sentinel1-rtc", Encoding.POWER),
        (np.log10(POWER) * 10, "sentinel1-rtc", Encoding.DECIBEL),
        (POWER[0] * 1j, "complex", Encoding.MODULUS),
    ],
)
def test_kinds_are_recognised(
    write_scene: Callable[..., Path], pixels: np.ndarray, kind: str, encoding: Encoding
) -> None:
    product = find_product(write_scene("a.tif", pixels)).product
    assert (product.kind, product.encoding) == (kind, encoding)


def test_the_named_kind_goes_before_the_recognised_one(write_scene: Callable[..., Path]) -> None:
    product = find_product(write_scene("a.tif", POWER[0]), "power").product
    assert product.encoding is Encoding.POWER


def test_bytes_this_package_wrote_are_not_taken_for_umbra(write_scene: Callable[..., Path]) -> None:
    tags = {"OEMSAR_REMAP": "pedf", "OEMSAR_ATTRIBUTION": "Somebody"}
    product = find_product(write_scene("a.tif", np.ones((4, 5), np.uint8), tags=tags)).product
    assert (product.kind, product.display_tuned, product.attribution) == ("amplitude", True, "Somebody")


@pytest.mark.parametrize(
    ("pixels", "name", "message"),
    [
        (np.ones((3, 4, 5), np.uint8), None, "3 bands of uint8: an optical image where radar is expected"),
        (np.ones((3, 4, 5), np.uint8), "umbra-gec", "an optical image where radar is expected"),
        (np.ones((4, 5), np.complex64), "amplitude", "is complex where amplitude has real pixels"),
        (np.ones((4, 5), np.complex64), "umbra-gec", "is complex where umbra-gec has real pixels"),
        (np.ones((4, 5), np.uint8), "complex", "uint8 pixels where complex is complex"),
        (np.ones((4, 4, 5), np.float32), None, "band: .*4 bands; choose one from 1 to 4"),
        (np.ones((4, 5), np.uint8), "iceye", "product iceye is not known; choose one of sicd, capella"),
    ],
)
def test_what_does_not_fit_is_refused(
    write_scene: Callable[..., Path], pixels: np.ndarray, name: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        find_product(write_scene("a.tif", pixels), name)


def test_a_band_can_be_chosen_and_must_exist(write_scene: Callable[..., Path]) -> None:
    path = write_scene("a.tif", np.stack([POWER[0], POWER[0] + 1, POWER[0] + 2]))
    with find_product(path, band=3).opener() as pixels:
        assert pixels.shape == (40, 50)
    with pytest.raises(InputError, match=r"3 band\(s\), no band 4"):
        find_product(path, band=4)


def test_gamma_nought_and_display_products_give_no_sigma_nought(write_scene: Callable[..., Path]) -> None:
    for pixels, words in [(POWER, "gamma nought"), (np.ones((4, 5), np.uint8), "tuned for display")]:
        product = find_product(write_scene("a.tif", pixels)).product
        with pytest.raises(InputError, match=words):
            sigma_nought_gain(product, "a.tif")


def test_umbras_metadata_beside_the_file_are_read(write_scene: Callable[..., Path]) -> None:
    path = write_scene("2025-01-01_UMBRA-04_GEC.tif", np.ones((4, 5), np.uint8))
    collect = {
        "startAtUTC": "2025-01-01T02:03:04Z",
        "polarizations": ["VV"],
        "angleAzimuthDegrees": 80.0,
        "angleIncidenceDegrees": 40.0,
        "slantRangeMeters": 700e3,
        "sceneCenterPointLla": {"type": "Point", "coordinates": [10.0, 50.0, 100.0]},
    }
    sidecar = path.with_name("2025-01-01_UMBRA-04_METADATA.json")
    sidecar.write_text(json.dumps({"collects": [collect]}))
    product = find_product(path).product
    assert product.look is not None
    assert (product.polarisation, product.look.incidence) == ("VV", 40)
    assert product.time is not None
    assert product.time.hour == 2
    sidecar.write_text("{}")
    with pytest.raises(InputError, match="is not Umbra metadata"):
        find_product(path)


@pytest.mark.parametrize("below", [15.0, 80.0, 200.0, 350.0])
def test_the_azimuth_below_the_sensor_is_carried_to_the_scene(below: float) -> None:
    """From the nadir found by walking back from the scene, the scene lies in the direction it began with."""
    at_scene = azimuth_at_scene(below, 55.0, 10.0, 40.0, 700e3)
    geod = pyproj.Geod(ellps="WGS84")
    angle = np.radians(40)
    walked = 6_371_000 * np.arctan2(700e3 * np.sin(angle), 6_371_000 + 700e3 * np.cos(angle))
    longitude, latitude, _ = geod.fwd(10.0, 55.0, at_scene + 180, walked)
    forward, _, _ = geod.inv(longitude, latitude, 10.0, 55.0)
    assert (forward - below + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


def test_every_kind_says_what_it_is() -> None:
    assert all(READERS.find(name).summary and READERS.find(name).name == name for name in READERS)
