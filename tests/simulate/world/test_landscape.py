"""Hills have the relief asked for, water lies lowest, and nothing is built on steep ground."""

import numpy as np
import pytest

from oemsar.simulate.noise import stream
from oemsar.simulate.world.character import Character
from oemsar.simulate.world.landscape import Landscape, draw_landscape
from oemsar.simulate.world.terrain import OVERSHOOT
from oemsar.simulate.world.waters import draw_waters

CORE = (slice(60, 360), slice(80, 380))
SHAPE = (420, 460)


@pytest.mark.parametrize("relief", [0.0, 20.0, 150.0])
@pytest.mark.parametrize("character", ["urban", "rural", "coastal"])
def test_ground_spans_the_relief_over_the_scene(character: Character, relief: float) -> None:
    land = draw_landscape(character, SHAPE, stream(2), gsd=2.0, relief=relief, scene=CORE)
    inside = land.ground[CORE]
    assert float(inside.min()) == pytest.approx(0, abs=1e-3)
    assert np.ptp(inside) == pytest.approx(relief, rel=1e-4)
    assert land.ground.min() >= -OVERSHOOT * relief - 1e-3
    assert land.ground.max() <= (1 + OVERSHOOT) * relief + 1e-3


@pytest.mark.parametrize("seed", range(6))
def test_water_lies_in_the_bottom_of_the_land(seed: int) -> None:
    land = draw_landscape("coastal", SHAPE, stream(seed), gsd=2.0, relief=80.0, scene=CORE)
    water = land.waters.shore[CORE] < 0
    assert 0.001 <= water.mean() <= 0.4
    assert land.ground[CORE][water].max() < 1


def test_hills_are_no_cliffs() -> None:
    land = draw_landscape("rural", SHAPE, stream(8), gsd=3.0, relief=150.0, scene=CORE)
    slope = np.hypot(*np.gradient(land.ground[CORE], 3.0))
    assert np.quantile(slope, 0.95) < 0.6


def test_steep_blocks_are_not_built_on() -> None:
    ramp = np.broadcast_to(np.linspace(0, 120, 300, dtype=np.float32)[:, None], (300, 300)).copy()
    waters = draw_waters("none", (300, 300), 1.0, stream(0))
    block = [0j, 50 + 0j, 50 + 50j, 50j]
    steep = Landscape(waters, ramp).suited(1.0, stream(1))
    assert steep(block, "town") in ("forest", "meadow")
    assert steep(block, "field") == "field"
    medium = Landscape(waters, ramp * np.float32(0.5)).suited(1.0, stream(1))
    assert medium(block, "halls") == "houses"
    # the ground of a canvas that is not square, steep in the east alone
    bend = np.broadcast_to(
        np.maximum(np.arange(400, dtype=np.float32) - 200, 0) * np.float32(0.5), (160, 400)
    )
    east = Landscape(draw_waters("none", (160, 400), 1.0, stream(0)), bend.copy()).suited(1.0, stream(1))
    assert east([corner + 300 + 90j for corner in block], "town") in ("forest", "meadow")
    assert east([corner + 100 + 90j for corner in block], "town") == "town"
    level = Landscape(waters, ramp * np.float32(0.1)).suited(1.0, stream(1))
    assert level(block, "town") == "town"
