"""`oemsar curate` from pairs to a check, as it is typed; each command says what it did."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from typer.testing import CliRunner

from oemsar.cli.app import app
from oemsar.dataset.table import read_tiles
from oemsar.models.registry import build
from oemsar.models.saved import save_model
from oemsar.models.spec import ModelSpec

from ..curate.pairs import write_pair

ENGINE = ("--engine", "torch", "--device", "cpu", "--no-flips", "--scales", "1")


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, ["curate", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.stdout


def model(folder: Path, seed: int) -> Path:
    torch.manual_seed(seed)
    encoder = {"architecture": "unet", "encoder": "tu-mobilenetv3_small_050", "modalities": "sar"}
    save_model(build(ModelSpec(**encoder, mean=(128.0,), std=(70.0,))), folder, {})
    return folder


@pytest.mark.slow
def test_from_pairs_to_a_check(tmp_path: Path) -> None:
    pair, data = write_pair(tmp_path / "pair", shape=(128, 192)), tmp_path / "data"
    said = run(
        "tiles", pair, "--out", data, "--size", 64, "--test-share", 0.67, "--val-share", 0, "--block", 1
    )
    assert "harbour: 2 train, 0 val, 4 test; left out of 6: 0 with too little ground" in said
    models = [model(tmp_path / f"m{seed}", seed) for seed in (1, 2)]
    given = [part for path in models for part in ("--model", path)]
    labels = tmp_path / "labels"
    said = run(
        "pseudo-label",
        data / "tiles.parquet",
        *given,
        "--out",
        labels,
        "--weights",
        "2,1",
        "--probabilities",
        *ENGINE,
    )
    assert said.startswith("6 tiles, mean confidence ")
    said = run("sample", labels / "tiles.parquet", "--per-region", 3, "--out", tmp_path / "tasks")
    assert said.splitlines()[-1] == f"3 tasks of 4 tiles: {tmp_path / 'tasks' / 'tasks.qgs'}"
    for path in (tmp_path / "tasks" / "labels").glob("*.tif"):
        with (
            rasterio.open(path, "r+") as dataset,
            rasterio.open(labels / "pseudo_labels" / path.name) as pseudo,
        ):
            pixels = pseudo.read()
            pixels[:, :16] = 0
            pixels[:, 16:32] = pixels[:, 16:32] % 8 + 1
            dataset.write(pixels)
    labelled = tmp_path / "labelled.parquet"
    said = run(
        "collect", tmp_path / "tasks", "--tiles", labels / "tiles.parquet", "--by", "Ana", "--out", labelled
    )
    assert said.startswith("3 labels, 0 of whole tiles; 0 are still to be done")
    assert {t.facts.labelled_by for t in read_tiles(labelled) if t.real_label} == {"Ana"}
    check: dict[str, Any] = json.loads(
        run(
            "check",
            labelled,
            "--out",
            tmp_path / "check",
            "--predictions",
            labels / "tiles.parquet",
            "--json",
        )
    )
    assert check["pseudo"]["all"]["overall"] == pytest.approx(2 / 3)
    assert check["pseudo"]["without layover and shadow"]["pixels"] == 3 * 48 * 64
    assert check["estimates"]["population"] == 4
    assert check["estimates"]["overall_accuracy"]["value"] == pytest.approx(2 / 3)
    assert check["doubts"]["tiles"] == 6
    with rasterio.open(labels / "soft_labels" / "harbour_000_000.tif") as dataset:
        assert np.abs(dataset.read().astype(int).sum(0) - 255).max() <= 4


def test_a_wrong_option_is_named_as_it_is_typed(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app, ["curate", "tiles", str(tmp_path), "--out", str(tmp_path / "o"), "--size", "8"]
    )
    assert done.exit_code != 0
    assert "size: 8 is out of range; give at least 16" in str(done.exception)
