"""Umbra's collect metadata give a look at the scene, wherever the satellite measured its azimuth."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest

from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.products.umbra_metadata import azimuth_at_scene, beside, read_metadata

COLLECT = {
    "polarizations": ["VV", "HV"],
    "angleAzimuthDegrees": 250.0,
    "angleIncidenceDegrees": 52.0,
    "slantRangeMeters": 820e3,
    "sceneCenterPointLla": {"type": "Point", "coordinates": [10.0, 55.0, 100.0]},
}


def _read(folder: Path, document: Any) -> Any:
    path = folder / "a_METADATA.json"
    path.write_text(json.dumps(document))
    return read_metadata(path)


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


def test_longitude_goes_before_latitude_in_the_scene_centre(tmp_path: Path) -> None:
    """GeoJSON's order. East of the nadir in the north, north is turned the way of the meridians there."""
    metadata = _read(tmp_path, {"collects": [COLLECT]})
    assert metadata.look.azimuth == pytest.approx(azimuth_at_scene(250.0, 55.0, 10.0, 52.0, 820e3))
    assert metadata.look.azimuth != pytest.approx(azimuth_at_scene(250.0, 10.0, 55.0, 52.0, 820e3), abs=1)
    assert metadata.look.incidence == 52.0
    assert (metadata.polarisation, metadata.time) == ("VV,HV", None)


@pytest.mark.parametrize("left_out", [key for key in COLLECT if key != "polarizations"])
def test_a_collect_that_states_part_of_its_geometry_has_no_look(tmp_path: Path, left_out: str) -> None:
    collect = {key: value for key, value in COLLECT.items() if key != left_out}
    assert _read(tmp_path, {"collects": [collect]}).look is None


@pytest.mark.parametrize(
    "document", [{}, {"collects": []}, {"collects": [5]}, {"collects": [{"startAtUTC": "x"}]}]
)
def test_other_documents_are_refused(tmp_path: Path, document: Any) -> None:
    with pytest.raises(InputError, match=r"a_METADATA\.json is not Umbra metadata"):
        _read(tmp_path, document)


@pytest.mark.parametrize("name", ["2025-01-01_UMBRA-04_GEC.tif", "2025-01-01_UMBRA-04.nitf"])
def test_the_metadata_of_all_products_of_a_collect_are_one_file(tmp_path: Path, name: str) -> None:
    assert beside(tmp_path / name) is None
    item, metadata = (tmp_path / f"2025-01-01_UMBRA-04{end}" for end in (".stac.v2.json", "_METADATA.json"))
    item.touch()
    assert beside(tmp_path / name) == item
    metadata.touch()
    assert beside(tmp_path / name) == metadata


@pytest.mark.parametrize(
    ("properties", "look"),
    [
        ({"view:incidence_angle": 40, "umbra:target_azimuth_angle_degrees": 300}, Look(120.0, 40.0)),
        ({"umbra:grazing_angle_degrees": 55, "umbra:target_azimuth_angle_degrees": 0}, Look(180.0, 35.0)),
        ({"umbra:grazing_angle_degrees": 55}, None),
        ({"umbra:target_azimuth_angle_degrees": 0}, None),
    ],
)
def test_the_azimuth_of_the_item_points_from_the_target_to_the_satellite(
    tmp_path: Path, properties: dict[str, float], look: Look | None
) -> None:
    path = tmp_path / "a.stac.v2.json"
    path.write_text(json.dumps({"properties": {**properties, "datetime": "2025-01-01T02:03:04Z"}}))
    metadata = read_metadata(path)
    assert (metadata.look, metadata.polarisation) == (look, None)
    assert metadata.time is not None
    assert metadata.time.hour == 2


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"properties": {"view:incidence_angle": NaN}}', "[" * 9000]
)
def test_other_items_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.stac.v2.json"
    path.write_text(text)
    with pytest.raises(InputError, match="STAC item of Umbra"):
        read_metadata(path)
