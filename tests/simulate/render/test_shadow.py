"""Shadows: as long as the source is low, away from it, and the same as a ray traced point by point."""

import math

import numpy as np
import pytest
from scipy import ndimage

from oemsar.simulate.noise import Raster
from oemsar.simulate.render.shadow import is_shadowed
from oemsar.simulate.world.polygon import heading

from ..worlds import AZIMUTHS, slope_along

GSD = 0.25


@pytest.mark.parametrize("azimuth", AZIMUTHS)
@pytest.mark.parametrize("elevation", [30.0, 55.0])
def test_shadow_of_a_pole_is_as_long_as_the_source_is_low(azimuth: float, elevation: float) -> None:
    height = np.zeros((270, 321), np.float32)
    row, column = 140, 150
    height[row, column] = 10
    rows, columns = np.nonzero(is_shadowed(height, heading(azimuth), elevation, GSD, 40))
    distance = np.hypot(rows - row, columns - column) * GSD
    assert distance.max() == pytest.approx(10 / math.tan(math.radians(elevation)), abs=2.5 * GSD)
    farthest = np.argmax(distance)
    away = complex(columns[farthest] - column, rows[farthest] - row)
    assert abs(np.angle(away / -heading(azimuth), deg=True)) < 4


def traced(height: Raster, step: tuple[int, int], fall: float) -> np.ndarray:
    """Whether any pixel a whole number of steps away is higher than a ray that rises by `fall` a step."""
    shadow = np.zeros(height.shape, bool)
    for row, column in np.ndindex(height.shape):
        ray, r, c = height[row, column], row + step[0], column + step[1]
        while 0 <= r < height.shape[0] and 0 <= c < height.shape[1]:
            ray += fall
            shadow[row, column] |= height[r, c] > ray + 0.05
            r, c = r + step[0], c + step[1]
    return shadow


@pytest.mark.parametrize(
    ("azimuth", "step"), [(0, (-1, 0)), (90, (0, 1)), (180, (1, 0)), (270, (0, -1)), (135, (1, 1))]
)
def test_shadow_on_rough_ground_is_that_of_rays_traced_one_by_one(
    azimuth: float, step: tuple[int, int]
) -> None:
    random = np.random.default_rng(3).normal(0, 1, (34, 51))
    height = np.asarray(ndimage.gaussian_filter(random, 2) * 12, np.float32)
    fall = GSD * math.hypot(*step) * math.tan(math.radians(50))
    expected = traced(height, step, fall)
    assert 0.05 < expected.mean() < 0.9
    found = is_shadowed(height, heading(azimuth), 50, GSD, 60)
    assert (found != expected).mean() < 0.002


@pytest.mark.parametrize("azimuth", [37.0, 205.0])
def test_slope_is_dark_where_it_falls_away_more_steeply_than_the_source_stands(azimuth: float) -> None:
    away = math.tan(math.radians(32))
    for rise, dark in ((away * 1.2, True), (away * 0.8, False), (-away * 1.2, False)):
        ground = slope_along(azimuth, rise, (90, 130), GSD)
        inside = is_shadowed(ground, heading(azimuth), 32, GSD, 15)[20:-20, 20:-20]
        assert inside.mean() == pytest.approx(int(dark), abs=0.01)


def test_shadow_beyond_the_reach_is_not_looked_for() -> None:
    height = np.zeros((3, 400), np.float32)
    height[:, 350] = 60
    lengths = [
        is_shadowed(height, heading(90), 45, GSD, reach)[1].sum() * GSD for reach in (10.0, 40.0, 100.0)
    ]
    # the distance covered doubles: 64 pixels for 10 m, and then all of the 60 m
    assert lengths == pytest.approx([16, 60, 60], abs=2 * GSD)
