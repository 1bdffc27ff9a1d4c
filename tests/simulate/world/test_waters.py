"""Open water: about the distance to its shore, banks beside it, bridges across rivers only."""

import numpy as np
import pytest

from oemsar.simulate.noise import stream
from oemsar.simulate.world.waters import Kind, Waters, draw_waters

SHAPE, GSD = (220, 300), 1.5


def drawn(kind: Kind, seeds: int, shape: tuple[int, int] = SHAPE) -> list[Waters]:
    return [draw_waters(kind, shape, GSD, stream(seed)) for seed in range(seeds)]


def test_dry_is_behind_the_bank_and_the_clearance() -> None:
    shore = np.broadcast_to((np.arange(60, dtype=np.float32) - 20)[None] * 0.5, (40, 60))
    waters = Waters("coast", shore, 4.0, "sand", np.zeros((40, 60), bool))
    # half a metre a pixel: the shore is at 10 m, the bank ends at 14 m
    assert not waters.is_dry(complex(14, 3), 0.5)
    assert waters.is_dry(complex(14.6, 3), 0.5)
    assert not waters.is_dry(complex(14.6, 3), 0.5, 2)
    assert waters.is_dry(complex(17, 18), 0.5, 2)
    assert waters.is_dry(complex(11.2, 3), 0.5, -3.5)
    assert waters.is_dry(complex(1000, -1000), 0.5)  # beyond the canvas the nearest pixel counts
    assert not waters.is_dry(complex(-1000, 1000), 0.5)


@pytest.mark.parametrize("kind", ["river", "coast", "pond"])
def test_shore_is_about_a_distance_in_metres(kind: Kind) -> None:
    slopes = []
    for waters in drawn(kind, 8):
        assert waters.shore.shape == waters.bridge.shape == SHAPE
        down, right = np.gradient(waters.shore, GSD)
        near = np.abs(waters.shore) < 25
        slopes.append(np.median(np.hypot(down, right)[near]))
    assert np.median(slopes) == pytest.approx(1, abs=0.4)


def test_rivers_are_between_14_and_52_metres_wide() -> None:
    for waters in drawn("river", 12):
        half_width = -float(waters.shore.min())
        assert 6 < half_width < 27


def test_ponds_end_within_some_tens_of_metres_and_coasts_at_the_edge() -> None:
    for pond in drawn("pond", 12):
        rows, columns = np.nonzero(pond.shore < 0)
        assert 20 < max(np.ptp(rows), np.ptp(columns)) * GSD < 140
    shares = [(coast.shore < 0).mean() for coast in drawn("coast", 12)]
    assert 0.2 < np.mean(shares) < 0.8
    assert all(coast.shore[[0, 0, -1, -1], [0, -1, 0, -1]].max() > 20 for coast in drawn("coast", 4))


def test_bridges_cross_rivers_only_and_reach_the_banks() -> None:
    bridged = [waters for waters in drawn("river", 30) if waters.bridge.any()]
    assert 4 < len(bridged) < 22
    for waters in bridged:
        assert waters.shore[waters.bridge].max() < waters.bank + 3
        over_water = waters.bridge & (waters.shore < 0)
        assert 0.2 < over_water.sum() / waters.bridge.sum() <= 1
        # 7 to 14 m wide, from bank to bank of a river 14 to 52 m wide
        assert 7 * 14 < waters.bridge.sum() * GSD**2 < 14 * 130
    assert not any(waters.bridge.any() for kind in ("pond", "coast") for waters in drawn(kind, 6))


def test_banks_are_of_the_kind_of_water() -> None:
    materials = {
        kind: {waters.bank_material for waters in drawn(kind, 40, (20, 30))}
        for kind in ("river", "coast", "pond")
    }
    assert materials == {
        "river": {"grass", "concrete", "soil"},
        "coast": {"sand", "scrub", "concrete"},
        "pond": {"grass"},
    }
    assert all(2 <= waters.bank <= 20 for waters in drawn("coast", 20))


def test_no_water_is_dry_everywhere() -> None:
    waters = draw_waters("none", (5, 9), 0.5, stream(0))
    assert waters.shore.shape == (5, 9)
    assert waters.is_dry(1 + 1j, 0.5, 5000)
    assert not waters.bridge.any()
