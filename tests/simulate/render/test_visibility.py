"""Layover and shadow of a box on a plain have the lengths of their closed forms."""

import math
from dataclasses import replace

import numpy as np
import pytest

from oemsar.simulate.render.visibility import visibility
from oemsar.simulate.world.polygon import Rectangle, heading

from ..worlds import AZIMUTHS, grass_with, profile, region, slope_along

GSD, SHAPE, HEIGHT, HALF = 0.5, (200, 240), 10.0, 12.0
CENTRE = complex(63, 47)
METRES = np.arange(-33, 33, GSD / 2)


@pytest.mark.parametrize("incidence", [25.0, 40.0, 50.0])
@pytest.mark.parametrize("azimuth", AZIMUTHS)
def test_box_on_a_plain(incidence: float, azimuth: float) -> None:
    box = Rectangle(CENTRE, heading(azimuth), HALF, 15.0)
    seen = visibility(
        grass_with([(box, HEIGHT)], SHAPE, GSD),
        region(gsd=GSD, look_azimuth=azimuth, incidence_angle=incidence),
        60.0,
    )
    strips = {
        name: profile(getattr(seen, name), CENTRE, azimuth, GSD, METRES) > 0.5
        for name in ("layover", "shadow", "ground")
    }
    tangent = math.tan(math.radians(incidence))
    in_front = METRES[strips["layover"] & (METRES < -HALF)]
    assert -HALF - in_front.min() == pytest.approx(HEIGHT / tangent, abs=2 * GSD)
    behind = METRES[strips["shadow"]]
    assert behind.min() == pytest.approx(HALF, abs=2 * GSD)
    assert behind.max() - HALF == pytest.approx(HEIGHT * tangent, abs=2 * GSD)
    roof = METRES[strips["layover"] & (np.abs(METRES) < HALF)]
    assert len(roof) * GSD / 2 == pytest.approx(min(HEIGHT / tangent, 2 * HALF), abs=3 * GSD)
    assert roof.min() == pytest.approx(-HALF, abs=2 * GSD)  # the near part of the roof
    assert not (strips["ground"] & (np.abs(METRES) < HALF - GSD)).any()
    assert strips["ground"][np.abs(METRES) > HALF + 11.9 + 2].sum() > 10
    assert not (seen.ground & (seen.layover | seen.shadow)).any()


def test_plain_without_anything_is_all_open_ground() -> None:
    seen = visibility(grass_with([], SHAPE, GSD), region(gsd=GSD), 60.0)
    assert seen.ground.all()
    assert not seen.layover.any()
    assert not seen.shadow.any()


@pytest.mark.parametrize("azimuth", [37.0, 205.0])
def test_slope_lies_over_itself_where_it_is_steeper_than_the_incidence_angle(azimuth: float) -> None:
    tangent = math.tan(math.radians(25))
    steep, gentle, away = (
        visibility(
            grass_with([], SHAPE, GSD, slope_along(azimuth, rise, SHAPE, GSD)),
            region(gsd=GSD, look_azimuth=azimuth, incidence_angle=25),
            40.0,
        )
        for rise in (1.1 * tangent, 0.9 * tangent, -1.1 / tangent)
    )
    middle = (slice(40, -40), slice(40, -40))
    assert steep.layover[middle].mean() > 0.99
    assert not gentle.layover[middle].any()
    assert gentle.ground[middle].all()
    assert away.shadow[middle].mean() > 0.99


def test_crowns_and_roofs_are_no_open_ground() -> None:
    world = grass_with([], SHAPE, GSD)
    classes = world.classes.copy()
    classes[:, :50], classes[30:60] = 5, 8
    seen = visibility(replace(world, classes=classes), region(gsd=GSD), 60.0)
    np.testing.assert_array_equal(seen.ground, ~np.isin(classes, (5, 8)))
