"""Positions after orthorectification against a sensor worked out by the tests, and against GDAL."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from rasterio import Affine
from rasterio.enums import Resampling
from rasterio.warp import reproject
from scipy.optimize import fsolve

from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.prepare.ortho.pixel_map import ortho_mapping

from .scenes import CRS, EAST, NORTH, Orbit, dem, flat_scene, grid_around, slant_scene

SIZE, SPACING = 400, 0.5


def hills(east: Any, north: Any) -> Any:
    return 120 + 40 * np.sin((east - EAST) / 150) * np.cos((north - NORTH) / 110)


def pixels(size: int) -> tuple[Any, Any]:
    y, x = np.mgrid[:size, :size].astype(float)
    return x, y


def found_target(mapping: Any, target: tuple[float, float]) -> Any:
    """Where on the grid the scene's pixel `target` (x, y) ends."""

    def miss(position: Any) -> Any:
        found = mapping(*(np.array([[each]]) for each in position))
        return [float(found[0][0, 0]) - target[0], float(found[1][0, 0]) - target[1]]

    return fsolve(miss, (300.0, 300.0))


@pytest.mark.parametrize("incidence", [25.0, 35.0, 45.0, 55.0])
@pytest.mark.parametrize("azimuth", [0.0, 75.0, 284.0])
def test_a_raised_terrain_moves_a_target_away_by_its_rise_over_the_tangent(
    tmp_path: Path, incidence: float, azimuth: float
) -> None:
    orbit = Orbit(Look(azimuth, incidence), SIZE, SPACING, 100.0)
    scene = slant_scene(tmp_path / "sar.tif", orbit, np.zeros((SIZE, SIZE), np.uint8))
    grid = grid_around(600, 0.5)
    ends = []
    for number, height in enumerate((100.0, 130.0)):
        path = dem(tmp_path / f"dem{number}.tif", height)
        with ortho_mapping(scene, grid, path) as mapping:
            ends.append(found_target(mapping, (199.5, 199.5)))
    moved = (ends[1] - ends[0]) * 0.5
    # true north is 0.75 degrees from the north of the map here
    convergence = math.radians(-1.35 * math.sin(math.radians(35.6)))
    turned = math.radians(azimuth) - convergence
    expected = 30 / math.tan(math.radians(incidence)) * np.array([math.sin(turned), -math.cos(turned)])
    np.testing.assert_allclose(moved, expected, atol=0.5)
    assert math.hypot(*moved) == pytest.approx(30 / math.tan(math.radians(incidence)), abs=0.1)
    if incidence == 45:
        assert math.hypot(*moved) == pytest.approx(30 / math.tan(math.radians(90 - incidence)), abs=0.5)


def test_positions_are_those_of_the_sensor_over_the_hills(tmp_path: Path) -> None:
    orbit = Orbit(Look(100, 35), SIZE, SPACING, 120.0)
    scene = slant_scene(tmp_path / "sar.tif", orbit, np.zeros((SIZE, SIZE), np.uint8))
    grid = grid_around(300, 1.0)
    x, y = pixels(300)
    with ortho_mapping(scene, grid, dem(tmp_path / "dem.tif", hills, step=2.0)) as mapping:
        found = mapping(x, y)
    east, north = grid.affine @ (x + 0.5, y + 0.5)
    line, sample = orbit.on_map(east, north, hills(east, north))
    np.testing.assert_allclose(found[0], sample, atol=0.02)
    np.testing.assert_allclose(found[1], line, atol=0.02)


def test_gdal_puts_the_pixels_in_the_same_places(tmp_path: Path) -> None:
    orbit = Orbit(Look(100, 35), SIZE, SPACING, 120.0)
    grid = grid_around(300, 1.0)
    terrain = dem(tmp_path / "dem.tif", hills, step=5.0)
    columns, rows = pixels(SIZE)
    scene = slant_scene(tmp_path / "sar.tif", orbit, columns.astype(np.float32))
    with ortho_mapping(scene, grid, terrain) as mapping:
        found = mapping(*pixels(300))
    for coordinates, ours in zip((columns, rows), found, strict=True):
        theirs = np.full((300, 300), np.nan, np.float32)
        with rasterio.open(scene) as dataset:
            reproject(
                coordinates.astype(np.float32),
                theirs,
                rpcs=dataset.rpcs,
                src_crs="EPSG:4326",
                dst_crs=CRS,
                dst_transform=grid.affine,
                dst_nodata=np.nan,
                resampling=Resampling.bilinear,
                RPC_DEM=str(terrain),
                RPC_DEMINTERPOLATION="bilinear",
                tolerance=0.0,
            )
        inside = np.isfinite(theirs) & (found[0] > 1) & (found[0] < 398) & (found[1] > 1) & (found[1] < 398)
        assert inside.sum() > 30_000
        assert np.abs(theirs - ours)[inside].max() < 0.1


def test_the_rpc_counts_where_a_scene_has_an_affine_too(tmp_path: Path) -> None:
    orbit, blank = Orbit(Look(100, 35), SIZE, SPACING, 120.0), np.zeros((SIZE, SIZE), np.uint8)
    alone = slant_scene(tmp_path / "alone.tif", orbit, blank)
    wrong = Affine(1, 0, EAST + 5000, 0, -1, NORTH)
    both = slant_scene(tmp_path / "both.tif", orbit, blank, crs=CRS, transform=wrong)
    with rasterio.open(both) as dataset:
        assert dataset.transform == wrong
    grid, terrain = grid_around(100, 2.0), dem(tmp_path / "dem.tif", hills)
    with ortho_mapping(alone, grid, terrain) as first, ortho_mapping(both, grid, terrain) as second:
        np.testing.assert_array_equal(first(*pixels(100)), second(*pixels(100)))


def test_heights_lean_towards_the_radar_in_a_ground_range_product(tmp_path: Path) -> None:
    look, plane = Look(100, 35), 100.0
    turned = Affine.translation(EAST - 150, NORTH + 100) @ Affine.rotation(-20) @ Affine.scale(0.5, -0.5)
    scene = flat_scene(tmp_path / "gec.tif", np.zeros((SIZE, SIZE), np.uint8), turned, look, plane)
    grid = grid_around(300, 1.0)
    x, y = pixels(300)
    with ortho_mapping(scene, grid, dem(tmp_path / "dem.tif", hills, step=2.0)) as mapping:
        found = mapping(x, y)
    # what the sensor would show: the point of the plane with the same range and Doppler
    orbit = Orbit(look, SIZE, SPACING, plane)
    at = np.array([20, 150, 290])
    for row, column in zip(at, at[::-1], strict=True):
        east, north = grid.affine @ (column + 0.5, row + 0.5)
        goal = orbit.on_map(east, north, hills(east, north))

        def miss(place: Any, goal: Any = goal) -> Any:
            seen = orbit.on_map(place[0], place[1], plane)
            return [float(seen[0] - goal[0]), float(seen[1] - goal[1])]

        place = fsolve(miss, (east, north))
        expected = ~turned @ place
        assert found[0][row, column] + 0.5 == pytest.approx(expected[0], abs=0.3)
        assert found[1][row, column] + 0.5 == pytest.approx(expected[1], abs=0.3)


def test_where_the_terrain_has_a_hole_the_map_leads_nowhere(tmp_path: Path) -> None:
    orbit = Orbit(Look(100, 35), SIZE, SPACING, 120.0)
    scene = slant_scene(tmp_path / "sar.tif", orbit, np.zeros((SIZE, SIZE), np.uint8))

    def holed(east: Any, north: Any) -> Any:
        return np.where(np.hypot(east - EAST, north - NORTH) < 50, -9999, 100)

    path = dem(tmp_path / "dem.tif", holed, nodata=-9999)
    with ortho_mapping(scene, grid_around(300, 1.0), path) as mapping:
        found = mapping(*pixels(300))
    assert np.isnan(found[0][145:155, 145:155]).all()
    assert np.isfinite(found[0][:80]).all()


def test_a_scene_must_say_how_it_was_seen(tmp_path: Path) -> None:
    affine, blank = Affine(1, 0, EAST, 0, -1, NORTH), np.zeros((50, 50), np.uint8)
    terrain, grid = dem(tmp_path / "dem.tif", 100.0), grid_around(50, 1.0)
    silent = flat_scene(tmp_path / "silent.tif", blank, affine, None, None)
    with pytest.raises(InputError, match="neither an RPC nor its look"):
        ortho_mapping(silent, grid, terrain)
    no_plane = flat_scene(tmp_path / "plane.tif", blank, affine, Look(10, 35), None)
    with pytest.raises(InputError, match=r"projection_height: .* give metres above the ellipsoid"):
        ortho_mapping(no_plane, grid, terrain)
    ortho_mapping(silent, grid, terrain, look=Look(10, 35), projection_height=100)


def test_pixels_are_lost_inside_a_scene_that_is_wider_than_high(tmp_path: Path) -> None:
    """No height anywhere: of a grid 20 pixels wider on every side, the pixels of the scene are lost."""
    affine = Affine(0.5, 0, EAST - 60, 0, -0.5, NORTH + 20)
    scene = flat_scene(tmp_path / "sar.tif", np.ones((60, 260), np.uint8), affine, Look(205, 35), 100.0)
    nowhere = dem(tmp_path / "dem.tif", -9999, nodata=-9999)
    grid = GeoBox((100, 300), affine @ Affine.translation(-20, -20), CRS)
    y, x = np.mgrid[:100, :300].astype(float)
    with ortho_mapping(scene, grid, nowhere) as mapping:
        assert mapping.lost(x, y, (60, 260), 100.0) == 60 * 260
