"""Tiles and labels of a run under a regime, and that a resumed run has the same."""

import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from oemsar.dataset.config import RegimesConfig
from oemsar.dataset.label_regime import Regime
from oemsar.dataset.manifests import assign_regimes
from oemsar.dataset.pixels import read_label
from oemsar.dataset.regimes import training_tiles
from oemsar.dataset.table import read_tiles, write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError, Interrupted
from oemsar.train.config import RunOptions
from oemsar.train.crops import Batch, CropDataset
from oemsar.train.run import TrainedRun, train_model
from oemsar.train.tiles import TilesSummary, describe_tiles, each_once, usable_tiles

SIDE = 96
REAL, PSEUDO = 3, 5
"""Class of every pixel of the hand-made and of the pseudo labels."""


@pytest.fixture
def regime_table(
    tmp_path: Path, make_tile: Callable[[str], Tile], write: Callable[[Path, np.ndarray], Path]
) -> Path:
    """Two train tiles and eight of val in one region, and a test tile; every tile has both labels."""
    real = write(tmp_path / "real.tif", np.full((1, SIDE, SIDE), REAL, np.uint8))
    pseudo = write(tmp_path / "pseudo.tif", np.full((1, SIDE, SIDE), PSEUDO, np.uint8))
    splits = {"train": 2, "val": 8, "test": 1}
    tiles = [
        replace(
            make_tile(f"{split}_{number}"), split=split, region="A-01", pseudo_label=pseudo, real_label=real
        )
        for split, count in splits.items()
        for number in range(count)
    ]
    write_tiles(tiles, tmp_path / "tiles.parquet")
    return tmp_path / "tiles.parquet"


def config(table: Path, **options: object) -> RunOptions:
    return RunOptions.model_validate({"data": table, "out": table.parent / "run", **options})


def usable(options: RunOptions) -> tuple[list[Tile], list[Tile]]:
    (training,), validation = usable_tiles(read_tiles(options.table), options, options.table.name)
    return training, validation


def train(options: RunOptions, *, resume: bool = False) -> TrainedRun:
    return train_model(options.table, options.out, config=options, resume=resume)


@pytest.mark.parametrize(("regime", "pseudo", "real"), [("P", 2, 0), ("P+R1", 2, 1), ("R5", 0, 5)])
def test_pixels_of_each_tile_are_those_of_its_label(
    regime_table: Path, regime: str, pseudo: int, real: int
) -> None:
    options = config(regime_table, regime=regime)
    training, validation = usable(options)
    crops = CropDataset(training, options.modalities, SIDE, 0, augment=False)
    labels = sorted({*crops[number]["label"].unique().tolist()}.pop() for number in range(len(training)))
    assert labels == [REAL] * real + [PSEUDO] * pseudo
    assert len(validation) == 8 - real
    assert {int(read_label(tile).max()) for tile in validation} == {REAL}
    assert not {tile.name for tile in training} & {tile.name for tile in validation}


def test_each_phase_has_its_tiles_and_none_is_validated_on(regime_table: Path) -> None:
    options = config(regime_table, regime="P>R5>P+R1", steps="4>3>2")
    phases, validation = usable_tiles(read_tiles(regime_table), options, "the table")
    alone = [usable(config(regime_table, regime=regime))[0] for regime in ("P", "R5", "P+R1")]
    assert phases == alone
    assert [len(phase) for phase in phases] == [2, 5, 3]
    once = each_once(phases)
    assert len(once) == 8
    assert len(validation) == 2
    assert not {tile.name for tile in validation} & {tile.name for tile in once}


def test_manifests_decide_and_the_computed_ones_have_seed_0(regime_table: Path, tmp_path: Path) -> None:
    for seed in (0, 1):
        assign_regimes(regime_table, tmp_path / str(seed), config=RegimesConfig(seed=seed))
    computed = usable(config(regime_table, regime="R5"))
    assert usable(config(regime_table, regime="R5", manifests=tmp_path / "0")) == computed
    other, _ = usable(config(regime_table, regime="R5", manifests=tmp_path / "1"))
    assert other == training_tiles(read_tiles(regime_table), Regime.R5, seed=1) != computed[0]


def test_a_summary_counts_the_labels_made_by_hand_and_tells_other_tiles_apart() -> None:
    path = Path("a.tif")
    pseudo, real = Tile("p", "train", (4, 6), pseudo_label=path), Tile("r", "train", (4, 6), real_label=path)
    found = describe_tiles([pseudo, real, pseudo], [real, real])
    assert found == TilesSummary(train=3, train_real_labels=1, val=2, sha256=found.sha256)
    others = (
        describe_tiles([real, pseudo, pseudo], [real, real]),
        describe_tiles([pseudo, real, pseudo], [real, pseudo]),
        describe_tiles([pseudo, real, pseudo, real], [real]),
    )
    assert len({found.sha256, *(other.sha256 for other in others)}) == 4


def test_what_a_regime_misses_is_named(regime_table: Path, tmp_path: Path) -> None:
    tiles = read_tiles(regime_table)
    write_tiles([replace(tile, real_label=None) for tile in tiles], tmp_path / "bare.parquet")
    with pytest.raises(InputError, match=r"bare\.parquet does not suffice for regime R1: .* hand-labelled"):
        usable(config(tmp_path / "bare.parquet", regime="R1"))
    blind = [replace(tile, optical=None) if tile.split == "val" else tile for tile in tiles]
    write_tiles(blind, tmp_path / "blind.parquet")
    with pytest.raises(InputError, match="no optical imagery of tile val_"):
        usable(config(tmp_path / "blind.parquet", regime="P+R5", modalities="optical"))
    assert len(usable(config(tmp_path / "blind.parquet", regime="P", modalities="optical"))[0]) == 2


def test_a_wrong_regime_and_manifests_without_one_are_named(regime_table: Path) -> None:
    with pytest.raises(InputError, match="regime: R2 is not known"):
        config(regime_table, regime="R2")
    with pytest.raises(InputError, match=r"manifests, regime: somewhere is read for a label regime only"):
        config(regime_table, manifests="somewhere")


def test_a_run_under_a_regime_resumes_with_its_own_tiles_only(regime_table: Path, tmp_path: Path) -> None:
    assign_regimes(regime_table, tmp_path / "m", config=RegimesConfig(seed=1))
    options = {
        **{"encoder": "tu-test_efficientnet", "steps": 1, "crop": 64, "batch": 2, "workers": 0},
        **{"device": "cpu", "regime": "R5", "manifests": tmp_path / "m"},
    }
    train(config(regime_table, **options))
    record = json.loads((tmp_path / "run" / "record.json").read_text())
    assert record["tiles"]["train"] == record["tiles"]["train_real_labels"] == 5
    assert record["tiles"]["val"] == 3
    assert record["config"]["regime"] == "R5"
    (tmp_path / "m").rename(tmp_path / "moved")
    moved = config(regime_table, **{**options, "manifests": tmp_path / "moved"})
    assert train(moved, resume=True).steps == 1
    assign_regimes(regime_table, tmp_path / "moved", config=RegimesConfig(seed=2))
    with pytest.raises(InputError, match="chooses other tiles"):
        train(moved, resume=True)
    with pytest.raises(InputError, match="has regime R5"):
        train(moved.model_copy(update={"regime": Regime.R1}), resume=True)


def test_a_run_stopped_in_its_second_phase_resumes_to_the_bit(
    regime_table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {
        **{"encoder": "tu-test_efficientnet", "crop": 64, "batch": 2, "workers": 0, "device": "cpu"},
        **{"regime": "P>R5", "steps": "2>3", "learning_rate": "1e-3>1e-4", "calibrate": False},
    }
    straight = train(config(regime_table, **options))
    read = CropDataset.__getitem__

    def stopping(dataset: CropDataset, number: int) -> Batch:
        if number == 6:  # the first sample of step 3, the second of the second phase
            signal.raise_signal(signal.SIGTERM)
        return read(dataset, number)

    cut = config(regime_table, **options, out=regime_table.parent / "cut")
    with monkeypatch.context() as patch:
        patch.setattr(CropDataset, "__getitem__", stopping)
        with pytest.raises(Interrupted, match="interrupted at step 4"):
            train(cut)
    with pytest.raises(InputError, match=r"has steps 2>3, not 2>4"):
        train(cut.model_copy(update={"steps": (2, 4)}), resume=True)
    resumed = train(cut, resume=True)
    assert resumed.steps == straight.steps == 5
    one, other = (load_file(run.model / "model.safetensors") for run in (straight, resumed))
    assert all(torch.equal(one[name], other[name]) for name in one)
    record = json.loads((resumed.folder / "record.json").read_text())
    assert record["config"]["learning_rate"] == "0.001>0.0001"
    assert (record["tiles"]["train"], record["tiles"]["train_real_labels"]) == (7, 5)


def test_an_input_that_no_tile_has_is_named(make_tile: Callable[[str], Tile], tmp_path: Path) -> None:
    options = RunOptions(data="tiles.parquet", out=tmp_path / "run", modalities="sar+height")
    sentence = (
        r"modalities: the table has no .* sar\+height imagery \(no tile has height, only optical, sar\)"
    )
    with pytest.raises(InputError, match=sentence):
        usable_tiles([make_tile("a")], options, "the table")
