"""Grids are read, compared and snapped; no raster here is square, no affine lies along an axis."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from pyproj import CRS
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.raster.grid import footprint, grid_of, grid_on_multiples, multiples_around, same_grid
from oemsar.raster.read import open_raster

ROTATED = Affine(-0.143, -0.577, 337934.48, -0.577, 0.143, 7840518.46)
OBLONG = GeoBox((30, 80), Affine(0.5, 0.2, 4e5, 0.1, -0.5, 5e6), "EPSG:32631")


def test_a_rotated_oblong_grid_comes_back(write_scene: Callable[..., Path]) -> None:
    with open_raster(write_scene("a.tif", np.zeros((30, 80), np.uint8), transform=ROTATED)) as dataset:
        grid = grid_of(dataset)
    assert grid is not None
    assert (tuple(grid.shape), grid.affine, grid.crs.epsg) == ((30, 80), ROTATED, 32759)


def test_grids_agree_to_a_hundredth_of_a_pixel() -> None:
    grid = GeoBox((100, 100), Affine(0.5, 0.1, 4e5, 0.1, -0.5, 5e6), "EPSG:32631")
    moved = [GeoBox(grid.shape, grid.affine @ Affine.translation(d, 0), grid.crs) for d in (0.005, 0.02)]
    assert same_grid(grid, moved[0])
    assert not same_grid(grid, moved[1])
    assert not same_grid(grid, GeoBox(grid.shape, grid.affine, "EPSG:32632"))


def test_a_height_in_one_crs_makes_no_other_grid() -> None:
    tall = GeoBox(OBLONG.shape, OBLONG.affine, CRS.from_user_input("EPSG:32631+3855").to_wkt())
    assert same_grid(OBLONG, tall)
    assert same_grid(tall, OBLONG)
    assert not same_grid(tall, GeoBox(OBLONG.shape, OBLONG.affine, "EPSG:32632"))
    assert not same_grid(tall, GeoBox(OBLONG.shape, OBLONG.affine, None))


def test_a_crs_without_an_affine_is_no_grid(write_scene: Callable[..., Path]) -> None:
    pixels = np.zeros((30, 80), np.uint8)
    with open_raster(write_scene("a.tif", pixels, transform=Affine.identity())) as dataset:
        assert grid_of(dataset) is None


def test_pixels_on_a_line_are_no_grid(write_scene: Callable[..., Path]) -> None:
    flat = Affine(0.5, 0, 500_000, 1.0, 0, 5_000_000)
    path = write_scene("a.tif", np.ones((3, 4), np.uint8), transform=flat)
    with (
        pytest.raises(InputError, match="all of its pixels on a line or a point"),
        open_raster(path) as dataset,
    ):
        grid_of(dataset)


def test_a_turn_about_the_first_corner_is_another_grid() -> None:
    turned = GeoBox(OBLONG.shape, OBLONG.affine @ Affine.rotation(0.02), OBLONG.crs)
    assert not same_grid(OBLONG, turned)
    assert same_grid(OBLONG, GeoBox(OBLONG.shape, OBLONG.affine @ Affine.rotation(0.005), OBLONG.crs))


def test_grids_that_part_only_at_the_far_columns_differ() -> None:
    wider = GeoBox(OBLONG.shape, OBLONG.affine @ Affine.scale(1.0002, 1), OBLONG.crs)
    higher = GeoBox(OBLONG.shape, OBLONG.affine @ Affine.scale(1, 1.0002), OBLONG.crs)
    assert not same_grid(OBLONG, wider)  # 80 columns: 0.016 of a pixel
    assert same_grid(OBLONG, higher)  # 30 rows: 0.006 of a pixel


def test_the_footprint_has_the_corners_of_the_grid() -> None:
    outline = footprint(GeoBox((30, 80), Affine(0.5, 0.1, 3, 0.1, -0.5, 7), "EPSG:4326"))
    assert outline is not None
    found = {(round(x, 6), round(y, 6)) for x, y in outline.exterior.coords}
    assert found >= {(3, 7), (43, 15), (6, -8), (46, 0)}
    assert footprint(GeoBox((30, 80), Affine.identity(), None)) is None


@given(
    left=st.floats(-1e6, 1e6),
    width=st.floats(1, 1e4),
    bottom=st.floats(-1e6, 1e6),
    height=st.floats(1, 1e4),
    gsd=st.sampled_from([0.15, 0.5, 3.0]),
)
def test_a_snapped_grid_reaches_just_around_the_bounds(
    left: float, width: float, bottom: float, height: float, gsd: float
) -> None:
    first, low, last, high = multiples_around((left, bottom, left + width, bottom + height), gsd)
    grid = grid_on_multiples(gsd, "EPSG:32631", (first, high), (high - low, last - first))
    box = grid.extent.boundingbox
    assert 0 <= left - box.left < gsd + 1e-6
    assert -1e-6 <= box.right - (left + width) < gsd + 1e-6
    assert -1e-6 <= bottom - box.bottom < gsd + 1e-6
    assert -1e-6 <= box.top - (bottom + height) < gsd + 1e-6


def test_a_bound_that_misses_a_multiple_by_little_lies_on_it() -> None:
    bounds = (10.0 - 1e-7, 20.0 - 1e-7, 12.0 + 1e-7, 26.0 + 1e-7)
    assert multiples_around(bounds, 0.5, 1e-6) == (20, 40, 24, 52)
    assert multiples_around(bounds, 0.5) == (19, 39, 25, 53)
