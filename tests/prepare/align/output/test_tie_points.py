import json
from pathlib import Path

import numpy as np
import pytest
from odc.geo.geobox import GeoBox
from rasterio import Affine
from rasterio.warp import transform

from oemsar.errors import InputError
from oemsar.prepare.align.output.tie_points import TiePoints, read_tie_points, write_geojson, write_points

GRID = GeoBox(
    (300, 400), Affine.translation(4e5, 5e6) @ Affine.rotation(30) @ Affine.scale(0.5, -0.5), "EPSG:32631"
)
POINTS = TiePoints(
    np.array([1.25, 200.5, 17.0]),
    np.array([9.0, 33.25, 250.75]),
    np.array([3.5, 210.0, 20.25]),
    np.array([8.0, 30.0, 260.5]),
    np.array([True, False, True]),
    np.array([0.4, np.nan, 1.2]),
)


@pytest.mark.parametrize("grid", [GRID, None])
@pytest.mark.parametrize("name", ["points.geojson", "points.points"])
def test_points_come_back(tmp_path: Path, grid: GeoBox | None, name: str) -> None:
    path = tmp_path / name
    (write_points if name.endswith(".points") else write_geojson)(path, POINTS, grid)
    again = read_tie_points(path, grid)
    for column in ("sar_x", "sar_y", "optical_x", "optical_y"):
        np.testing.assert_allclose(getattr(again, column), getattr(POINTS, column), atol=1e-3)
    np.testing.assert_array_equal(again.used, POINTS.used)


def test_a_new_point_needs_only_its_place_on_the_map(tmp_path: Path) -> None:
    path = tmp_path / "points.geojson"
    write_geojson(path, POINTS, GRID)
    path.write_text(path.read_text().replace("optical_", "former_"))
    again = read_tie_points(path, GRID)
    np.testing.assert_allclose(again.optical_x, POINTS.optical_x, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.geojson", "{", "is not GeoJSON"),
        ("a.geojson", '{"features": []}', "holds no tie points"),
        ("a.geojson", '{"features": [{"properties": {"sar_x": 1}}]}', "sar_y"),
        ("a.points", "mapX,mapY\n1,2\n", "georeferencer"),
    ],
)
def test_other_files_are_told(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_tie_points(tmp_path / name, None)


def test_points_of_qgis_count_from_corners(tmp_path: Path) -> None:
    """QGIS's georeferencer: source pixels from the corner of the first one, rows downwards and negative.

    The first pixel's centre is half a pixel inside, on both images.
    """
    path = tmp_path / "a.points"
    first = TiePoints(*np.zeros((4, 1)), np.array([True]), np.array([0.5]))
    write_points(path, first, GRID)
    header, row = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    found = dict(zip(header.split(","), (float(value) for value in row.split(",")), strict=True))
    assert (found["sourceX"], found["sourceY"]) == (0.5, -0.5)
    assert (found["mapX"], found["mapY"]) == pytest.approx(GRID.affine @ (0.5, 0.5), abs=1e-5)
    write_points(path, first, None)
    assert path.read_text().splitlines()[1].startswith("0.500000,-0.500000,0.500000,-0.500000,1,")


def test_points_on_the_map_are_centres_of_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    write_geojson(path, POINTS, GRID)
    features = json.loads(path.read_text())["features"]
    lon, lat = np.array([feature["geometry"]["coordinates"] for feature in features]).T
    expected = GRID.affine @ (POINTS.optical_x + 0.5, POINTS.optical_y + 0.5)
    np.testing.assert_allclose(transform("EPSG:4326", "EPSG:32631", lon, lat), expected, atol=1e-3)
