"""Manifests: the same on every machine, checked when read."""

import csv
import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from oemsar.dataset.config import RegimesConfig
from oemsar.dataset.label_regime import Regime
from oemsar.dataset.manifests import assign_regimes, manifest_tiles
from oemsar.dataset.regimes import training_tiles
from oemsar.dataset.table import read_tiles, write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.files import checksum, write_text

from ..commands import Command, Run

SCRIPT = "from oemsar.cli.app import main; main()"
MANIFESTS = ["P.txt", "P+R1.txt", "P+R5.txt", "R1.txt", "R5.txt", "test.txt"]
FILES = {
    *MANIFESTS,
    *(f"{name}.sha256" for name in MANIFESTS),
    "overlaps.csv",
    "overlaps.json",
    "record.json",
}


def regimes(table: Path, out: Path) -> tuple[str, ...]:
    return "data", "regimes", str(table), "--out", str(out)


def contents(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text() for name in FILES - {"record.json"}}


def test_command_writes_the_same_whatever_the_hash_seed_and_the_order(
    release: list[Tile], release_table: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", SCRIPT, *regimes(release_table, tmp_path / "one"), "--json"]
    environment = os.environ | {"PYTHONHASHSEED": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tiles"] == {
        "P": 140,
        "P+R1": 175,
        "P+R5": 315,
        "R1": 35,
        "R5": 175,
        "test": 490,
    }
    (tmp_path / "moved").mkdir()
    write_tiles(random.Random(4).sample(release, len(release)), tmp_path / "moved" / "tiles.parquet")
    assign_regimes(tmp_path / "moved" / "tiles.parquet", tmp_path / "two")  # under this process's hash seed
    assert {path.name for path in (tmp_path / "one").iterdir()} == FILES
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_manifests_name_the_tiles_of_the_regimes_and_sha256sum_agrees(
    release: list[Tile], release_table: Path, tmp_path: Path
) -> None:
    assign_regimes(release_table, tmp_path / "m", config=RegimesConfig(seed=2))
    for regime in Regime:
        listed = (tmp_path / "m" / f"{regime.value}.txt").read_text().splitlines()
        assert listed == [tile.name for tile in training_tiles(release, regime, seed=2)]
    test = (tmp_path / "m" / "test.txt").read_text().splitlines()
    assert test == [f"TestArea_{number:03d}" for number in range(1, 491)]
    sums = [f"{name}.sha256" for name in MANIFESTS]
    assert (
        subprocess.run(
            ["sha256sum", "--check", "--strict", *sums], cwd=tmp_path / "m", check=False
        ).returncode
        == 0
    )


def test_reading_gives_the_tiles_that_were_written(release_table: Path, tmp_path: Path) -> None:
    assign_regimes(release_table, tmp_path / "m", config=RegimesConfig(seed=2))
    tiles = read_tiles(release_table)
    for regime in Regime:
        assert manifest_tiles(tiles, regime, tmp_path / "m") == training_tiles(tiles, regime, seed=2)


def test_shared_ground_is_listed_and_told(release: list[Tile], tmp_path: Path, run_command: Run) -> None:
    """One train tile is moved by half its height over a test tile, and another onto a tile of R1."""
    test = next(tile for tile in release if tile.split == "test")
    real = training_tiles(release, Regime.R1)[0]
    moved = {
        "TrainArea_001": test.grid.translate_pix(0, 32),
        "TrainArea_002": real.grid,
    }
    tiles = [replace(tile, grid=moved.get(tile.name, tile.grid)) for tile in release]
    write_tiles(tiles, tmp_path / "tiles.parquet")
    done = run_command(Command(("oemsar", *regimes(tmp_path / "tiles.parquet", tmp_path / "m"))))
    assert done.code == 0, done.stderr
    pairs = json.loads((tmp_path / "m" / "overlaps.json").read_text())["pairs"]
    half = next(pair for pair in pairs if pair["other"] == test.name)
    assert (half["tile"], half["use"], half["other_use"]) == ("TrainArea_001", "P", "test")
    assert half["other_fraction"] == pytest.approx(0.5, abs=1e-3)
    full = next(pair for pair in pairs if pair["other"] == real.name)
    assert (full["tile"], full["other_use"], full["fraction"]) == ("TrainArea_002", "R1", pytest.approx(1))
    with (tmp_path / "m" / "overlaps.csv").open() as file:
        assert [row["other"] for row in csv.DictReader(file)] == [pair["other"] for pair in pairs]
    assert "1 tiles of P with 1 hand-labelled tiles of test (up to 50.0% of one)" in done.stdout


def test_tiles_that_cannot_be_measured_are_told(release: list[Tile], tmp_path: Path) -> None:
    tiles = [replace(tile, grid=None) if tile.name == "TestArea_007" else tile for tile in release]
    write_tiles(tiles, tmp_path / "tiles.parquet")
    assert assign_regimes(tmp_path / "tiles.parquet", tmp_path / "m").unmeasured_tiles == 1


def test_missing_hand_labels_are_one_sentence_and_nothing_is_written(
    release: list[Tile], tmp_path: Path, run_command: Run
) -> None:
    write_tiles([replace(tile, real_label=None) for tile in release], tmp_path / "tiles.parquet")
    done = run_command(Command(("oemsar", *regimes(tmp_path / "tiles.parquet", tmp_path / "m"))))
    assert (done.code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "no hand-labelled tile of split val" in done.stderr
    assert not (tmp_path / "m").exists()


def rewrite(path: Path, text: str) -> None:
    path.write_text(text)
    path.with_name(f"{path.name}.sha256").write_text(f"{checksum(path)}  {path.name}\n")
    path.with_name("record.json").unlink(missing_ok=True)


def test_manifests_of_two_seeds_with_fitting_checksums_are_refused(
    release: list[Tile], release_table: Path, tmp_path: Path
) -> None:
    for seed in (0, 1):
        assign_regimes(release_table, tmp_path / str(seed), config=RegimesConfig(seed=seed))
    for name in ("R1.txt", "R1.txt.sha256"):
        shutil.copy(tmp_path / "1" / name, tmp_path / "0" / name)
    assert manifest_tiles(release, Regime.R5, tmp_path / "0") == training_tiles(release, Regime.R5)
    with pytest.raises(InputError, match=r"R1\.txt is not the manifest that .*record\.json tells of"):
        manifest_tiles(release, Regime.R1, tmp_path / "0")


def test_a_choice_that_was_cut_off_has_no_checksums(
    release: list[Tile], release_table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assign_regimes(release_table, tmp_path / "m")
    written = []

    def stop(path: Path, text: str) -> None:
        written.append(path.name)
        if len(written) == 3:
            raise KeyboardInterrupt
        write_text(path, text)

    monkeypatch.setattr("oemsar.dataset.manifests.write_text", stop)
    with pytest.raises(KeyboardInterrupt):
        assign_regimes(release_table, tmp_path / "m", config=RegimesConfig(seed=1))
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"checksum R5\.txt\.sha256 cannot be read"):
        manifest_tiles(release, Regime.R5, tmp_path / "m")
    assign_regimes(release_table, tmp_path / "m", config=RegimesConfig(seed=1))
    assert manifest_tiles(release, Regime.R5, tmp_path / "m") == training_tiles(release, Regime.R5, seed=1)


def test_the_record_of_a_training_is_not_replaced(release_table: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    record = tmp_path / "run" / "record.json"
    record.write_text('{"config": {}, "seed": 0, "spec": {}}')
    with pytest.raises(InputError, match=r"holds record\.json, which this command did not write"):
        assign_regimes(release_table, tmp_path / "run")
    assert [path.name for path in record.parent.iterdir()] == ["record.json"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("TrainArea_9999", "does not have"),
        ("TestArea_001", "never trains on"),
        ("TrainArea_001", "never trains on"),
    ],
)
def test_a_manifest_with_a_wrong_tile_is_refused(
    release: list[Tile], release_table: Path, tmp_path: Path, name: str, said: str
) -> None:
    assign_regimes(release_table, tmp_path)
    rewrite(tmp_path / "R1.txt", f"{name}\n")
    with pytest.raises(InputError, match=said) as caught:
        manifest_tiles(release, Regime.R1, tmp_path)
    assert "R1.txt" in str(caught.value)
    assert name in str(caught.value)


def test_a_changed_missing_or_empty_manifest_is_refused(
    release: list[Tile], release_table: Path, tmp_path: Path
) -> None:
    assign_regimes(release_table, tmp_path)
    path = tmp_path / "P.txt"
    path.write_text(path.read_text() + "TrainArea_0001\n")
    with pytest.raises(InputError, match="changed after it was written"):
        manifest_tiles(release, Regime.P, tmp_path)
    rewrite(path, "")
    with pytest.raises(InputError, match="names no tile"):
        manifest_tiles(release, Regime.P, tmp_path)
    path.with_name("P.txt.sha256").unlink()
    with pytest.raises(InputError, match="cannot be read"):
        manifest_tiles(release, Regime.P, tmp_path)
    unlabelled = [replace(tile, real_label=None) for tile in release]
    with pytest.raises(InputError, match="lacks a hand-made label"):
        manifest_tiles(unlabelled, Regime.R5, tmp_path)
