"""Displacement of a tower by known heights, in an image that is not square."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from oemsar.prepare.align.scene.relief_displacement import ReliefDisplacement
from oemsar.raster.read import Extent

ROWS, COLUMNS = 60, 120
TOWER = np.s_[20:35, 60:80]
WALL = 8 * 0.3
"""Power of the eight points of one column of wall, against that of a pixel of the ground."""


def relief(metre: tuple[float, float]) -> ReliefDisplacement:
    height = np.zeros((ROWS, COLUMNS))
    height[TOWER] = 12.0

    def at(values: np.ndarray) -> Any:
        return SimpleNamespace(
            at=lambda x, y: values[np.rint(y).astype(int), np.rint(x).astype(int)].astype(float)
        )

    shadow: Any = SimpleNamespace(
        shape=(ROWS, COLUMNS), read_rows=lambda top, number: np.zeros((number, COLUMNS), np.uint8)
    )
    ground = at(np.zeros((ROWS, COLUMNS)))
    return ReliefDisplacement(lambda x, y: (x, y), at(height), ground, None, 0.0, metre, 1.0, 12.0, shadow)


def power(metre: tuple[float, float]) -> np.ndarray:
    """Power of each pixel, against that of a pixel of open ground."""
    amplitude = relief(metre).expected(1, Extent(0, 0, ROWS, COLUMNS), np.nan)
    return (amplitude.astype(float) / 30) ** 2 - 0.05


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_walls_that_face_a_radar_beside_the_image_are_in_the_rows_of_the_tower(side: float) -> None:
    rows = power((side, 0.0)).sum(1)
    np.testing.assert_allclose(rows[24:31], COLUMNS + WALL, rtol=1e-3)
    np.testing.assert_allclose(rows[:14], COLUMNS, rtol=1e-3)
    np.testing.assert_allclose(rows[41:], COLUMNS, rtol=1e-3)


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_walls_that_face_a_radar_above_or_below_are_in_the_columns_of_the_tower(side: float) -> None:
    columns = power((0.0, side)).sum(0)
    np.testing.assert_allclose(columns[64:76], ROWS + WALL, rtol=1e-3)
    np.testing.assert_allclose(columns[:54], ROWS, rtol=1e-3)
    np.testing.assert_allclose(columns[86:], ROWS, rtol=1e-3)


def test_a_wall_appears_between_its_foot_and_its_top() -> None:
    """The radar is to the left: the tower's left wall lies over the ground before it, 12 columns far."""
    middle = power((-1.0, 0.0))[27]
    assert (middle[50:58] > 2.1).all()  # ground, roof and wall
    np.testing.assert_allclose(middle[:44], 1, rtol=1e-3)
    assert (middle[70:78] < 0.1).all()  # nothing is left where the roof was
