"""A raster around the earth has no edge between its last column and its first."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from rasterio import Affine

from oemsar.geometry.datum import Datum
from oemsar.geometry.globe import AroundGlobe, goes_round, values_at
from oemsar.geometry.mapping import between_grids
from oemsar.geometry.open_heights import open_heights
from oemsar.raster.pixels import RasterPixels
from oemsar.raster.read import Extent, open_raster

Write = Callable[..., Path]
WORLD = Affine(2, 0, -181, 0, -2, 91)
"""Pixels of 2 degrees with centres at -180, -178, ... 178."""


def wave(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    return 30 * np.cos(np.radians(lon - 20)) + 0.1 * lat


@pytest.fixture
def world(write_scene: Write) -> Path:
    lat, lon = np.meshgrid(np.arange(90, -91, -2.0), np.arange(-180, 180, 2.0), indexing="ij")
    return write_scene("geoid.tif", wave(lon, lat).astype(np.float32), crs="EPSG:4326", transform=WORLD)


def test_only_a_raster_of_one_whole_turn_goes_round() -> None:
    assert goes_round(GeoBox((91, 180), WORLD, "EPSG:4326"))
    assert not goes_round(GeoBox((91, 181), WORLD, "EPSG:4326"))
    assert not goes_round(GeoBox((91, 90), WORLD, "EPSG:4326"))
    assert not goes_round(GeoBox((91, 180), WORLD, "EPSG:32631"))
    assert not goes_round(GeoBox((91, 180), WORLD, None))


def test_columns_beyond_the_last_are_the_first(world: Path) -> None:
    with open_raster(world) as dataset:
        pixels = RasterPixels.first(dataset)
        whole, _ = pixels.read(Extent(0, 0, 91, 180))
        wide, known = AroundGlobe(pixels, 5).read(Extent(3, 0, 40, 190))
        assert known is None or known.all()
        np.testing.assert_array_equal(wide, np.pad(whole, ((0, 0), (0, 0), (5, 5)), mode="wrap")[:, 3:43])
        part, _ = AroundGlobe(pixels, 5).read(Extent(3, 183, 4, 6))
        np.testing.assert_array_equal(part[0], np.roll(whole[0, 3:7], 2, 1)[:, :6])


@pytest.mark.parametrize("lon", [179.0, 179.99, -179.5, 180.01, -180.0, 181.3, 359.0, 12.3])
def test_a_geoid_is_read_across_its_seam(world: Path, write_scene: Write, lon: float) -> None:
    # a model of 0 above the sea, counted from 0 to 360, on either side of 180 degrees
    flat = np.zeros((40, 60), np.float32)
    path = write_scene("dem.tif", flat, crs="EPSG:4326", transform=Affine(0.1, 0, lon - 3, 0, -0.1, 2))
    with open_heights(path, Datum.ORTHOMETRIC, world) as heights:
        found = heights.at(np.array([lon]), np.array([0.5]))
    np.testing.assert_allclose(found, wave(np.array([lon]), np.array([0.5])), atol=0.01)


def test_points_inside_are_read_as_without_a_seam(world: Path) -> None:
    with open_raster(world) as dataset:
        pixels = RasterPixels.first(dataset)
        x, y = np.array([20.3, 77.9]), np.array([30.2, 61.0])
        alone = values_at(pixels, GeoBox((91, 180), WORLD, None), x, y, "bicubic")
        np.testing.assert_array_equal(
            values_at(pixels, GeoBox((91, 180), WORLD, "EPSG:4326"), x, y, "bicubic"), alone
        )


@pytest.mark.parametrize("turns", [0, 1, -1])
def test_an_elevation_model_of_any_turn_covers_the_ground_across_180(write_scene: Write, turns: int) -> None:
    ramp = np.broadcast_to(np.arange(200, dtype=np.float32), (60, 200))
    affine = Affine(1e-4, 0, 179.99 - 360 * turns, 0, -1e-4, 52.003)
    path = write_scene("dem.tif", ramp, crs="EPSG:4326", transform=affine)
    with open_heights(path, Datum.ELLIPSOID) as heights:
        lon = np.array([179.995, -179.995, 180.005, 179.9999, -179.9999])
        lat = np.full(5, 52.0)
        assert heights.covers(lon, lat).all()
        expected = np.mod(lon - 179.99, 360) / 1e-4 - 0.5
        np.testing.assert_allclose(heights.at(lon, lat), expected, atol=1e-3)
        utm = heights.on("EPSG:32601")
        middle = Transformer.from_crs("EPSG:4326", "EPSG:32601", always_xy=True).transform(180.0, 52.0)
        x, y = np.meshgrid(np.linspace(-300, 300, 60) + middle[0], np.linspace(-90, 90, 30) + middle[1])
        found = utm.at(x, y)
        assert np.isfinite(found).all()
        assert (np.diff(found, axis=1) > 0).all()


def test_grids_a_turn_apart_lie_on_each_other() -> None:
    first = GeoBox((10, 20), Affine(0.01, 0, 179.9, 0, -0.01, 5), "EPSG:4326")
    second = GeoBox((10, 20), Affine(0.01, 0, -180.1, 0, -0.01, 5), "EPSG:4326")
    x, y = np.array([0.0, 19.0]), np.array([0.0, 9.0])
    np.testing.assert_allclose(between_grids(first, second)(x, y), (x, y), atol=1e-9)
    world = GeoBox((180, 360), Affine(1, 0, 0, 0, -1, 90), "EPSG:4326")
    signed = GeoBox((180, 360), Affine(1, 0, -180, 0, -1, 90), "EPSG:4326")
    columns = np.array([0.0, 179.0, 180.0, 359.0])
    found, _ = between_grids(world, signed)(columns, np.zeros(4))
    np.testing.assert_allclose(found, [180, 359, 0, 179], atol=1e-9)
