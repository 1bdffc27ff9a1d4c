"""Which tile trains with which label."""

import hashlib
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from oemsar.dataset.label_regime import Regime
from oemsar.dataset.regimes import deal_real, training_tiles, validation_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError

COUNTS = {
    Regime.P: (35 * 4, 0),
    Regime.P_R1: (35 * 4, 35),
    Regime.P_R5: (35 * 4, 175),
    Regime.R1: (0, 35),
    Regime.R5: (0, 175),
}
"""Pseudo-labelled and hand-labelled tiles of each regime in a release of 35 regions with 4 train tiles."""


def names(tiles: list[Tile]) -> set[str]:
    return {tile.name for tile in tiles}


@pytest.mark.parametrize("regime", Regime)
def test_a_regime_has_its_tiles_each_with_one_label(release: list[Tile], regime: Regime) -> None:
    chosen = training_tiles(release, regime)
    pseudo = [tile for tile in chosen if tile.pseudo_label is not None]
    real = [tile for tile in chosen if tile.real_label is not None]
    assert (len(pseudo), len(real)) == COUNTS[regime]
    assert len(names(chosen)) == len(chosen) == len(pseudo) + len(real)
    assert {tile.split for tile in pseudo} <= {"train"}
    assert {tile.split for tile in real} <= {"val"}
    assert set(Counter(tile.region for tile in real).values()) <= {regime.real_per_region}


def test_r1_and_r5_are_disjoint_and_the_unions_are_unions(release: list[Tile]) -> None:
    of = {regime: names(training_tiles(release, regime)) for regime in Regime}
    assert not of[Regime.R1] & of[Regime.R5]
    assert of[Regime.P_R1] == of[Regime.P] | of[Regime.R1]
    assert of[Regime.P_R5] == of[Regime.P] | of[Regime.R5]


@pytest.mark.parametrize(
    ("regime", "count"),
    [(Regime.P, 210), (Regime.P_R1, 175), (Regime.R1, 175), (Regime.P_R5, 35), (Regime.R5, 35)],
)
def test_validation_is_what_val_has_beside_the_training(
    release: list[Tile], regime: Regime, count: int
) -> None:
    training = training_tiles(release, regime)
    validation = validation_tiles(release, training)
    assert len(validation) == count
    assert not names(training) & names(validation)
    assert all(tile.split == "val" and tile.real_label is not None for tile in validation)


def test_the_choice_is_the_published_rule_on_names_and_seed(release: list[Tile]) -> None:
    """Known answer: the first of a region by the SHA-256 of `seed:name` is R1, the next five are R5."""
    dealt = deal_real(release, seed=3)
    region = release[0].region
    own = [tile.name for tile in release if tile.region == region and tile.split == "val"]
    own.sort(key=lambda name: hashlib.sha256(f"3:{name}".encode()).hexdigest())
    assert [tile.name for tile in dealt[1] if tile.region == region] == own[:1]
    assert names([tile for tile in dealt[5] if tile.region == region]) == set(own[1:])


def test_the_choice_depends_on_the_seed_and_not_on_the_order(release: list[Tile]) -> None:
    shuffled = random.Random(2).sample(release, len(release))
    for regime in Regime:
        assert training_tiles(shuffled, regime) == training_tiles(release, regime)
    assert names(deal_real(release, 0)[1]) != names(deal_real(release, 1)[1])


def test_a_hand_label_of_a_train_tile_is_not_used_by_p(release: list[Tile]) -> None:
    labelled = [replace(tile, real_label=tile.pseudo_label) for tile in release]
    assert all(tile.real_label is None for tile in training_tiles(labelled, Regime.P))


def test_labels_beyond_the_six_of_a_region_train_nothing(release: list[Tile]) -> None:
    more = [replace(tile, split="val") if tile.split == "test" else tile for tile in release]
    training = training_tiles(more, Regime.R5)
    assert len(training) == 175
    assert len(validation_tiles(more, training)) == 35 * 15


def without(tiles: list[Tile], name: str) -> list[Tile]:
    return [replace(tile, real_label=None) if tile.name == name else tile for tile in tiles]


def test_missing_labels_are_one_sentence_that_says_where(release: list[Tile]) -> None:
    last = next(tile for tile in release if tile.region == "JPN-02" and tile.split == "val")
    fewer = without(release, last.name)
    for regime in set(Regime) - {Regime.P}:
        with pytest.raises(InputError, match="region JPN-02 has 5 hand-labelled"):
            training_tiles(fewer, regime)
    assert len(training_tiles(fewer, Regime.P)) == 140
    unlabelled = [replace(tile, real_label=None) for tile in release]
    with pytest.raises(InputError, match="no hand-labelled tile of split val"):
        training_tiles(unlabelled, Regime.R1)
    hand_only = [tile for tile in release if tile.split != "train"]
    assert len(training_tiles(hand_only, Regime.R1)) == 35
    with pytest.raises(InputError, match="no pseudo-labelled tile of split train"):
        training_tiles(hand_only, Regime.P_R1)


def test_tiles_without_a_region_are_dealt_out_as_one_and_told(
    release: list[Tile], caplog: pytest.LogCaptureFixture
) -> None:
    bare = [replace(tile, region=None, country=None) for tile in release]
    assert len(training_tiles(bare, Regime.R5)) == 5
    assert "have no region" in caplog.text
    one = [replace(tile, region=None) if tile.name == "ValArea_001" else tile for tile in release]
    with pytest.raises(InputError, match="has 5 hand-labelled"):
        training_tiles(one, Regime.R5)


def test_the_remedy_fits_the_data_and_the_verb(release: list[Tile], tmp_path: Path) -> None:
    fewer = without(release, next(tile.name for tile in release if tile.split == "val"))
    with pytest.raises(InputError, match=r"add labels, or leave the region out of the table$"):
        training_tiles(fewer, Regime.R1)
    (tmp_path / "world.json").touch()
    simulated = [replace(tile, sar=tmp_path / "val" / "sar_images" / f"{tile.name}.tif") for tile in fewer]
    with pytest.raises(InputError, match=r"make the world with `oemsar simulate --val 6`$"):
        training_tiles(simulated, Regime.R1)
