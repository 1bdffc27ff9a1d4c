"""A network of fusion any is trained on tiles that lack inputs, and loses inputs in training."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from oemsar.dataset.pixels import read_available, read_images
from oemsar.dataset.table import read_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.models.saved import load_model
from oemsar.raster.geotiff import write_raster
from oemsar.train.config import TrainConfig
from oemsar.train.crops import CropDataset
from oemsar.train.data import WholeTiles
from oemsar.train.normalisation import estimate_normalisation
from oemsar.train.run import train_model
from oemsar.train.tiles import usable_tiles

INPUTS = Inputs.parse("sar+optical+height")


def config(**options: Any) -> TrainConfig:
    chosen = {
        "encoder": "tu-test_efficientnet",
        "modalities": "sar+optical",
        "fusion": "any",
        "steps": 2,
        "crop": 64,
        "batch": 2,
        "workers": 0,
        "device": "cpu",
    }
    return TrainConfig(**{**chosen, **options})


@pytest.fixture
def tiles(make_tile: Callable[[str], Tile], tmp_path: Path) -> list[Tile]:
    """Three tiles: with all inputs and a gap in the heights, without heights, and of heights alone."""
    whole = make_tile("a")
    heights = np.random.default_rng(0).uniform(0, 20, (1, *whole.shape)).astype(np.float32)
    heights[:, :, 40:52] = -9999
    write_raster(tmp_path / "height.tif", heights, None)
    further = {"height": tmp_path / "height.tif"}
    return [
        replace(whole, further=further),
        replace(make_tile("b"), name="b"),
        replace(whole, name="c", sar=None, optical=None, further=further),
    ]


def test_samples_tell_where_each_input_carries_data(tiles: list[Tile]) -> None:
    crops = CropDataset(tiles, INPUTS, 80, seed=1, augment=True, masked=True)
    plain = CropDataset(tiles[:1], INPUTS, 80, seed=1, augment=True)
    seen = set()
    for number in range(12):
        sample = crops[number]
        valid = sample["valid"]
        assert valid.shape == (3, 80, 80)
        has = tuple(valid.flatten(1).any(1).tolist())
        seen.add(has)
        assert valid[0].all() == valid[0].any()
        if has[2]:
            assert torch.equal(valid[2], ~sample["image"][4].isnan())
            assert not valid[2].all()
    assert seen == {(True, True, True), (True, True, False), (False, False, True)}
    alone = CropDataset(tiles[:1], INPUTS, 80, seed=1, augment=True, masked=True)
    for number in range(4):
        torch.testing.assert_close(
            alone[number]["image"], plain[number]["image"], equal_nan=True, rtol=0, atol=0
        )
        assert "valid" not in plain[number]


def test_whole_tiles_tell_what_they_lack(tiles: list[Tile]) -> None:
    samples = [WholeTiles(tiles, INPUTS, masked=True)[index] for index in range(3)]
    assert [sample["valid"].flatten(1).float().mean(1).tolist() for sample in samples] == [
        [1, 1, pytest.approx(84 / 96)],
        [1, 1, 0],
        [0, 0, pytest.approx(84 / 96)],
    ]
    np.testing.assert_array_equal(
        samples[1]["image"][:4].numpy(), read_images(tiles[1], Inputs.parse("sar+optical"))
    )
    with pytest.raises(InputError, match="tile b has none of height"):
        read_available(tiles[1], Inputs.parse("height"))


def test_normalisation_is_that_of_the_tiles_that_have_an_input(
    tiles: list[Tile], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_all, deviations = estimate_normalisation(tiles[:1], INPUTS, 0)
    mean, std = estimate_normalisation([tiles[0], tiles[2]], INPUTS, 0)
    assert mean == pytest.approx(of_all)
    assert std == pytest.approx(deviations)
    monkeypatch.setattr("oemsar.train.normalisation._TILES", 1)
    many = [tiles[0], *(replace(tiles[1], name=f"n{number}") for number in range(20))]
    assert estimate_normalisation(many, INPUTS, 0)[0][4] == pytest.approx(of_all[4])


def test_tiles_that_lack_inputs_are_used_and_told(
    tiles: list[Tile], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    options: Any = config(modalities="sar+optical+height")
    blind = replace(tiles[0], name="d", sar=None, optical=None, further={})
    (training,), validation = usable_tiles([*tiles, blind, replace(tiles[2], split="val")], options, "table")
    assert training == tiles
    assert [tile.name for tile in validation] == ["c"]
    assert "1 of the 3 tiles of split train have no height, and are used without" in caplog.text
    stacked: Any = config(modalities="sar+optical+height", fusion="stack")
    assert usable_tiles([*tiles, blind], stacked, "table")[0] == [tiles[:1]]


def test_an_input_that_no_training_tile_has_is_refused(tiles: list[Tile]) -> None:
    options: Any = config(modalities="sar+optical+nir")
    with pytest.raises(
        InputError,
        match=r"modalities: table has no training tile with each input of .* \(no tile has nir, only",
    ):
        usable_tiles(tiles, options, "table")


def test_a_run_on_tiles_that_lack_inputs_is_made_and_is_the_same_again(table: Path, tmp_path: Path) -> None:
    tiles = read_tiles(table)
    tiles[0] = replace(tiles[0], optical=None)
    tiles[1] = replace(tiles[1], sar=None)
    tiles[-1] = replace(tiles[-1], optical=None)
    whole = train_model(tiles, tmp_path / "whole", config=config(drop_inputs=1.0))
    again = train_model(tiles, tmp_path / "again", config=config(drop_inputs=1.0))
    none = train_model(tiles, tmp_path / "none", config=config(drop_inputs=0.0))
    assert whole.best_miou is not None
    first, second, third = (load_model(run.folder).state_dict() for run in (whole, again, none))
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert not all(torch.equal(value, third[name]) for name, value in first.items())
    network = load_model(whole.folder)
    assert network.spec.takes_any
    assert network.calibration is not None


@pytest.mark.parametrize("fusion", ["stack", "dual"])
def test_other_fusions_drop_nothing(fusion: str) -> None:
    with pytest.raises(InputError, match=f"drop_inputs, fusion: fusion {fusion} cannot lack an input"):
        config(fusion=fusion, drop_inputs=0.3)
