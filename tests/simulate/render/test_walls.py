"""Echoes of a box's walls: where it faces the radar, up to its height, and flashing where square to it."""

import math

import numpy as np
import pytest

from oemsar.arrays import Doubles
from oemsar.simulate.noise import stream
from oemsar.simulate.render.walls import scatter_from_walls
from oemsar.simulate.world.polygon import Rectangle, heading

from ..worlds import grass_with, region

GSD, SHAPE = 0.3, (230, 290)
CENTRE = complex(48, 31)
LENGTH, WIDTH, HEIGHT = 14.0, 8.0, 11.0


def echoes(
    look_azimuth: float, axis_azimuth: float, height: float = HEIGHT, *, lit: bool = True
) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Metres towards the sensor and across from the box's centre, height and power of each scatterer."""
    box = Rectangle(CENTRE, heading(axis_azimuth), LENGTH, WIDTH)
    seen = region(gsd=GSD, incidence_angle=40, look_azimuth=look_azimuth)
    towards = -heading(look_azimuth)
    rows, columns, heights, powers = scatter_from_walls(
        grass_with([(box, height)], SHAPE, GSD), seen, towards, np.full(SHAPE, lit), stream(5)
    )
    offset = ((columns + 0.5 + 1j * (rows + 0.5)) * GSD - CENTRE) * np.conj(towards)
    return offset.real, offset.imag, heights.astype(float), powers.astype(float)


@pytest.mark.parametrize("look", [37, 90, 143, 205, 311])
@pytest.mark.parametrize(("turn", "half", "across"), [(0, LENGTH, WIDTH), (90, WIDTH, LENGTH)])
def test_scatterers_stand_on_the_side_that_faces_the_radar(
    look: float, turn: float, half: float, across: float
) -> None:
    towards, aside, heights, _ = echoes(look, look + turn)
    front = np.abs(aside) < across - 1
    assert towards[front] == pytest.approx(half, abs=3 * GSD)
    assert towards.min() > -half  # nothing on the far side
    assert np.ptp(aside) / 2 == pytest.approx(across, abs=3 * GSD)
    assert aside[front].mean() == pytest.approx(0, abs=0.5)
    assert heights.min() == 0
    assert HEIGHT - 0.5 < heights.max() < HEIGHT + 0.5


def test_wall_has_a_scatterer_in_every_pixel_of_its_layover() -> None:
    _, _, heights, _ = echoes(37, 37)
    levels = np.unique(heights[heights > 0].round(4))
    step = GSD * math.tan(math.radians(40))
    assert levels[0] == pytest.approx(step / 2, abs=1e-3)
    assert np.diff(levels) == pytest.approx(step, abs=1e-3)
    assert len(levels) == math.ceil(HEIGHT / step)


def test_corner_of_wall_and_ground_grows_with_the_wall_up_to_twelve_metres() -> None:
    corner = {}
    for height in (6.0, 12.0, 30.0):
        _, _, heights, powers = echoes(143, 143, height)
        corner[height] = powers[heights == 0]
    np.testing.assert_allclose(corner[12.0], 2 * corner[6.0], rtol=1e-5)
    np.testing.assert_allclose(corner[30.0], corner[12.0], rtol=1e-5)


@pytest.mark.parametrize("look", [37, 90, 205])
def test_walls_flash_where_they_stand_across_the_line_of_sight(look: float) -> None:
    """By the Gaussian of half width 9 degrees: wholly at 0, by exp(-1/2) at 9, not at 45 degrees."""
    medians = {}
    for turn in (0, 9, 45, 90):
        _, aside, heights, powers = echoes(look, look + turn)
        here = (heights == 0) & (np.abs(aside) < 6)
        assert here.sum() > 20
        medians[turn] = np.median(powers[here])
    floor = 0.12
    for turn, flash in ((0, 1.0), (90, 1.0), (9, math.exp(-0.5))):
        expected = (floor + 3.2 * flash) / floor
        assert medians[turn] / medians[45] == pytest.approx(expected, rel=0.5)


def test_corner_lies_on_the_ground_before_the_wall_and_the_wall_on_the_roofs_edge() -> None:
    box = Rectangle(CENTRE, heading(37), LENGTH, WIDTH)
    world = grass_with([(box, HEIGHT)], SHAPE, GSD)
    for look in (37, 127, 205, 270):
        rows, columns, heights, _ = scatter_from_walls(
            world, region(gsd=GSD, look_azimuth=look), -heading(look), np.full(SHAPE, True), stream(5)
        )
        surface = world.surface[rows.astype(int), columns.astype(int)]
        assert (surface[heights == 0] == 1).all()
        assert (surface[heights > 0] == 2).all()


def test_windows_shine_storey_by_storey() -> None:
    _, _, heights, powers = echoes(37, 37, 29.0)
    wall = heights > 0
    phase = heights[wall] / 2.9 % 1
    bright, dark = (np.abs(phase - 0.5) > 0.4), (np.abs(phase - 0.5) < 0.1)
    assert powers[wall][bright].mean() > 2 * powers[wall][dark].mean()


def test_foot_in_shadow_leaves_the_upper_wall_alone() -> None:
    _, _, heights, _ = echoes(205, 205, lit=False)
    assert heights.min() > 0.6 * HEIGHT
    assert heights.max() > HEIGHT - 0.5


def test_low_kerbs_are_no_walls() -> None:
    assert all(len(found) == 0 for found in echoes(37, 37, 1.4))
