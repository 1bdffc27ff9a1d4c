"""Calibration of a saved model on a split, and what evaluations say of it."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch

from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.evaluate.calibrate import calibrate_model, describe_units
from oemsar.evaluate.config import CalibrateConfig, EvaluateConfig
from oemsar.evaluate.run import evaluate_model
from oemsar.inference.select import open_model
from oemsar.models.registry import build
from oemsar.models.saved import DESCRIPTION, WEIGHTS, load_model, save_model
from oemsar.models.spec import ModelSpec

HERE = {"engine": "torch", "device": "cpu"}


def _write(path: Path, pixels: np.ndarray) -> Path:
    height, width = pixels.shape
    with rasterio.open(path, "w", "GTiff", width, height, 1, dtype="uint8") as dataset:
        dataset.write(pixels, 1)
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise whose labels no network can know; two tiles of region a, one of b, one of none."""
    folder, rng = tmp_path_factory.mktemp("tiles"), np.random.default_rng(0)
    tiles = [
        Tile(
            f"t{number}",
            "val",
            (40, 56),
            region=region,
            sar=_write(folder / f"t{number}.tif", rng.integers(0, 256, (40, 56), np.uint8)),
            real_label=_write(folder / f"l{number}.tif", rng.integers(0, 4, (40, 56), np.uint8)),
        )
        for number, region in enumerate(("a", "a", "b", None))
    ]
    write_tiles(tiles, folder / "tiles.parquet")
    return folder / "tiles.parquet"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that is surer than it can be: logits four times as far apart."""
    torch.manual_seed(1)
    spec = ModelSpec(
        architecture="unet", encoder="tu-test_efficientnet", modalities="sar", mean=(128.0,), std=(20.0,)
    )
    network = build(spec).eval()
    with torch.no_grad():
        for name, value in network.body.named_parameters():
            if name.startswith("segmentation_head"):
                value.mul_(40)
    folder = tmp_path_factory.mktemp("model") / "model"
    save_model(network, folder, {"seed": 1})
    return folder


@pytest.fixture(scope="module")
def calibrated(model: Path, table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("calibrated") / "model"
    result = calibrate_model(model, table, out, config=CalibrateConfig(kind="vector", **HERE))
    assert result.path == out
    assert result.calibration.regions == 3
    assert result.calibration.likelihood[1] < result.calibration.likelihood[0]
    assert result.after.calibration_error is not None
    assert result.before.calibration_error is not None
    assert result.after.calibration_error < result.before.calibration_error
    return out


def test_weights_stay_and_the_description_tells_of_the_calibration(model: Path, calibrated: Path) -> None:
    assert (model / WEIGHTS).read_bytes() == (calibrated / WEIGHTS).read_bytes()
    before, after = (json.loads((path / DESCRIPTION).read_text()) for path in (model, calibrated))
    assert "calibration" not in before
    assert after["calibration"]["kind"] == "vector"
    assert after["record"]["seed"] == 1
    assert after["record"]["calibrated"]["config"]["split"] == "val"
    assert after["spec"] == before["spec"]


def test_engines_give_scaled_probabilities(model: Path, calibrated: Path) -> None:
    image = np.random.default_rng(2).integers(0, 256, (1, 33, 40), np.uint8)
    found = []
    for path in (model, calibrated):
        with open_model(path, engine="torch", device="cpu") as engine:
            found.append(next(engine.stream([image])))
    calibration = load_model(calibrated).calibration
    assert calibration is not None
    np.testing.assert_array_equal(found[1], calibration.apply(found[0]))
    assert not np.allclose(*found)


def test_an_evaluation_scores_probabilities_and_sets_by_region(
    calibrated: Path, table: Path, tmp_path: Path
) -> None:
    config = EvaluateConfig(sets=0.9, tiles_in_figure=1, **HERE)
    evaluation = evaluate_model(calibrated, table, tmp_path / "scores", config=config)
    assert evaluation.calibrated
    stored = json.loads((tmp_path / "scores" / "scores.json").read_text())
    assert stored["reliability"]["pixels"] == sum(map(sum, stored["confusion"]))
    assert stored["reliability"]["accuracy"] == pytest.approx(stored["overall_accuracy"])
    # the very pixels it was fitted on
    assert stored["reliability"]["set_coverage"] == pytest.approx(0.9, abs=0.01)
    with (tmp_path / "scores" / "reliability.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["region"] for row in rows] == ["all", "a", "b", "t3"]
    assert sum(int(row["pixels"]) for row in rows[1:]) == int(rows[0]["pixels"])


def test_sets_of_a_model_without_calibration_are_refused(model: Path, table: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no calibration"):
        evaluate_model(model, table, tmp_path / "scores", config=EvaluateConfig(sets=0.9, **HERE))
    assert not (tmp_path / "scores").exists()


def test_the_model_itself_is_not_replaced(model: Path, table: Path) -> None:
    with pytest.raises(InputError, match="would replace"):
        calibrate_model(model, table, model, config=CalibrateConfig(**HERE))


def test_a_network_in_memory_stays_as_it_was(
    model: Path, calibrated: Path, table: Path, tmp_path: Path
) -> None:
    network = load_model(calibrated)
    before = network.calibration
    calibrate_model(network, table, tmp_path / "again", config=CalibrateConfig(kind="vector", **HERE))
    assert network.calibration is before
    assert load_model(tmp_path / "again").calibration == before  # fitted on what the network gives by itself


@pytest.mark.parametrize(
    ("regions", "words"),
    [
        (("a", "b", "a"), "2 regions"),
        ((None, None), "2 tiles"),
        ((None,), "1 tile"),
        (("a", None, None), "3 regions (2 of them tiles without one)"),
    ],
)
def test_a_tile_that_stands_for_itself_is_called_a_tile(regions: tuple[str | None, ...], words: str) -> None:
    tiles = [Tile(f"t{number}", "val", (4, 6), region=region) for number, region in enumerate(regions)]
    count = len({tile.region or tile.name for tile in tiles})
    assert describe_units(tiles, count) == words
