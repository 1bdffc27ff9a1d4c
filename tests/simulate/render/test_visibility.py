"""Layover and shadow of a box on a plain have the lengths of their closed forms."""

import math
from dataclasses import replace

import numpy as np
import pytest

from oemsar.simulate.noise import stream
from oemsar.simulate.render.visibility import visibility
from oemsar.simulate.world.landcover import WorldRasters
from oemsar.simulate.world.places import Place
from oemsar.simulate.world.polygon import Rectangle
from oemsar.simulate.world.region import draw_region
from oemsar.simulate.world.surfaces import Roof, Surface, SurfaceRaster

GSD, SIDE, HEIGHT, HALF = 0.5, 240, 10.0, 12.0


def box_on_grass() -> WorldRasters:
    surfaces = SurfaceRaster((SIDE, SIDE), GSD, 0.3, stream(1))
    middle = complex(SIDE, SIDE) * GSD / 2
    surfaces.draw(Rectangle(middle, 1, 1e3, 1e3).outline, Surface("grass"))
    box = Rectangle(middle, 1, HALF, HALF)
    surfaces.draw(box.outline, Surface("flat_grey", height=HEIGHT, roof=Roof(box)))
    surface, table = surfaces.index(), surfaces.table()
    flat = np.zeros((SIDE, SIDE), np.float32)
    return WorldRasters(
        GSD, table.land_cover[surface], surface, table, flat, table.height[surface], flat > 0, flat + 1
    )


@pytest.mark.parametrize("incidence", [25.0, 40.0, 50.0])
@pytest.mark.parametrize("azimuth", [90.0, 270.0])
def test_box_on_a_plain(incidence: float, azimuth: float) -> None:
    drawn = draw_region(1, Place("FRA", "urban", 2.35, 48.86), stream(0))
    region = replace(drawn, gsd=GSD, look_azimuth=azimuth, incidence_angle=incidence)
    seen = visibility(box_on_grass(), region, 60.0)
    away = 1 if azimuth == 90 else -1
    profile = {name: getattr(seen, name)[SIDE // 2][::away] for name in ("layover", "shadow", "ground")}
    metres = (np.arange(SIDE) + 0.5 - SIDE / 2) * GSD
    tangent = math.tan(math.radians(incidence))

    in_front = metres[profile["layover"] & (metres < -HALF)]
    assert -HALF - in_front.min() == pytest.approx(HEIGHT / tangent, abs=2 * GSD)
    behind = metres[profile["shadow"]]
    assert behind.min() == pytest.approx(HALF, abs=2 * GSD)
    assert behind.max() - HALF == pytest.approx(HEIGHT * tangent, abs=2 * GSD)
    roof = metres[profile["layover"] & (np.abs(metres) < HALF)]
    assert len(roof) * GSD == pytest.approx(min(HEIGHT / tangent, 2 * HALF), abs=2 * GSD)
    assert not (profile["ground"] & (np.abs(metres) < HALF)).any()
    assert profile["ground"][np.abs(metres) > HALF + 25].all()


def test_plain_without_anything_is_all_open_ground() -> None:
    world = box_on_grass()
    flat = replace(world, classes=np.full_like(world.classes, 2), height=np.zeros_like(world.height))
    region = draw_region(1, Place("FRA", "urban", 2.35, 48.86), stream(0))
    seen = visibility(flat, replace(region, gsd=GSD), 60.0)
    assert seen.ground.all()
    assert not seen.layover.any()
    assert not seen.shadow.any()
