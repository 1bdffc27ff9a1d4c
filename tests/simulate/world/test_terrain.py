"""The height of the ground: slopes in metres a metre, swells of the relief, rivers in valleys."""

import numpy as np
import pytest

from oemsar.simulate.noise import stream
from oemsar.simulate.world.terrain import OVERSHOOT, gradient, ground_height, hills
from oemsar.simulate.world.waters import Waters

from ..worlds import slope_along

SHAPE = (260, 340)
SCENE = (slice(40, 190), slice(70, 300))


def test_gradient_is_in_metres_a_metre_rows_first() -> None:
    ground = slope_along(90, 0.3, (20, 31), 0.4) + slope_along(180, -0.2, (20, 31), 0.4)
    down, right = gradient(ground, 0.4)
    np.testing.assert_allclose(down, -0.2, atol=1e-4)
    np.testing.assert_allclose(right, 0.3, atol=1e-4)
    assert down.dtype == right.dtype == np.float32


def test_swell_of_a_plain_has_its_relief_and_no_mean() -> None:
    found = [ground_height(stream(seed), (300, 400), 3.0, 2.5) for seed in range(12)]
    assert max(abs(float(each.mean())) for each in found) < 1e-4
    assert np.mean([each.std() for each in found]) == pytest.approx(2.5, rel=0.25)
    slopes = [np.hypot(*gradient(each, 3.0)).mean() for each in found]
    assert np.mean(slopes) < 0.1


def river(shape: tuple[int, int], gsd: float) -> Waters:
    """A straight river down the columns at a third of the width, 20 m wide."""
    across = np.abs((np.arange(shape[1]) - shape[1] / 3) * gsd) - 10
    shore = np.broadcast_to(across, shape).astype(np.float32)
    return Waters("river", shore, 3.0, "grass", np.zeros(shape, bool))


def plain(shape: tuple[int, int]) -> Waters:
    return Waters("none", np.full(shape, 1e4, np.float32), 0.0, "grass", np.zeros(shape, bool))


@pytest.mark.parametrize("relief", [15.0, 140.0])
def test_hills_have_the_relief_over_the_scene_and_little_more_beyond(relief: float) -> None:
    for waters in (plain(SHAPE), river(SHAPE, 2.0)):
        height = hills(stream(3), waters, 2.0, relief, SCENE)
        assert height.shape == SHAPE
        assert float(height[SCENE].min()) == pytest.approx(0, abs=1e-3)
        assert float(height[SCENE].max()) == pytest.approx(relief, rel=1e-4)
        assert height.min() >= -OVERSHOOT * relief - 1e-3
        assert height.max() <= (1 + OVERSHOOT) * relief + 1e-3


def test_ground_falls_towards_the_river_over_a_distance_that_grows_with_the_relief() -> None:
    """Smoothly from 2.5 times the relief on, at least from 40 m on."""
    for relief, far in ((10.0, 40.0), (60.0, 150.0)):
        waters = river(SHAPE, 2.0)
        height = hills(stream(6), waters, 2.0, relief, SCENE)
        near = height[:, (waters.shore[0] > 0) & (waters.shore[0] < 0.1 * far)]
        beyond = height[:, (waters.shore[0] > 0.95 * far) & (waters.shore[0] < 1.5 * far)]
        assert height[:, waters.shore[0] < 0].max() == pytest.approx(0, abs=1e-3)
        assert near.max() < 0.04 * relief
        assert beyond.mean() > 0.2 * relief


def test_no_relief_is_a_plain() -> None:
    assert not hills(stream(1), plain(SHAPE), 2.0, 0.0, SCENE).any()
