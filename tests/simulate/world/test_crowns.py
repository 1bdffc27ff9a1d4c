"""Crowns: a dome over the disc of its radius at the tree's place, the higher seen where they meet."""

import numpy as np
import pytest

from oemsar.simulate.noise import stream
from oemsar.simulate.world.crowns import TreeCrown, stamp_crowns

GSD, SHAPE = 0.25, (90, 140)


def test_a_crown_covers_its_disc_and_is_highest_in_the_middle() -> None:
    height, tone = stamp_crowns([TreeCrown(22.1 + 9.3j, 4.0, 11.0)], SHAPE, GSD, stream(1))
    assert height.shape == tone.shape == SHAPE
    rows, columns = np.nonzero(height)
    distance = np.hypot(columns * GSD - 22.1, rows * GSD - 9.3)
    assert len(rows) * GSD**2 == pytest.approx(np.pi * 4**2, rel=0.3)
    assert distance.max() < 4.0 * 1.45
    assert (columns.mean() * GSD, rows.mean() * GSD) == pytest.approx((22.1, 9.3), abs=1.0)
    assert height.max() == pytest.approx(11, rel=0.1)
    assert height[height > 0].min() > 0.2 * 11 - 0.01
    assert height[rows, columns][distance < 1].mean() > 1.3 * height[rows, columns][distance > 3.4].mean()
    assert np.unique(tone).size == 2
    assert (tone == 1).sum() == (height == 0).sum()


def test_where_crowns_meet_the_higher_is_seen_with_its_tone() -> None:
    low, high = TreeCrown(12 + 11j, 4.0, 5.0), TreeCrown(15 + 11j, 4.0, 14.0)
    alone = [stamp_crowns([tree], SHAPE, GSD, stream(1))[0] for tree in (low, high)]
    for trees in ([low, high], [high, low]):
        height, tone = stamp_crowns(trees, SHAPE, GSD, stream(3))
        assert height.max() > 12
        tones = [float(tone[44, 34]), float(tone[44, 64])]  # in the west of the low, in the east of the high
        assert tones[0] != tones[1]
        assert tone[44, 58] == np.float32(tones[1])  # in both discs, near the middle of the high one
    assert 0 < alone[0][44, 58] < alone[1][44, 58]


def test_crowns_at_the_edge_are_cut_off_there() -> None:
    trees = [TreeCrown(0 + 11j, 3.0, 8.0), TreeCrown(35 + 22j, 3.0, 8.0), TreeCrown(90 + 90j, 3.0, 8.0)]
    height, _ = stamp_crowns(trees, SHAPE, GSD, stream(2))
    assert height[44, 0] > 4
    assert height[-1, -1] > 4
    assert np.count_nonzero(height) * GSD**2 == pytest.approx(np.pi * 9 * (1 / 2 + 1 / 4), rel=0.35)
    assert not height[:20].any()
    assert not height[:60, 60:].any()


def test_trees_differ_in_brightness_by_a_sixth() -> None:
    places = [complex(2 + 3 * column, 2 + 3 * row) for row in range(40) for column in range(60)]
    trees = [TreeCrown(place, 0.8, 4.0) for place in places]
    _, tone = stamp_crowns(trees, (480, 720), GSD, stream(4))
    centres = np.array([tone[int(place.imag / GSD), int(place.real / GSD)] for place in places])
    assert np.log(centres).std() == pytest.approx(0.16, rel=0.1)
    assert np.log(centres).mean() == pytest.approx(0, abs=0.02)
