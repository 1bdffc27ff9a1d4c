"""Levels go from coarse to fine, and the first displacements are looked for along the look."""

import numpy as np
import pytest

from oemsar.prepare.align.matching.correlate import Peak
from oemsar.prepare.align.matching.levels import Range, levels_of
from oemsar.prepare.align.matching.windows import Level

ANYWHERE = Range(40, 40, None)


def test_each_level_is_twice_as_fine_as_the_one_before() -> None:
    levels = list(levels_of((1300, 5000), 1.0, ANYWHERE))
    assert [level.factor for level in levels] == [8, 4, 2, 1]
    assert [level.window for level in levels] == [64, 64, 128, 128]


@pytest.mark.parametrize("shape", [(600, 4000), (4000, 600)])
def test_the_shorter_side_decides_the_coarsest_level(shape: tuple[int, int]) -> None:
    """144 pixels of it are left."""
    assert next(levels_of(shape, 1.0, ANYWHERE)).factor == 4


def test_no_level_is_coarser_than_sixteen_of_the_finest() -> None:
    assert [level.factor for level in levels_of((90_000, 90_000), 1.0, ANYWHERE)] == [16, 8, 4, 2, 1]


def test_levels_finer_than_the_radar_image_are_left_out() -> None:
    """A third of a radar pixel to one of the orthophoto, and three of them."""
    assert [level.factor for level in levels_of((2000, 3000), 1 / 3, ANYWHERE)] == [12, 6, 3]
    assert [level.factor for level in levels_of((600, 900), 3.0, ANYWHERE)][-1] == 1


def test_only_the_first_level_reaches_over_the_whole_range() -> None:
    levels = list(levels_of((1300, 5000), 1.0, Range(40, 90, None)))
    assert [level.reach for level in levels] == [12 + 2, 8, 8, 8]
    assert [level.most for level in levels] == [12, 12, 12, 20]


def test_without_a_look_displacements_lie_in_a_circle() -> None:
    allowed = Range(20, 5, None).allowed(Level(2, 64, 14, 12))
    down, right = 2 * np.mgrid[-14:15, -14:15]
    np.testing.assert_array_equal(allowed, np.hypot(right, down) <= 22)


def test_with_a_look_displacements_lie_in_a_strip_along_it() -> None:
    """The look is towards right and down, at a slope of 3 to 4; a step of the level is allowed for."""
    allowed = Range(20, 5, (0.8, 0.6)).allowed(Level(2, 64, 14, 12))

    def lies(right: int, down: int) -> bool:
        """Whether a displacement in pixels of the level is allowed."""
        return bool(allowed[14 + down, 14 + right])

    assert lies(8, 6)  # 20 pixels along
    assert lies(-8, -6)
    assert not lies(12, 9)  # 30 pixels along
    assert not lies(-3, 4)  # 10 pixels across
    assert not lies(8, -6)
    assert lies(6, 8)  # 19.2 along, 5.6 across
    assert not lies(4, 8)  # 16 along, 8 across


@pytest.mark.parametrize(
    ("right", "down", "edge"), [(0, 0, False), (-9, 0, False), (10, 0, True), (-8, -8, True)]
)
def test_a_displacement_beside_one_that_is_not_searched_is_at_the_edge(
    right: int, down: int, edge: bool
) -> None:
    """Twenty pixels in any direction, ten of the level, and one more."""
    peak = Peak(right, down, 1.0, 2.0, inside=True)
    assert Range(20, 20, None).at_edge(peak, Level(2, 64, 12, 12)) == edge


def test_a_range_is_doubled_up_to_the_widest() -> None:
    assert [(each.along, each.across) for each in Range(40, 20, (1.0, 0.0), 150).wider()] == [
        (80, 40),
        (150, 75),
    ]
    assert list(Range(40, 20, (1.0, 0.0), 40).wider()) == []
    assert list(ANYWHERE.wider()) == []
