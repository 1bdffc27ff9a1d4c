"""Umbra GECs are bytes on a turned grid; the JSON beside them tells their look."""

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


@pytest.mark.parametrize(
    ("pixels", "options", "umbra"),
    [
        (np.ones((4, 7), np.uint8), {}, True),
        (np.ones((4, 7), np.uint8), {"transform": NORTH_UP}, False),
        (np.ones((4, 7), np.uint16), {}, False),
        (np.ones((2, 4, 7), np.uint8), {}, False),
        (np.ones((4, 7), np.uint8), {"tags": {"OEMSAR_REMAP": "pedf"}}, False),
    ],
)
def test_one_band_of_bytes_on_a_turned_grid_is_recognised(
    write_scene: Write, pixels: np.ndarray, options: dict[str, object], umbra: bool
) -> None:
    assert recognises(write_scene("a.tif", pixels, **options)) is umbra


def test_brightness_is_adapted_for_viewing(write_scene: Write) -> None:
    product = find_product(write_scene("a.tif", np.ones((4, 7), np.uint8))).product
    assert product.display_tuned
    assert product.calibration is None
    assert product.attribution == "Umbra Lab, Inc."
