"""Levels of tiles: pixels around areas, the tiles that hold them, and the way back from an outline."""

import math

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from oemsar.raster.grid import footprint
from oemsar.raster.read import Extent
from oemsar.scenes.tile_matrix import TileMatrix, ground_resolution, stretch_of, web_mercator

LAMBERT = TileMatrix("EPSG:2154", 0.0, 12_000_000.0, 0.2, 256, range(200, 25_000), range(90_000, 120_000))


def degrees_of(column: float, row: float, level: int) -> tuple[float, float]:
    """Longitude and latitude of a pixel of Web Mercator, by the formula of the OpenStreetMap wiki."""
    side = 256 << level
    return column / side * 360 - 180, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / side))))


@settings(max_examples=40)
@given(st.integers(2, 19), st.floats(0.1, 0.9), st.floats(0.1, 0.9), st.integers(0, 700), st.integers(0, 700))
def test_pixels_and_tiles_of_web_mercator_are_those_that_everybody_numbers(
    level: int, across: float, down: float, width: int, height: int
) -> None:
    side = 256 << level
    column, row = int(across * side), int(down * side)
    last_column, last_row = min(column + width, side - 1), min(row + height, side - 1)
    west, north = degrees_of(column + 0.5, row + 0.5, level)
    east, south = degrees_of(last_column + 0.5, last_row + 0.5, level)
    area = (
        shapely.box(west, south, east, north) if width and height else shapely.Point(west, north).buffer(1e-9)
    )
    extent = web_mercator(level).pixels_of(area)
    if not (width and height):
        last_column, last_row = column, row
    assert extent == Extent(row, column, last_row - row + 1, last_column - column + 1)
    tiles = list(web_mercator(level).tiles(extent))
    assert tiles[0] == (column // 256, row // 256)
    assert tiles[-1] == (last_column // 256, last_row // 256)
    assert len(set(tiles)) == len(tiles) == web_mercator(level).count(extent)


@settings(max_examples=20)
@given(st.floats(-4.0, 8.0), st.floats(43.0, 50.0), st.floats(1e-5, 2e-3), st.floats(1e-5, 2e-3))
def test_the_outline_of_a_grid_leads_back_to_its_pixels(
    lon: float, lat: float, width: float, height: float
) -> None:
    for matrix in (LAMBERT, web_mercator(18)):
        extent = matrix.pixels_of(shapely.box(lon, lat, lon + width, lat + height))
        outline = footprint(matrix.grid(extent))
        assert outline is not None
        stored = shapely.from_wkt(shapely.to_wkt(outline, rounding_precision=-1))
        assert matrix.pixels_of_scene(stored, None) == extent
        assert matrix.pixels_of_scene(stored, shapely.box(-180, -89, 180, 89)) == extent


def test_pixels_lie_in_tiles_that_the_service_may_have() -> None:
    assert matrix_size(LAMBERT.pixels_of(shapely.box(139, 35, 140, 36))) == 0
    edge = LAMBERT.pixels_of(shapely.box(-20, 30, 20, 60))
    assert (edge.column, edge.row) == (200 * 256, 90_000 * 256)
    assert (edge.width, edge.height) == ((25_000 - 200) * 256, 30_000 * 256)
    assert LAMBERT.count(Extent(0, 0, 0, 5)) == 0


def matrix_size(extent: Extent) -> int:
    return extent.width * extent.height


def test_lengths_on_the_ground() -> None:
    tokyo = shapely.box(139.7, 35.6, 139.8, 35.76)
    assert ground_resolution(web_mercator(18), tokyo) == pytest.approx(0.485, abs=1e-3)
    assert ground_resolution(LAMBERT, tokyo) == 0.2
    assert stretch_of("EPSG:26916", 60) == 1
