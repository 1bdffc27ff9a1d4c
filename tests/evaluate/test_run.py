"""Evaluation of a small real network on small real files, checked from the outside."""

import csv
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn import metrics
from typer import Typer
from typer.testing import CliRunner

from oemsar.cli import evaluate as verb
from oemsar.dataset.pixels import read_images, read_label
from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.evaluate.config import EvaluateConfig
from oemsar.evaluate.run import evaluate_model
from oemsar.evaluate.scores import Scores
from oemsar.files import checksum
from oemsar.inference.select import open_model
from oemsar.inputs import SAR_OPTICAL
from oemsar.legend import NAMES
from oemsar.models.registry import build
from oemsar.models.saved import save_model
from oemsar.models.spec import ModelSpec
from oemsar.progress import silent

SHAPES = ((64, 64), (64, 96), (40, 40), (64, 64), (33, 65))
"""Tiles of different sizes, so that a mean over tiles is not the score of all their pixels."""


def _write(path: Path, pixels: NDArray[np.uint8]) -> Path:
    bands, height, width = pixels.shape
    shape = {"count": bands, "height": height, "width": width}
    with rasterio.open(path, "w", driver="GTiff", dtype="uint8", **shape) as dataset:
        dataset.write(pixels)
    return path


def _tile(folder: Path, index: int, shape: tuple[int, int], random: np.random.Generator) -> Tile:
    """A tile of noise; each has labels of a few classes, so that some are absent from the whole split."""
    name = f"ValArea_{index:03d}"
    label = random.choice([0, 1, 2 + index % 3, 6], size=(1, *shape)).astype(np.uint8)
    return Tile(
        name,
        "val",
        shape,
        sar=_write(folder / f"{name}_sar.tif", random.integers(0, 256, (1, *shape), dtype=np.uint8)),
        optical=_write(folder / f"{name}_optical.tif", random.integers(0, 256, (3, *shape), dtype=np.uint8)),
        pseudo_label=_write(folder / f"{name}_pseudo.tif", label),
        real_label=_write(folder / f"{name}_real.tif", label[:, ::-1]) if index % 2 else None,
    )


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> list[Tile]:
    folder = tmp_path_factory.mktemp("tiles")
    random = np.random.default_rng(0)
    return [_tile(folder, index, shape, random) for index, shape in enumerate(SHAPES, start=1)]


@pytest.fixture(scope="module")
def table(tiles: list[Tile], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "tiles.parquet"
    write_tiles(tiles, path)
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    spec = ModelSpec(
        architecture="unet",
        encoder="tu-test_efficientnet",
        modalities=SAR_OPTICAL,
        mean=(128.0,) * 4,
        std=(74.0,) * 4,
    )
    run = tmp_path_factory.mktemp("run")
    save_model(build(spec).eval(), run / "model", record={})
    return run


def _evaluate(model: Path, data: Path, out: Path, **options: Any) -> Scores:
    options = {"engine": "torch", "device": "cpu", "tiles_in_figure": 1, **options}
    report = options.pop("report", silent)
    return evaluate_model(model, data, out, config=EvaluateConfig(**options), report=report).scores


@pytest.fixture(scope="module")
def result(model: Path, table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "val"
    _evaluate(model, table, out, tiles_in_figure=3)
    return out


def _pooled(
    model: Path, tiles: Sequence[Tile], *, flips: bool
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Truth and prediction of all the pixels of known truth of all tiles, one after the other."""
    with open_model(model, engine="torch", device="cpu", flips=flips) as engine:
        stream = engine.stream(read_images(tile, SAR_OPTICAL) for tile in tiles)
        prediction = np.concatenate([(probabilities.argmax(0) + 1).ravel() for probabilities in stream])
    truth = np.concatenate([read_label(tile).ravel() for tile in tiles])
    return truth[truth != 0], prediction[truth != 0]


@pytest.mark.parametrize("flips", [False, True])
def test_stored_scores_are_those_of_all_pixels_of_the_split(
    flips: bool, model: Path, table: Path, tiles: list[Tile], tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    scores = _evaluate(model, table, tmp_path, flips=flips, report=lambda *progress: told.append(progress))
    stored = json.loads((tmp_path / "scores.json").read_text())
    truth, prediction = _pooled(model, tiles, flips=flips)
    np.testing.assert_array_equal(
        stored["confusion"], metrics.confusion_matrix(truth, prediction, labels=range(1, 9))
    )
    present = sorted(set(truth) | set(prediction))
    assert stored["miou"] == pytest.approx(
        metrics.jaccard_score(truth, prediction, labels=present, average="macro"), rel=1e-12
    )
    assert stored["overall_accuracy"] == metrics.accuracy_score(truth, prediction)
    assert stored["flips"] is flips
    assert {key: stored[key] for key in scores.to_dict()} == scores.to_dict()
    assert told == [(done, len(SHAPES)) for done in range(len(SHAPES) + 1)]


def test_the_record_tells_what_was_scored(result: Path, table: Path) -> None:
    stored = json.loads((result / "scores.json").read_text())
    assert stored["split"] == "val"
    assert stored["tiles"] == len(SHAPES)
    assert stored["labels"] == {"real": 3, "pseudo": 2}
    assert stored["engine"].startswith("torch")
    assert stored["record"]["data"] == {"table": "tiles.parquet", "sha256": checksum(table)}
    assert stored["record"]["config"]["tiles_in_figure"] == 3
    provenance = (result / "scores.md").read_text().splitlines()[-1]
    for part in ("tiles.parquet", "split val", "5 tiles", "3 real", "2 pseudo"):
        assert part in provenance


def test_every_file_is_written_and_nothing_else(result: Path) -> None:
    names = {path.name for path in result.iterdir()}
    assert names == {
        "scores.json",
        "scores.md",
        "scores.csv",
        "confusion.csv",
        "figure.png",
        "reliability.png",
        "reliability.csv",
    }
    with (result / "confusion.csv").open() as file:
        _, *rows = csv.reader(file)
    stored = json.loads((result / "scores.json").read_text())
    assert [list(map(int, row[1:])) for row in rows] == stored["confusion"]
    with Image.open(result / "figure.png") as image:
        assert image.width == 5 * 360
        assert image.height > 3 * 360


def test_tiles_that_cannot_be_scored_are_left_out_with_a_warning(
    model: Path, tiles: list[Tile], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    unlabelled = replace(tiles[1], pseudo_label=None, real_label=None)
    blind = replace(tiles[2], optical=None)
    write_tiles([tiles[0], unlabelled, blind], tmp_path / "some.parquet")
    write_tiles(tiles[:1], tmp_path / "one.parquet")
    with caplog.at_level(logging.WARNING, logger="oemsar"):
        some = _evaluate(model, tmp_path / "some.parquet", tmp_path / "some")
    assert "2 of 3 tiles" in caplog.text
    one = _evaluate(model, tmp_path / "one.parquet", tmp_path / "one")
    assert some == one


@pytest.mark.parametrize(
    ("without", "message"),
    [
        ({"pseudo_label": None, "real_label": None}, "no label for any tile of split val"),
        ({"sar": None}, "sar.optical"),
    ],
)
def test_a_split_without_labels_or_images_is_refused_by_name(
    without: dict[str, None], message: str, model: Path, tiles: list[Tile], tmp_path: Path
) -> None:
    data = tmp_path / "poor.parquet"
    write_tiles([replace(tile, **without) for tile in tiles], data)
    with pytest.raises(InputError, match=rf"poor\.parquet.*{message}"):
        _evaluate(model, data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_label_of_another_size_is_refused_by_name_and_nothing_is_written(
    model: Path, tiles: list[Tile], tmp_path: Path
) -> None:
    odd = replace(tiles[0], real_label=_write(tmp_path / "odd.tif", np.ones((1, 20, 30), dtype=np.uint8)))
    write_tiles([odd], tmp_path / "tiles.parquet")
    with pytest.raises(InputError, match=r"odd\.tif has 20 x 30 pixels .* 64 x 64"):
        _evaluate(model, tmp_path / "tiles.parquet", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_truth_unknown_everywhere_gives_absent_scores(model: Path, tiles: list[Tile], tmp_path: Path) -> None:
    unknown = _write(tmp_path / "unknown.tif", np.zeros((1, *SHAPES[0]), dtype=np.uint8))
    write_tiles([replace(tiles[0], real_label=unknown)], tmp_path / "tiles.parquet")
    scores = _evaluate(model, tmp_path / "tiles.parquet", tmp_path / "out")
    assert scores.miou is None
    assert json.loads((tmp_path / "out" / "scores.json").read_text())["overall_accuracy"] is None


def test_command_line_prints_what_it_stores(model: Path, table: Path, tmp_path: Path) -> None:
    app = Typer()
    app.command()(verb.evaluate)
    arguments = [
        str(model),
        "--data",
        str(table),
        "--out",
        str(tmp_path),
        "--engine",
        "torch",
        "--device",
        "cpu",
    ]
    printed = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    stored = json.loads((tmp_path / "scores.json").read_text())
    assert json.loads(printed.stdout) == {
        key: stored[key] for key in ("classes", "miou", "overall_accuracy", "confusion")
    }
    shown = CliRunner().invoke(app, arguments, catch_exceptions=False).stdout
    assert all(name in shown for name in NAMES)
    assert f"{100 * stored['miou']:.2f}" in shown


@pytest.mark.parametrize("target", ["table", "label", "description"])
def test_no_result_replaces_an_input(
    model: Path, table: Path, tiles: list[Tile], tmp_path: Path, target: str
) -> None:
    label = next(tile.label for tile in tiles if tile.label is not None)
    path = {"table": table, "label": label, "description": model / "model" / "model.json"}[target]
    (tmp_path / "scores.csv").symlink_to(path)
    before = path.read_bytes()
    with pytest.raises(InputError, match="choose another output path"):
        _evaluate(model, table, tmp_path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["scores.csv"]


def _other(folder: Path) -> Path:
    torch.manual_seed(5)
    spec = ModelSpec(
        architecture="unet",
        encoder="tu-test_efficientnet",
        modalities="sar",
        mean=(100.0,),
        std=(60.0,),
    )
    save_model(build(spec).eval(), folder, record={})
    return folder


def test_several_models_and_scales_are_scored_as_their_mean(
    model: Path, table: Path, tiles: list[Tile], tmp_path: Path
) -> None:
    """A network of both images beside one of radar."""
    other = _other(tmp_path / "other")
    options = {"engine": "torch", "device": "cpu", "scales": (0.5, 1.0)}
    config = EvaluateConfig(tiles_in_figure=1, **options)
    evaluation = evaluate_model([model, other], table, tmp_path / "out", config=config)
    predictions = []
    for tile in tiles:
        image = read_images(tile, SAR_OPTICAL)
        parts = []
        for path, channels in ((model, slice(None)), (other, slice(0, 1))):
            with open_model(path, **options) as engine:
                parts += list(engine.stream([np.ascontiguousarray(image[channels])]))
        predictions.append(((parts[0] + parts[1]).argmax(0) + 1).ravel())
    truth = np.concatenate([read_label(tile).ravel() for tile in tiles])
    prediction = np.concatenate(predictions)[truth != 0]
    expected = metrics.confusion_matrix(truth[truth != 0], prediction, labels=range(1, 9))
    np.testing.assert_array_equal(evaluation.scores.confusion, expected)
    stored = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert stored["models"] == stored["record"]["config"]["model"] == [str(model), str(other)]
    assert stored["scales"] == stored["record"]["config"]["scales"] == [0.5, 1.0]
    told = (tmp_path / "out" / "scores.md").read_text()
    assert "mean of 2 models; torch" in told
    assert "scales 0.5, 1" in told
    with pytest.raises(InputError, match="each_subset: the model needs all of"):
        evaluate_model([model, other], table, config=EvaluateConfig(each_subset=True, **options))
    with pytest.raises(InputError, match="sets: sets of several models promise nothing"):
        evaluate_model([model, model], table, config=EvaluateConfig(sets=0.9, **options))


def test_the_record_of_one_model_names_it_alone(result: Path, model: Path) -> None:
    stored = json.loads((result / "scores.json").read_text())
    assert stored["models"] == [str(model)]
    assert stored["record"]["config"]["model"] == str(model)
    assert "scales" not in stored
    assert "scales" not in stored["record"]["config"]
