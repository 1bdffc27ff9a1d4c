"""The draw: its size, the probability of each tile, its spread, and the allocation to strata."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oemsar.curate.sample.draw import draw
from oemsar.curate.sample.strata import OTHER, allocate, stratify
from oemsar.dataset.tile import Tile


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 40), number=st.integers(0, 40), seed=st.integers(0, 99))
def test_the_number_is_exact(count: int, number: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = draw(rng.random((count, 2)), min(number, count), rng)
    assert len(found) == len(set(found.tolist())) == min(number, count)
    assert np.all(np.diff(found) > 0)


def test_every_tile_has_the_same_probability() -> None:
    positions = np.random.default_rng(5).random((13, 2)) ** 3  # crowded in a corner
    rng = np.random.default_rng(0)
    times = 3000
    drawn = np.zeros(13)
    for _ in range(times):
        drawn[draw(positions, 4, rng)] += 1
    error = np.sqrt(4 / 13 * 9 / 13 / times)
    assert np.abs(drawn / times - 4 / 13).max() < 4 * error


def test_a_sample_is_spread_further_than_one_drawn_at_random() -> None:
    positions = np.stack(np.mgrid[:12, :12], -1).reshape(-1, 2).astype(float)
    rng = np.random.default_rng(1)

    def uneven(chosen: np.ndarray) -> float:  # type: ignore[type-arg]
        """Mean square of the number in each quarter of the square less its expectation."""
        quarters = (positions[chosen] >= 6) @ np.array([1, 2])
        return float(np.square(np.bincount(quarters, minlength=4) - 3.0).mean())

    spread = np.mean([uneven(draw(positions, 12, rng)) for _ in range(60)])
    random = np.mean([uneven(rng.choice(144, 12, replace=False)) for _ in range(60)])
    assert spread < 0.5 * random


@pytest.mark.parametrize(
    ("sizes", "wanted", "drawn"),
    [
        ([10, 10], 6, [3, 3]),
        ([30, 10, 2], 10, [6, 2, 2]),
        ([100, 3], 5, [3, 2]),
        ([5, 1], 6, [5, 1]),
        ([7, 7, 7], 2, [1, 1, 0]),
        ([90, 60, 30], 20, [10, 7, 3]),
    ],
)
def test_each_stratum_gets_two_and_the_rest_goes_by_size(
    sizes: list[int], wanted: int, drawn: list[int]
) -> None:
    assert allocate(sizes, wanted) == drawn


def _tiles(number: int) -> list[Tile]:
    return [Tile(f"t{index}", "test", (8, 8)) for index in range(number)]


def test_strata_are_classes_and_the_rarest_go_together() -> None:
    tiles = _tiles(12)
    classes = ["Tree"] * 6 + ["Water"] + ["Building"] * 3 + ["Road"] + [None]
    strata = stratify("a", tiles, classes, 6)
    assert [(each.name, len(each.tiles), each.drawn) for each in strata] == [
        ("a/Tree", 6, 2),
        ("a/Building", 3, 2),
        ("a/other", 3, 2),
    ]
    assert [tile.name for tile in strata[2].tiles] == ["t6", "t10", "t11"]


def test_few_tiles_to_draw_make_few_strata() -> None:
    classes = ["Tree"] * 5 + ["Water"] * 4 + ["Road"] * 3
    strata = stratify("a", _tiles(12), classes, 3)
    assert [(each.name, len(each.tiles), each.drawn) for each in strata] == [(f"a/{OTHER}", 12, 3)]
