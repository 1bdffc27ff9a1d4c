"""The data module: shares of a step, whole tiles, and errors of reading processes with their options."""

import multiprocessing
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from oemsar.dataset.pixels import read_images, read_label
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.inputs import OPTICAL
from oemsar.train.config import TrainConfig
from oemsar.train.crops import CropDataset
from oemsar.train.data import PhasedCrops, TileData, WholeTiles, default_workers


def data(tiles: list[Tile], workers: int, **trainer: int) -> TileData:
    config = TrainConfig(crop=32, batch=4, steps=3, workers=workers, augment=False)
    module = TileData(config, [tiles], tiles)
    module.trainer = SimpleNamespace(**{"global_step": 0, "global_rank": 0, "world_size": 1, **trainer})
    return module


def test_a_step_is_shared_by_the_processes_from_the_present_one_on(
    make_tile: Callable[[str], Tile],
) -> None:
    module = data([make_tile("a"), make_tile("b")], 0, global_step=1, global_rank=1, world_size=2)
    numbers = [batch["number"].tolist() for batch in module.train_dataloader()]
    assert numbers == [[6, 7], [10, 11]]


def test_samples_of_each_phase_are_of_its_tiles(make_tile: Callable[[str], Tile]) -> None:
    first, second = ([make_tile(name)] for name in "ab")
    size = {"crop": 32, "batch": 4, "workers": 0, "augment": False, "modalities": "optical"}
    config = TrainConfig(regime="P>R5", steps="2>3", **size)
    module = TileData(config, [first, second], [])
    module.trainer = SimpleNamespace(global_step=1, global_rank=0, world_size=1)
    numbers = [batch["number"].tolist() for batch in module.train_dataloader()]
    assert numbers == [[4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15], [16, 17, 18, 19]]
    alone = [CropDataset(tiles, OPTICAL, 32, 0, augment=False) for tiles in (first, second)]
    samples = PhasedCrops([0, 8], alone)
    for number, crops in ((0, alone[0]), (7, alone[0]), (8, alone[1]), (19, alone[1])):
        assert torch.equal(samples[number]["image"], crops[number]["image"])


def test_validation_tiles_come_whole_and_shared(make_tile: Callable[[str], Tile]) -> None:
    tiles = [make_tile(name) for name in "abc"]
    shares = [
        [
            batch["number"].item()
            for batch in data(tiles, 0, global_rank=rank, world_size=2).validation_tiles()
        ]
        for rank in range(2)
    ]
    assert shares == [[0, 1], [0]]
    sample = WholeTiles(tiles, OPTICAL)[1]
    np.testing.assert_array_equal(sample["image"].numpy(), read_images(tiles[1], OPTICAL))
    np.testing.assert_array_equal(sample["label"].numpy(), read_label(tiles[1]))


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_of_a_reading_process_keeps_its_kind_sentence_and_option(
    make_tile: Callable[[str], Tile], monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    def refuse(*_: object) -> None:
        raise InputError("this tile cannot be read", option="data")

    monkeypatch.setattr(CropDataset, "__getitem__", refuse)
    monkeypatch.setattr(WholeTiles, "__getitem__", refuse)
    module = data([make_tile("a")], workers)
    (batch, *_) = module.train_dataloader()
    with pytest.raises(InputError, match="this tile cannot be read") as caught:
        module.on_before_batch_transfer(batch, 0)
    assert caught.value.options == ("data",)
    with pytest.raises(InputError, match="this tile cannot be read"):
        next(module.validation_tiles())


def test_a_programming_error_is_raised_as_it_is(
    make_tile: Callable[[str], Tile], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a fault of the program")

    monkeypatch.setattr(CropDataset, "__getitem__", fail)
    with pytest.raises(ZeroDivisionError, match="a fault of the program"):
        next(iter(data([make_tile("a")], 0).train_dataloader()))


@pytest.mark.parametrize(("cores", "devices", "workers"), [(1, 1, 1), (4, 1, 3), (16, 1, 8), (16, 4, 3)])
def test_readers_are_the_share_of_the_cores_but_one(
    cores: int, devices: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert default_workers(devices) == workers


def test_a_reader_knows_its_parent_and_does_not_outlive_it(
    make_tile: Callable[[str], Tile], monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", leave)
    begin = data([make_tile("a")], 1).train_dataloader().worker_init_fn
    monkeypatch.setattr(os, "getppid", lambda: 1)  # as after the death of the parent, however early
    assert begin is not None
    with pytest.raises(SystemExit):
        begin(0)
    assert begin.args == (os.getpid(),)  # type: ignore[attr-defined]


def test_the_tiles_are_read_from_their_paths(make_tile: Callable[[str], Tile], tmp_path: Path) -> None:
    tile = replace(make_tile("a"), sar=tmp_path / "gone.tif")
    with pytest.raises(InputError, match=r"gone\.tif does not exist"):
        next(data([tile], 0).validation_tiles())


def test_crops_are_read_by_children_of_the_run_where_a_fork_server_is_the_default(
    make_tile: Callable[[str], Tile],
) -> None:
    default = multiprocessing.get_start_method()
    alone, read = data([make_tile("a")], 0), data([make_tile("a")], 1)
    multiprocessing.set_start_method("forkserver", force=True)
    try:
        batches = list(read.train_dataloader())
    finally:
        multiprocessing.set_start_method(default, force=True)
    for batch, expected in zip(batches, alone.train_dataloader(), strict=True):
        assert torch.equal(batch["image"], expected["image"])
