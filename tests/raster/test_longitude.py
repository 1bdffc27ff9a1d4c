"""Longitudes of any turn lie on one circle: grids are outlined, compared and warped across 180 degrees."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from rasterio import Affine

from oemsar.raster.grid import footprint
from oemsar.raster.longitude import near, turn_of, turned_source
from oemsar.raster.pixels import RasterPixels, read_window
from oemsar.raster.read import Extent, describe, open_raster
from oemsar.raster.warp import on_grid

Write = Callable[..., Path]
MERCATOR = 2 * np.pi * 6378137
UTM_1 = GeoBox((100, 130), Affine(0.5, 0, 294200, 0, -0.5, 5766000), "EPSG:32601")


@pytest.mark.parametrize(
    ("crs", "turn"),
    [
        ("EPSG:4326", 360),
        ("EPSG:4979", 360),
        ("EPSG:4807", 400),  # grads
        ("EPSG:3857", MERCATOR),
        ("EPSG:3832", MERCATOR),  # Mercator about 150 degrees east, cut in the Atlantic
        ("EPSG:32601", 0),
        ("EPSG:3035", 0),
    ],
)
def test_a_turn_is_what_a_crs_repeats_after(crs: str, turn: float) -> None:
    assert turn_of(crs) == pytest.approx(turn)


def test_coordinates_are_moved_by_whole_turns_only() -> None:
    x = np.array([-179.9, 179.9, 181.0, -540.5, 0.1, np.nan])
    moved = near(x, 180.0, 360.0)
    np.testing.assert_allclose(moved, [180.1, 179.9, 181.0, 179.5, 0.1, np.nan])
    np.testing.assert_array_equal(near(x, 180.0, 0.0), x)


@pytest.mark.parametrize("west", [179.99, -180.01, 539.99])
def test_an_outline_across_the_antimeridian_is_cut_there(west: float) -> None:
    outline = footprint(GeoBox((20, 20), Affine(0.001, 0, west, 0, -0.001, 52), "EPSG:4326"))
    expected = shapely.union(shapely.box(179.99, 51.98, 180, 52), shapely.box(-180, 51.98, -179.99, 52))
    assert outline is not None
    assert outline.symmetric_difference(expected).area < 1e-9


def test_a_map_across_the_antimeridian_is_outlined_there() -> None:
    lon, lat = Transformer.from_crs("EPSG:32601", "EPSG:4326", always_xy=True).transform(294230.0, 5765980.0)
    assert 179.99 < lon < 180 or -180 < lon < -179.99
    outline = footprint(UTM_1)
    assert outline is not None
    assert outline.contains(shapely.Point(lon, lat))
    assert outline.area < 1e-5


def test_the_whole_earth_stays_whole() -> None:
    for west in (-180, 0):
        outline = footprint(GeoBox((180, 360), Affine(1, 0, west, 0, -1, 90), "EPSG:4326"))
        assert outline is not None
        assert outline.area == pytest.approx(360 * 180)


SOURCES = {
    "from 179.99 on": ("EPSG:4326", Affine(1e-5, 0, 179.998, 0, -1e-5, 52.0005)),
    "from -180.01 on": ("EPSG:4326", Affine(1e-5, 0, -180.002, 0, -1e-5, 52.0005)),
    "another datum": ("EPSG:4269", Affine(1e-5, 0, 179.998, 0, -1e-5, 52.0005)),
    "Web Mercator": ("EPSG:3857", Affine(1, 0, MERCATOR / 360 * 179.998, 0, -1, 6800283.7)),
}


@pytest.mark.parametrize("name", SOURCES)
def test_an_image_across_the_antimeridian_is_warped_whole(write_scene: Write, name: str) -> None:
    crs, affine = SOURCES[name]
    x, y = Transformer.from_crs("EPSG:4326", "EPSG:32601", always_xy=True).transform(-179.9995, 52.0)
    grid = GeoBox((100, 120), Affine(0.5, 0, x - 80, 0, -0.5, y + 10), "EPSG:32601")
    ramp = np.broadcast_to(np.arange(400, dtype=np.float32) + 1, (300, 400))
    path = write_scene("a.tif", ramp, crs=crs, transform=affine)
    with open_raster(path) as dataset, on_grid(dataset, describe(dataset, path), grid, (100, 120)) as warped:
        pixels, valid = read_window(RasterPixels.first(warped), Extent(0, 0, 100, 120))
    assert valid.all()
    wanted = _column(grid, crs, affine)
    np.testing.assert_allclose(pixels[0], wanted + 0.5, atol=0.1)


def _column(grid: GeoBox, crs: str, affine: Affine) -> NDArray[np.float64]:
    """Column of the source at every pixel centre of a grid, counted from its left edge."""
    row, column = np.indices(grid.shape) + 0.5
    east, north = grid.affine @ (column, row)
    lon, _ = Transformer.from_crs("EPSG:32601", "EPSG:4326", always_xy=True).transform(east, north)
    per_pixel = affine.a if crs != "EPSG:3857" else affine.a * 360 / MERCATOR
    return np.mod(lon - 179.998, 360) / per_pixel


def test_grids_within_one_turn_are_left_to_the_library() -> None:
    here = GeoBox((20, 20), Affine(0.001, 0, 10, 0, -0.001, 52), "EPSG:4326")
    assert turned_source(here, UTM_1) is None
    assert turned_source(here, here) is None
    assert turned_source(UTM_1, here) is None
    assert (
        turned_source(here, GeoBox((20, 20), Affine(0.001, 0, 370, 0, -0.001, 52), "EPSG:4326")) is not None
    )


def test_one_turn_apart_is_the_same_ground(write_scene: Write) -> None:
    ramp = np.broadcast_to(np.arange(60, dtype=np.float32) + 1, (50, 60))
    path = write_scene("a.tif", ramp, crs="EPSG:4326", transform=Affine(1e-5, 0, 10, 0, -1e-5, 52))
    grid = GeoBox((20, 30), Affine(1e-5, 0, 370.00005, 0, -1e-5, 51.9999), "EPSG:4326")
    with open_raster(path) as dataset, on_grid(dataset, describe(dataset, path), grid, (20, 30)) as warped:
        pixels, valid = read_window(RasterPixels.first(warped), Extent(0, 0, 20, 30))
    assert valid.all()
    np.testing.assert_allclose(pixels[0, 0], np.arange(30) + 6, atol=0.02)
