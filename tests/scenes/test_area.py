"""Areas in degrees, from four numbers or GeoJSON; everything else is told."""

import json
from pathlib import Path

import pytest
import shapely

from oemsar.errors import InputError
from oemsar.scenes.area import parse_area

TRIANGLE = {"type": "Polygon", "coordinates": [[[2, 48], [3, 48], [3, 49], [2, 48]]]}


def test_four_numbers_are_a_box() -> None:
    assert parse_area("2.5,48,3,48.5").equals(shapely.box(2.5, 48, 3, 48.5))
    assert parse_area(" -84.4, 33.6, -84.3, 33.7").bounds == (-84.4, 33.6, -84.3, 33.7)


def test_a_box_across_the_antimeridian_has_two_parts() -> None:
    area = parse_area("179,-18,-178,-16")
    assert area.area == pytest.approx(3 * 2)
    assert area.covers(shapely.Point(179.5, -17))
    assert area.covers(shapely.Point(-178.5, -17))
    assert not area.intersects(shapely.Point(0, -17))


@pytest.mark.parametrize(
    "content",
    [
        TRIANGLE,
        {"type": "Feature", "geometry": TRIANGLE, "properties": {}},
        {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": TRIANGLE}]},
        {"type": "GeometryCollection", "geometries": [TRIANGLE, {"type": "Point", "coordinates": [0, 0]}]},
    ],
)
def test_polygons_of_geojson_are_joined(tmp_path: Path, content: object) -> None:
    path = tmp_path / "area.geojson"
    path.write_text(json.dumps(content))
    assert parse_area(path).equals(shapely.geometry.shape(TRIANGLE))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,2,3", "are 3 numbers; give four"),
        ("2,49,3,48", "no south edge below its north edge"),
        ("2,nan,3,48", "no south edge below its north edge"),
        ("190,48,191,49", "longitudes beyond 180 degrees"),
        ("2,48,2,49", "or no width"),
        ("nowhere.geojson", "is no file and not four numbers"),
    ],
)
def test_what_is_no_area_is_told(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as raised:
        parse_area(text)
    assert raised.value.options == ("area",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "cannot be read as a GeoJSON file"),
        ("[]", "is no GeoJSON of polygons"),
        ('{"type": "Point", "coordinates": [1, 2]}', "holds no polygon"),
        ('{"type": "Polygon", "coordinates": "x"}', "is no GeoJSON of polygons"),
        (
            '{"type": "Polygon", "coordinates": [[[4e5, 5e6], [5e5, 5e6], [5e5, 6e6], [4e5, 5e6]]]}',
            "in degrees of longitude and latitude",
        ),
    ],
)
def test_a_file_without_an_area_is_told(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "area.geojson"
    path.write_text(content)
    with pytest.raises(InputError, match=words):
        parse_area(path)
