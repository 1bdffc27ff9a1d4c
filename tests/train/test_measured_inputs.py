"""A network of radar and heights is trained, scored and saved as any other."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from oemsar.dataset.pixels import read_label
from oemsar.dataset.tile import Tile
from oemsar.evaluate.config import EvaluateConfig
from oemsar.evaluate.run import evaluate_model
from oemsar.models.saved import load_model
from oemsar.raster.geotiff import write_raster
from oemsar.train.config import TrainConfig
from oemsar.train.run import train_model


@pytest.fixture
def tiles(make_tile: Callable[[str], Tile], tmp_path: Path) -> list[Tile]:
    """Tiles whose heights tell the class, with a stripe that carries none."""
    made = []
    for name, split in (("a", "train"), ("b", "train"), ("c", "val")):
        tile = replace(make_tile(name), split=split)
        heights = read_label(tile).astype(np.float32)[None] * 3
        heights[:, :, 40:52] = -9999
        write_raster(tmp_path / f"{name}.tif", heights, None)
        made.append(replace(tile, further={"height": tmp_path / f"{name}.tif"}))
    return made


def test_a_run_is_made_and_scored(tiles: list[Tile], tmp_path: Path) -> None:
    config = TrainConfig(
        encoder="tu-test_efficientnet",
        modalities="height+sar",
        fusion="dual",
        steps=2,
        crop=64,
        batch=2,
        workers=0,
        device="cpu",
    )
    train_model(tiles, tmp_path / "run", config=config)
    spec = load_model(tmp_path / "run").spec
    assert str(spec.modalities) == "sar+height"
    assert 5 < spec.mean[1] < 20
    scores = evaluate_model(
        tmp_path / "run", tiles, config=EvaluateConfig(split="val", engine="torch", device="cpu")
    )
    assert scores.tiles == 1
