"""Rasters of a planned canvas: roofs of known shape, floods, crowns, and buildings level on slopes."""

from dataclasses import replace

import numpy as np
import pytest

from oemsar.simulate.noise import Raster, stream
from oemsar.simulate.world.canvas_plan import CanvasPlan
from oemsar.simulate.world.crowns import TreeCrown
from oemsar.simulate.world.landcover import WorldRasters, map_land_cover, raise_land_cover
from oemsar.simulate.world.layout import plan
from oemsar.simulate.world.materials import AGRICULTURE, BUILDING, DEVELOPED, RANGELAND, ROAD, TREE, WATER
from oemsar.simulate.world.places import Place
from oemsar.simulate.world.polygon import Rectangle, heading
from oemsar.simulate.world.region import draw_region
from oemsar.simulate.world.streets import Bend
from oemsar.simulate.world.surfaces import SurfaceRaster
from oemsar.simulate.world.waters import Waters

from ..worlds import region, slope_along

GSD, SHAPE = 0.25, (200, 280)
"""50 m high and 70 m wide."""
CENTRE = complex(42, 22)


def canvas(waters: Waters | None = None, relief: float = 0.0) -> CanvasPlan:
    dry = Waters("none", np.full(SHAPE, 1e4, np.float32), 0.0, "grass", np.zeros(SHAPE, bool))
    seen = region(gsd=GSD, winding=0.0, tallest=30.0, relief=relief)
    made = CanvasPlan(
        seen, SurfaceRaster(SHAPE, GSD, 0.3, stream(1)), Bend(0, stream(2)), waters or dry, stream(3)
    )
    made.ground(Rectangle(0, 1, 1e3, 1e3).outline, "grass")
    return made


def offsets(axis: complex) -> np.ndarray:
    """Metres along and across an axis of every pixel's centre, from CENTRE, as a complex raster."""
    rows, columns = np.indices(SHAPE) + 0.5
    return ((columns + 1j * rows) * GSD - CENTRE) * np.conj(axis)


def roof(pitch: float, hipped: bool, ground: Raster | None = None) -> WorldRasters:
    made = canvas()
    assert made.build(Rectangle(CENTRE, heading(37), 14, 7), 5.0, "tile", pitch=pitch, hipped=hipped)
    return raise_land_cover(made, stream(4), ground)


@pytest.mark.parametrize("hipped", [False, True])
def test_pitched_roof_rises_to_its_ridge(hipped: bool) -> None:
    world = roof(0.6, hipped)
    offset = offsets(heading(37))
    inside = (np.abs(offset.real) < 13.8) & (np.abs(offset.imag) < 6.8)
    rise = 7 - np.abs(offset.imag)
    if hipped:
        rise = np.minimum(rise, 14 - np.abs(offset.real))
    np.testing.assert_allclose(world.height[inside], 5 + 0.6 * rise[inside], atol=1e-3)
    assert (world.classes[inside] == BUILDING).all()
    outside = (np.abs(offset.real) > 14.4) | (np.abs(offset.imag) > 7.4)
    assert not world.height[outside].any()
    assert (world.classes[outside] == RANGELAND).all()


def test_flat_roof_has_the_height_of_its_eaves() -> None:
    world = roof(0.0, False)
    assert set(np.unique(world.height)) == {0.0, 5.0}
    np.testing.assert_array_equal(world.top, world.ground + world.height)


def test_roof_on_a_slope_stands_level_over_the_mean_ground_but_not_under_it() -> None:
    ground = slope_along(300, 0.2, SHAPE, GSD) + 20
    world = roof(0.0, False, ground)
    offset = offsets(heading(37))
    inside = (np.abs(offset.real) < 13.8) & (np.abs(offset.imag) < 6.8)
    roofed = world.surface == 2
    np.testing.assert_allclose(world.top[inside], ground[roofed].mean() + 5, atol=1e-3)
    np.testing.assert_array_equal(world.ground, ground)
    steep = slope_along(127, 0.9, SHAPE, GSD)
    world = roof(0.0, False, steep)
    # uphill a wall of 2.5 m is left
    assert world.height[roofed].min() == pytest.approx(2.5)
    assert (world.top - world.ground)[inside].max() == pytest.approx(5 + 0.9 * 7, abs=0.5)


def test_buildings_of_a_town_on_a_slope_stand_level() -> None:
    town = draw_region(1, Place("FRA", "urban", 2.35, 48.86), stream(0))
    slope = slope_along(180, 0.1, (700, 900), town.gsd)
    world = raise_land_cover(plan(town, slope.shape, stream(6)), stream(7), slope)
    table = world.table
    roofs, grounds = [], []
    for number in np.nonzero((table.half_width > 3) & (table.pitch == 0))[0].tolist():
        here = (world.surface == number) & ~world.is_tree
        if here.sum() > 100:
            roofs.append(np.ptp(world.top[here]))
            grounds.append(np.ptp(world.ground[here]))
    assert len(roofs) > 5
    assert np.median(grounds) > 1
    assert np.median(roofs) < 0.01


def test_water_floods_what_was_drawn_with_a_bank_and_a_bridge() -> None:
    metres = (np.arange(SHAPE[1], dtype=np.float32) - 100) * np.float32(GSD)
    shore = np.broadcast_to(metres, SHAPE).copy()
    bridge = np.zeros(SHAPE, bool)
    bridge[50:70, :120] = True
    made = canvas(Waters("river", shore, 4.0, "concrete", bridge), relief=2.0)
    world = raise_land_cover(made, stream(4))
    expected = np.where(shore < 0, WATER, np.where(shore < 4, DEVELOPED, RANGELAND))
    np.testing.assert_array_equal(world.classes, np.where(bridge, ROAD, expected))
    # the swell ends at the shore; down the bank it is 1.2 m to the water
    assert world.ground[shore <= -4].max() == pytest.approx(-2.4 + 1.2, abs=1e-3)
    assert world.ground[shore == 0] == pytest.approx(-1.2, abs=1e-3)
    beyond = world.ground[:, 240:]
    assert np.abs(beyond).max() > 0.3


def test_crowns_are_seen_over_the_ground_but_not_over_roofs_that_are_higher() -> None:
    made = canvas()
    made.build(Rectangle(CENTRE, heading(37), 14, 7), 6.0, "flat_grey")
    made.trees += [
        TreeCrown(10 + 30j, 3.0, 8.0),
        TreeCrown(CENTRE, 3.0, 5.0),
        TreeCrown(CENTRE + 8, 2.0, 12.0),
    ]
    world = raise_land_cover(made, stream(4))
    assert world.is_tree[120, 40]
    assert world.classes[120, 40] == TREE
    assert world.height[120, 40] == pytest.approx(8, rel=0.3)
    centre = (round(CENTRE.imag / GSD), round(CENTRE.real / GSD))
    assert world.classes[centre] == BUILDING
    assert world.height[centre] == 6
    assert world.classes[centre[0], centre[1] + 32] == TREE
    assert ((world.classes == TREE) == world.is_tree).all()
    assert world.surface[120, 40] == 1


def test_a_countryside_is_mostly_open_land_and_a_town_is_not() -> None:
    shares = {}
    for place in (Place("USA", "rural", -93.6, 42.2), Place("USA", "urban", -87.68, 41.85)):
        region = replace(draw_region(1, place, stream(0)), gsd=1.0)
        worlds = [map_land_cover(region, (200, 260), stream(seed)) for seed in range(3)]
        assert {world.classes.shape for world in worlds} == {(200, 260)}
        classes = np.concatenate([world.classes.ravel() for world in worlds])
        shares[place.character] = np.bincount(classes, minlength=9) / classes.size
    assert shares["rural"][0] == shares["urban"][0] == 0
    open_land = [RANGELAND, TREE, AGRICULTURE]
    assert shares["rural"][open_land].sum() > shares["urban"][open_land].sum() + 0.3
    assert shares["urban"][BUILDING] > shares["rural"][BUILDING] + 0.1
