"""Roads and buildings as GeoJSON: at their place on earth, cut at the orthophoto's edge and at the water."""

from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer
from shapely.geometry import shape

from oemsar.simulate.noise import stream
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.geometry import SceneGeometry, choose_geometry
from oemsar.simulate.scene.vectors import buildings, roads
from oemsar.simulate.world.canvas_plan import CanvasPlan
from oemsar.simulate.world.polygon import Rectangle, heading
from oemsar.simulate.world.streets import Bend, Street
from oemsar.simulate.world.surfaces import SurfaceRaster
from oemsar.simulate.world.waters import Waters

from ..worlds import grass_with, slope_along


@pytest.fixture(scope="module")
def geometry() -> SceneGeometry:
    return choose_geometry(SceneConfig(size=200, gsd=0.5, relief=5, look_azimuth=60, country="JPN", seed=3))


def in_canvas(features: list[dict[str, Any]], geometry: SceneGeometry) -> list[shapely.Geometry]:
    """Shapes of the features in metres from the canvas's upper left corner, rows down."""
    to_map = Transformer.from_crs(4326, geometry.region.epsg, always_xy=True)
    canvas = geometry.canvas.affine

    def place(lon_lat: np.ndarray) -> np.ndarray:
        east, north = to_map.transform(*lon_lat.T)
        return np.stack([east - canvas.c, canvas.f - north], axis=1)

    return [shapely.transform(shape(feature["geometry"]), place) for feature in features]


def core_corner(geometry: SceneGeometry) -> complex:
    rows, columns = geometry.core
    return complex(columns.start, rows.start) * 0.5


def as_shape(box: Rectangle) -> shapely.Polygon:
    return shapely.Polygon([(vertex.real, vertex.imag) for vertex in box.outline])


def test_buildings_stand_at_their_place_with_their_height_and_ground(geometry: SceneGeometry) -> None:
    corner = core_corner(geometry)
    house = Rectangle(corner + 30 + 20j, heading(37), 9, 5)
    hall = Rectangle(corner + 70 + 60j, heading(110), 20, 15)
    machine = Rectangle(corner + 15 + 70j, 1, 1.2, 1.2)
    outside = Rectangle(corner - 20 + 50j, 1, 9, 5)
    ground = slope_along(90, 0.1, geometry.shape, 0.5) + slope_along(180, 0.02, geometry.shape, 0.5)
    boxes = [(house, 6.0), (hall, 9.0), (machine, 2.0), (outside, 6.0)]
    world = grass_with(boxes, geometry.shape, 0.5, ground)
    document = buildings(geometry, world)
    assert document["type"] == "FeatureCollection"
    found = in_canvas(document["features"], geometry)
    assert len(found) == 2
    for box, polygon, feature in zip((house, hall), found, document["features"], strict=True):
        assert polygon.symmetric_difference(as_shape(box)).area < 0.05
        properties = feature["properties"]
        row, column = int(box.centre.imag / 0.5), int(box.centre.real / 0.5)
        assert properties["ground"] == pytest.approx(ground[row, column] + geometry.base, abs=0.01)
        assert properties["roof"] == "flat"
    sizes = [
        (feature["properties"]["height"], feature["properties"]["class"]) for feature in document["features"]
    ]
    assert sizes == [(6.0, "block"), (9.0, "hall")]


def test_buildings_at_the_edge_are_cut_there(geometry: SceneGeometry) -> None:
    corner = core_corner(geometry)
    at_left = Rectangle(corner + 0 + 40j, 1, 10, 6)
    at_bottom = Rectangle(corner + 60 + 100j, 1, 10, 6)
    world = grass_with([(at_left, 6.0), (at_bottom, 6.0)], geometry.shape, 0.5)
    found = in_canvas(buildings(geometry, world)["features"], geometry)
    assert [polygon.area for polygon in found] == pytest.approx([120, 120], rel=0.001)
    left, top = corner.real, corner.imag
    assert found[0].bounds == pytest.approx((left, top + 34, left + 10, top + 46), abs=0.01)
    assert found[1].bounds == pytest.approx((left + 50, top + 94, left + 70, top + 100), abs=0.01)


def test_roofs_have_their_kind_and_buildings_drawn_over_are_left_out(geometry: SceneGeometry) -> None:
    corner = core_corner(geometry)
    surfaces = SurfaceRaster(geometry.shape, 0.5, 0.0, stream(1))
    dry = Waters("none", np.full(geometry.shape, 1e4, np.float32), 0, "grass", np.zeros(geometry.shape, bool))
    plan = CanvasPlan(geometry.region, surfaces, Bend(0, stream(2)), dry, stream(3))
    plan.build(Rectangle(corner + 25 + 20j, heading(37), 9, 5), 4.0, "tile", pitch=0.6)
    plan.build(Rectangle(corner + 25 + 60j, heading(37), 9, 5), 4.0, "tile", pitch=0.6, hipped=True)
    plan.build(Rectangle(corner + 75 + 20j, heading(37), 3, 2), 2.5, "tile")
    plan.build(Rectangle(corner + 75 + 60j, heading(37), 9, 5), 4.0, "tile")
    plan.build(Rectangle(corner + 75 + 60j, heading(37), 12, 8), 5.0, "tile", pitch=0.1)
    world = grass_with([], geometry.shape, 0.5)
    world = type(world)(**{**vars(world), "surface": surfaces.index(), "table": surfaces.table()})
    found = [feature["properties"] for feature in buildings(geometry, world)["features"]]
    assert [(each["roof"], each["class"]) for each in found] == [
        ("gabled", "house"),
        ("hipped", "house"),
        ("flat", "shed"),
        ("gabled", "block"),
    ]
    assert (found[0]["eaves"], found[0]["height"]) == (4.0, 7.0)


def streets(geometry: SceneGeometry, waters: Waters | None, *planned: Street) -> list[dict[str, Any]]:
    dry = Waters("none", np.full(geometry.shape, 1e4, np.float32), 0, "grass", np.zeros(geometry.shape, bool))
    sheet = SurfaceRaster(geometry.shape, 0.5, 0.0, stream(1))
    plan = CanvasPlan(
        geometry.region, sheet, Bend(0, stream(2)), waters or dry, stream(3), streets=[*planned]
    )
    features: list[dict[str, Any]] = roads(geometry, plan)["features"]
    return features


def test_roads_are_middle_lines_with_width_and_class_cut_at_the_edge(geometry: SceneGeometry) -> None:
    corner = core_corner(geometry)
    along = Street(corner + 10 + 20j, corner + 80 + 70j, 5.6)
    beyond = Street(corner + 60 - 30j, corner + 60 + 50j, 9.5)
    features = streets(geometry, None, along, beyond)
    lines = in_canvas(features, geometry)
    ends = [(corner.real + 10, corner.imag + 20), (corner.real + 80, corner.imag + 70)]
    assert lines[0].hausdorff_distance(shapely.LineString(ends)) < 0.01
    assert lines[1].length == pytest.approx(50, abs=0.01)
    assert [feature["properties"] for feature in features] == [
        {"width": 5.6, "class": "local"},
        {"width": 9.5, "class": "main"},
    ]


@pytest.mark.parametrize("bridge", [False, True])
def test_roads_end_at_the_water_but_for_bridges(geometry: SceneGeometry, bridge: bool) -> None:
    corner = core_corner(geometry)
    metres = (np.arange(geometry.shape[1]) + 0.5) * 0.5 - corner.real
    shore = np.broadcast_to(np.abs(metres - 50) - 12, geometry.shape).astype(np.float32)
    spanned = np.full(geometry.shape, bridge)
    waters = Waters("river", shore, 3.0, "grass", spanned)
    street = Street(corner + 5 + 30j, corner + 95 + 30j, 6.0)
    lines = in_canvas(streets(geometry, waters, street), geometry)
    if bridge:
        assert [line.length for line in lines] == pytest.approx([90], abs=0.01)
        return
    assert len(lines) == 2
    for line in lines:
        first, last = (x - corner.real for x in (line.bounds[0], line.bounds[2]))
        assert last < 38 or first > 62
        assert line.length == pytest.approx(29, abs=8)  # whole steps of at most 8 m are left out
