"""Masks of bodies on a grid, at any azimuth, against their outlines shifted by hand."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Geod, Transformer
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.geometry import sweep as module
from oemsar.geometry.look import Look
from oemsar.geometry.open_heights import open_surface
from oemsar.geometry.sweep import UNKNOWN, Lines, sweep
from oemsar.raster.raw_raster import RawRaster

CRS, EAST, NORTH, GSD = "EPSG:32654", 380_000.0, 3_940_000.0, 0.5


def square(size: int, gsd: float = GSD) -> GeoBox:
    half = size * gsd / 2
    return GeoBox((size, size), Affine(gsd, 0, EAST - half, 0, -gsd, NORTH + half), CRS)


def surface(path: Path, grid: GeoBox, heights: Any) -> Path:
    """A surface model without any vertical datum, by a function of easting and northing from the middle."""
    rows, columns = np.mgrid[: grid.shape[0], : grid.shape[1]]
    east, north = grid.affine @ (columns + 0.5, rows + 0.5)
    values = np.asarray(heights(east - EAST, north - NORTH), np.float32)
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "crs": CRS, "transform": grid.affine}
    with rasterio.open(
        path, "w", height=grid.shape[0], width=grid.shape[1], nodata=-9999, **profile
    ) as dataset:
        dataset.write(values, 1)
    return path


def masks(folder: Path, path: Path, grid: GeoBox, look: Look) -> tuple[NDArray[Any], NDArray[Any]]:
    canvases = [RawRaster(folder / f"{name}.raw", grid.shape, np.uint8) for name in ("layover", "shadow")]
    with open_surface(path) as heights:
        sweep(heights, grid, look, *canvases)
    layover, shadow = (canvas.read_rows(0, grid.shape[0]) for canvas in canvases)
    return layover, shadow


def away(look: Look) -> tuple[float, float]:
    """Unit vector of the look on the map, east and north."""
    to_map = Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
    lon, lat = to_map.transform(EAST, NORTH, direction="INVERSE")
    there = to_map.transform(*Geod(ellps="WGS84").fwd(lon, lat, look.azimuth, 50)[:2])
    length = math.hypot(there[0] - EAST, there[1] - NORTH)
    return (there[0] - EAST) / length, (there[1] - NORTH) / length


@pytest.mark.parametrize("azimuth", [0.0, 90.0, 180.0, 270.0, 33.0, 100.0, 217.0, 315.0])
def test_a_tower_falls_towards_the_radar_and_throws_its_shadow_away(tmp_path: Path, azimuth: float) -> None:
    look, height, radius, grid = Look(azimuth, 40.0), 25.0, 12.0, square(300)
    path = surface(tmp_path / "dsm.tif", grid, lambda x, y: height * (np.hypot(x, y) < radius))
    layover, shadow = masks(tmp_path, path, grid, look)
    rows, columns = np.mgrid[:300, :300]
    x, y = grid.affine @ (columns + 0.5, rows + 0.5)
    x, y = x - EAST, y - NORTH
    east, north = away(look)
    along, aside = x * east + y * north, -x * north + y * east
    chord = np.sqrt(np.clip(radius**2 - aside**2, 0, None))
    beside, roof = np.abs(aside) >= radius, np.hypot(x, y) < radius
    shade, falls = height * math.tan(math.radians(40)), height / math.tan(math.radians(40))
    dark = ~beside & ~roof & (along > 0) & (along < chord + shade)
    lean = ~beside & (along < 0) & (along > -chord - falls) & ~roof
    lean |= roof & (along < -chord + falls)
    perimeter = 2 * (shade + falls + 4 * radius) / GSD
    assert ((shadow == 1) != dark).sum() < 0.6 * perimeter
    assert ((layover == 1) != lean).sum() < 0.6 * perimeter
    assert dark.sum() > 1500


def test_each_pixel_belongs_to_one_profile() -> None:
    for azimuth in (3.0, 50.0, 140.0, 200.0, 290.0):
        lines = Lines.from_grid(GeoBox((70, 120), square(120).affine, CRS), Look(azimuth, 40.0))
        rows, columns, exist = lines.pixels(np.array(lines.numbers()))
        flat = rows[exist] * 120 + columns[exist]
        np.testing.assert_array_equal(np.sort(flat), np.arange(70 * 120))
        numbers = np.array(lines.numbers(), np.float64)
        x, y = lines.positions(numbers, np.arange(lines.points, dtype=np.float64))
        assert np.abs(x - columns).max() <= 0.5 + 1e-9
        assert np.abs(y - rows).max() <= 0.5 + 1e-9


def test_steps_are_measured_on_the_ground_along_the_look() -> None:
    lines = Lines.from_grid(square(100), Look(45.0, 40.0))
    assert lines.step == pytest.approx(GSD * math.hypot(1, lines.slope), rel=1e-3)
    assert abs(lines.slope) == pytest.approx(1, abs=0.05)


def test_a_body_beside_the_grid_is_taken_in(tmp_path: Path) -> None:
    look, grid, inner = Look(90.0, 45.0), square(400), square(100)
    path = surface(tmp_path / "dsm.tif", grid, lambda x, y: 60.0 * (np.abs(x + 40) < 8))
    _, shadow = masks(tmp_path, path, inner, look)
    x = EAST - 25 + (np.arange(100) + 0.5) * GSD - EAST
    # the wall ends at x = -32 and its shadow at x = 28, beyond the grid
    np.testing.assert_array_equal(shadow[50], (x < 28).astype(np.uint8))


def test_strips_make_a_seamless_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look, grid = Look(120.0, 35.0), square(300)
    path = surface(
        tmp_path / "dsm.tif", grid, lambda x, y: 15 * np.abs(np.sin(x / 9) * np.cos(y / 7)) // 5 * 5
    )
    whole = masks(tmp_path, path, grid, look)
    assert 0.05 < (whole[0] == 1).mean() < 0.9
    monkeypatch.setattr(module, "_POINTS", 1)
    monkeypatch.setattr(module, "_CHUNK", 37)
    np.testing.assert_array_equal(masks(tmp_path, path, grid, look), whole)


def test_a_hole_is_unknown_and_another_place_is_refused(tmp_path: Path) -> None:
    grid = square(200)
    path = surface(tmp_path / "dsm.tif", grid, lambda x, y: np.where(np.hypot(x, y) < 10, -9999.0, 0))
    layover, _ = masks(tmp_path, path, grid, Look(50.0, 40.0))
    assert (layover[95:105, 95:105] == UNKNOWN).all()
    assert (layover[:60] == 0).all()
    elsewhere = GeoBox((50, 50), Affine(0.5, 0, EAST + 9000, 0, -0.5, NORTH), CRS)
    with pytest.raises(InputError, match="no height anywhere"):
        masks(tmp_path, path, elsewhere, Look(50.0, 40.0))
