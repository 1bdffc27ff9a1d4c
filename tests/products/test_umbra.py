"""Umbra GECs are bytes under a name of Umbra; the JSON beside them tells their look."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.geometry.look import Look, look_tags
from oemsar.products.registry import find_product
from oemsar.products.umbra import recognises

Write = Callable[..., Path]
NORTH_UP = Affine(0.5, 0, 4e5, 0, -0.5, 5e6)
COLLECT = {
    "startAtUTC": "2025-01-01T02:03:04Z",
    "polarizations": ["VV"],
    "angleAzimuthDegrees": 80.0,
    "angleIncidenceDegrees": 40.0,
    "slantRangeMeters": 700e3,
    "sceneCenterPointLla": {"type": "Point", "coordinates": [10.0, 50.0, 100.0]},
}


def test_umbras_metadata_beside_the_file_are_read(write_scene: Write) -> None:
    path = write_scene("2025-01-01_UMBRA-04_GEC.tif", np.ones((4, 5), np.uint8))
    sidecar = path.with_name("2025-01-01_UMBRA-04_METADATA.json")
    sidecar.write_text(json.dumps({"collects": [COLLECT]}))
    product = find_product(path).product
    assert product.look is not None
    assert (product.polarisation, product.look.incidence) == ("VV", 40)
    assert product.time == datetime(2025, 1, 1, 2, 3, 4, tzinfo=UTC)
    sidecar.write_text("{}")
    with pytest.raises(InputError, match="is not Umbra metadata"):
        find_product(path)


def test_the_look_in_the_file_goes_before_the_one_beside_it(write_scene: Write) -> None:
    tags = look_tags(Look(251.5, 33.0), 87.25)
    path = write_scene("a_GEC.tif", np.ones((4, 5), np.uint8), tags=tags)
    path.with_name("a_METADATA.json").write_text(json.dumps({"collects": [COLLECT]}))
    product = find_product(path, "umbra-gec").product
    assert product.look == Look(251.5, 33.0)
    assert product.projection_height == 87.25


ITEM = {
    "type": "Feature",
    "properties": {
        "start_datetime": "2025-01-01T02:03:04Z",
        "view:incidence_angle": 40.0,
        "umbra:target_azimuth_angle_degrees": 90.0,
        "sar:polarizations": ["HH"],
    },
}


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("2025-01-01_UMBRA-04_GEC.tif", "2025-01-01_UMBRA-04.stac.v2.json"),
        ("2025-01-01_UMBRA-04_GEC.tif", "2025-01-01_UMBRA-04_GEC.stac.v2.json"),
        ("renamed.tif", "renamed.stac.v2.json"),
    ],
)
def test_the_stac_item_beside_the_file_is_read(write_scene: Write, name: str, beside: str) -> None:
    """A satellite in the east of its target looks west."""
    path = write_scene(name, np.ones((4, 5), np.uint8), transform=NORTH_UP)
    path.with_name(beside).write_text(json.dumps(ITEM))
    found = find_product(path)
    assert (found.product.kind, found.recognised_by) == ("umbra-gec", f"{beside} beside it")
    assert (found.product.look, found.product.polarisation) == (Look(270.0, 40.0), "HH")
    assert found.product.time == datetime(2025, 1, 1, 2, 3, 4, tzinfo=UTC)
    assert found.metadata == (path.with_name(beside),)
    path.with_name(beside).write_text('{"properties": {"view:incidence_angle": "steep"}}')
    with pytest.raises(InputError, match="is not a STAC item of Umbra"):
        find_product(path)


@pytest.mark.parametrize(
    ("name", "pixels", "options", "reason"),
    [
        ("2023-04-30_UMBRA-05_GEC.tif", np.ones((4, 7), np.uint8), {}, "name of Umbra"),
        ("umbra_mount_yasur.tiff", np.ones((4, 7), np.uint8), {"transform": NORTH_UP}, "name of Umbra"),
        ("a.tif", np.ones((4, 7), np.uint8), {}, None),  # bytes on a turned grid may be anybody's
        ("UMBRA.tif", np.ones((4, 7), np.uint16), {}, None),
        ("UMBRA.tif", np.ones((2, 4, 7), np.uint8), {}, None),
        ("UMBRA.tif", np.ones((4, 7), np.uint8), {"tags": {"OEMSAR_REMAP": "pedf"}}, None),
    ],
)
def test_a_name_of_umbra_on_one_band_of_bytes_is_recognised(
    write_scene: Write, name: str, pixels: np.ndarray, options: dict[str, object], reason: str | None
) -> None:
    assert recognises(write_scene(name, pixels, **options)) == reason


def test_brightness_is_adapted_for_viewing(write_scene: Write) -> None:
    product = find_product(write_scene("UMBRA-04.tif", np.ones((4, 7), np.uint8))).product
    assert product.display_tuned
    assert product.calibration is None
    assert product.attribution == "Umbra Lab, Inc."


def test_a_name_as_long_as_a_name_can_be_is_read(write_scene: Write) -> None:
    """No file beside it can have a longer one."""
    path = write_scene(f"UMBRA{'x' * 245}.tif", np.ones((4, 7), np.uint8))
    assert find_product(path).product.kind == "umbra-gec"
    assert find_product(path, "amplitude").product.kind == "amplitude"
