"""Pseudo labels: the mean of models and views, thresholds, masks, resumption, and what is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from numpy.typing import NDArray
from torch import nn

from oemsar.curate.pseudo_label.config import PseudoLabelConfig
from oemsar.curate.pseudo_label.run import pseudo_label_tiles
from oemsar.dataset.label_trust import read_confidence, read_soft_label
from oemsar.dataset.pixels import read_images, read_label
from oemsar.dataset.table import read_tiles, write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.inference.select import open_model
from oemsar.inputs import Inputs
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.raster.geotiff import write_raster

from ..pairs import full_masks, pair_grid
from .onnx_files import write_onnx

SHAPE = (40, 56)
PLAIN = {"engine": "torch", "device": "cpu", "flips": False, "scales": (1.0,)}
VIEWS = {"engine": "torch", "device": "cpu", "flips": True, "scales": (0.75, 1.0)}


def network(modalities: str, seed: int) -> LandCoverNetwork:
    """One convolution with random weights."""
    torch.manual_seed(seed)
    inputs = Inputs.parse(modalities)
    numbers = {"mean": (90.0,) * inputs.channels, "std": (40.0,) * inputs.channels}
    spec = ModelSpec(architecture="unet", encoder="none", modalities=inputs, **numbers)
    return LandCoverNetwork(spec, nn.Conv2d(inputs.channels, 8, 3, padding=1), 1).eval()


def certain(class_id: int, modalities: str = "sar") -> LandCoverNetwork:
    """A network that says one class of every pixel."""
    model = network(modalities, 0)
    convolution = model.body
    assert isinstance(convolution, nn.Conv2d)
    nn.init.zeros_(convolution.weight)
    assert convolution.bias is not None
    nn.init.zeros_(convolution.bias)
    convolution.bias.data[class_id - 1] = 2.0
    return model


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    tiles = []
    for number in range(4):
        files: dict[str, Path] = {}
        for key, bands in (("sar", 1), ("optical", 3)):
            if (key, number) == ("optical", 3):
                continue
            files[key] = tmp_path / key / f"t{number}.tif"
            files[key].parent.mkdir(exist_ok=True)
            coarse = rng.integers(1, 256, (bands, SHAPE[0] // 4, SHAPE[1] // 4), np.uint8)
            write_raster(files[key], np.kron(coarse, np.ones((1, 4, 4), np.uint8)), pair_grid(SHAPE))
        tiles.append(Tile(f"t{number}", "train", SHAPE, pair_grid(SHAPE), **files))
    write_tiles(tiles, tmp_path / "tiles.parquet")
    return tmp_path / "tiles.parquet"


def labels(out: Path) -> list[NDArray[np.uint8]]:
    return [read_label(tile) for tile in read_tiles(out / "tiles.parquet")]


def test_the_label_is_the_most_probable_class_of_the_weighted_mean(table: Path, tmp_path: Path) -> None:
    models = [network("sar", 1), network("sar", 2), network("sar", 3)]
    config = PseudoLabelConfig(**VIEWS, weights="3,1,0.5", probabilities=True)
    pseudo_label_tiles(models, table, tmp_path / "out", config=config)
    for tile in read_tiles(tmp_path / "out" / "tiles.parquet"):
        image = read_images(tile, Inputs.parse("sar"))
        parts = []
        for model in models:
            with open_model(model, **VIEWS) as engine:
                parts += list(engine.stream([image]))
        mean = np.average(parts, axis=0, weights=[3, 1, 0.5])
        assert np.array_equal(read_label(tile), mean.argmax(0) + 1)
        assert np.abs(read_confidence(tile) - mean.max(0)).max() <= 0.5 / 255 + 1e-6
        assert np.abs(read_soft_label(tile) - mean).max() <= 0.02
        classes = [part.argmax(0) for part in parts]
        alike = [(classes[a] == classes[b]).mean() for a, b in ((0, 1), (0, 2), (1, 2))]
        assert tile.facts.agreement == pytest.approx(np.mean(alike), abs=1e-6)
        assert tile.facts.mean_confidence == pytest.approx(mean.max(0).mean(), abs=1e-6)


def test_weights_decide_between_models(table: Path, tmp_path: Path) -> None:
    for weights, expected in (("2,1", 5), ("1,2", 8)):
        config = PseudoLabelConfig(**PLAIN, weights=weights)
        pseudo_label_tiles([certain(5), certain(8)], table, tmp_path / weights, config=config)
        assert all((label == expected).all() for label in labels(tmp_path / weights))
        assert {t.facts.agreement for t in read_tiles(tmp_path / weights / "tiles.parquet")} == {0.0}


@pytest.mark.parametrize("below", ["unknown", "keep"])
def test_pixels_under_the_threshold_become_unknown_or_stay(below: str, table: Path, tmp_path: Path) -> None:
    model = network("sar+optical", 4)
    config = PseudoLabelConfig(**PLAIN, threshold=0.5, below=below)  # type: ignore[arg-type]
    pseudo_label_tiles(model, table, tmp_path / "out", config=config)
    tiles = read_tiles(tmp_path / "out" / "tiles.parquet")
    for tile in tiles[:3]:
        with open_model(model, **PLAIN) as engine:
            (probabilities,) = engine.stream([read_images(tile, model.spec.modalities)])
        sure = probabilities.max(0) >= 0.5
        assert 0 < sure.mean() < 1
        known = sure if below == "unknown" else np.ones_like(sure)
        assert np.array_equal(read_label(tile), np.where(known, probabilities.argmax(0) + 1, 0))
        assert tile.facts.confident_share == pytest.approx(sure.mean(), abs=1e-6)
        assert (tile.facts.agreement, tile.soft_label) == (None, None)
    assert tiles[3].pseudo_label is None


def test_models_of_other_inputs_are_averaged_where_a_tile_has_them(table: Path, tmp_path: Path) -> None:
    made = pseudo_label_tiles(
        [certain(5, "sar"), certain(6, "optical")],
        table,
        tmp_path / "out",
        config=PseudoLabelConfig(**PLAIN, weights="1,2"),
    )
    assert [np.unique(label).tolist() for label in labels(tmp_path / "out")] == [[6], [6], [6], [5]]
    agreement = [tile.facts.agreement for tile in read_tiles(tmp_path / "out" / "tiles.parquet")]
    assert agreement == [0.0, 0.0, 0.0, None]
    assert (made.tiles, made.left_out, made.mean_agreement) == (4, 0, 0.0)


def test_ground_without_data_stays_unknown(table: Path, tmp_path: Path) -> None:
    masks = full_masks(SHAPE)
    masks[0, :10] = 0  # no radar
    masks[1, :, :6] = 0  # no optical
    write_raster(tmp_path / "masks.tif", masks, pair_grid(SHAPE))
    tiles = [replace(tile, masks=tmp_path / "masks.tif") for tile in read_tiles(table)[:2]]
    config = PseudoLabelConfig(**PLAIN, probabilities=True)
    pseudo_label_tiles([certain(5, "sar"), certain(6, "optical")], tiles, tmp_path / "two", config=config)
    tile = read_tiles(tmp_path / "two" / "tiles.parquet")[0]
    label = read_label(tile)
    assert not label[:10, :6].any()
    assert (label[:10, 6:] == 6).all()
    assert (label[10:, :6] == 5).all()
    assert not read_confidence(tile)[:10, :6].any()
    assert not read_soft_label(tile)[:, :10, :6].any()
    pseudo_label_tiles(certain(7, "sar"), tiles, tmp_path / "one", config=config)
    assert np.array_equal(labels(tmp_path / "one")[0], np.where(masks[0] == 1, 7, 0))


def test_a_stopped_run_goes_on_to_the_same_bytes(table: Path, tmp_path: Path) -> None:
    models = [network("sar", 1), network("sar", 2)]
    config = PseudoLabelConfig(**PLAIN, probabilities=True)
    pseudo_label_tiles(models, table, tmp_path / "whole", config=config)

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pseudo_label_tiles(models, table, tmp_path / "out", config=config, report=stop)
    first = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.tif")}
    assert len(first) == 6
    pseudo_label_tiles(models, table, tmp_path / "out", config=config)
    assert {path: path.stat().st_mtime_ns for path in first} == first
    files = [path for path in (tmp_path / "whole").rglob("*") if path.suffix in (".tif", ".parquet")]
    assert len(files) == 13
    for path in files:
        assert (tmp_path / "out" / path.relative_to(tmp_path / "whole")).read_bytes() == path.read_bytes()


def test_other_options_and_other_images_are_labelled_again(table: Path, tmp_path: Path) -> None:
    pseudo_label_tiles(certain(5), table, tmp_path / "out", config=PseudoLabelConfig(**PLAIN))
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "pseudo_labels").iterdir()}
    pixels = np.full((1, *SHAPE), 7, np.uint8)
    write_raster(tmp_path / "sar" / "t1.tif", pixels, pair_grid(SHAPE))
    pseudo_label_tiles(certain(5), table, tmp_path / "out", config=PseudoLabelConfig(**PLAIN))
    changed = [path.stem for path in stamps if path.stat().st_mtime_ns != stamps[path]]
    assert changed == ["t1"]
    config = PseudoLabelConfig(**PLAIN, threshold=0.99)
    pseudo_label_tiles(certain(5), table, tmp_path / "out", config=config)
    assert not any(label.any() for label in labels(tmp_path / "out"))


OTHER = (
    "water",
    "Background",
    "buildings",
    "road",
    "agriculture",
    "tree",
    "range-land",
    "bare land",
    "Developed_Space",
)
CLASS_OF = (6, 0, 8, 4, 7, 5, 2, 1, 3)


@pytest.mark.parametrize("softmax", [False, True])
def test_an_onnx_file_is_mapped_by_the_names_of_its_classes(
    softmax: bool, table: Path, tmp_path: Path
) -> None:
    weights = np.random.default_rng(1).normal(0, 0.02, (9, 3)).astype(np.float32)
    values = "probabilities" if softmax else "logits"
    path = write_onnx(
        tmp_path / "other.onnx",
        weights,
        softmax=softmax,
        modalities="optical",
        legend=list(OTHER),
        values=values,
        mean=[10.0, 20.0, 30.0],
        std=[2.0, 3.0, 4.0],
    )
    config = PseudoLabelConfig(flips=True, scales=1, probabilities=True)
    made = pseudo_label_tiles(path, table, tmp_path / "out", config=config)
    assert made.tiles == 3
    tile = read_tiles(tmp_path / "out" / "tiles.parquet")[1]
    image = (read_images(tile, Inputs.parse("optical")) - np.array([10, 20, 30])[:, None, None]) / np.array(
        [2, 3, 4]
    )[:, None, None]
    logits = np.einsum("kc,chw->khw", weights, image)
    powers = np.exp(logits)
    expected = np.zeros((9, *SHAPE))
    for channel, class_id in enumerate(CLASS_OF):
        expected[class_id] = powers[channel]
    expected = expected[1:] / expected[1:].sum(0)
    assert np.array_equal(read_label(tile), expected.argmax(0) + 1)
    assert np.abs(read_soft_label(tile) - expected).max() < 0.02


def test_the_nine_classes_of_openearthmap_join_a_saved_network(table: Path, tmp_path: Path) -> None:
    weights = np.zeros((9, 3), np.float32)
    weights[3] = 0.1  # developed space
    path = write_onnx(tmp_path / "oem.onnx", weights, modalities="optical", legend="openearthmap")
    config = PseudoLabelConfig(**PLAIN)
    pseudo_label_tiles([path, certain(5)], table, tmp_path / "out", config=config)
    found = [np.unique(label).tolist() for label in labels(tmp_path / "out")]
    assert found[3] == [5]
    assert all(3 in each for each in found[:3])


Make = Callable[[Path], Path]
SQUARE = np.ones((8, 3), np.float32)
NAMES = ["bareland", "rangeland", "developed space", "road", "tree", "water", "agriculture land", "building"]


@pytest.mark.parametrize(
    ("weights", "described", "sentence"),
    [
        (SQUARE, {}, r"model: .*m.onnx has no description; write m.yaml beside it"),
        (SQUARE, {"legend": NAMES[:7]}, r"model: .*m.yaml: legend: it has no class for Building; give"),
        (SQUARE, {"legend": [*NAMES[:7], "trees"]}, r"its classes tree and trees are both Tree"),
        (SQUARE, {"legend": [*NAMES[:7], "car"]}, r"its class 'car' is none of Bareland"),
        (SQUARE, {"legend": "corine"}, r"corine is not known; give one of oemsar, openearthmap"),
        (SQUARE, {"legend": "openearthmap"}, r"gives 8 channels where its description names 9 classes"),
        (
            SQUARE,
            {"legend": NAMES, "values": "probabilities"},
            r"gives no probabilities: they do not add up to 1",
        ),
        (SQUARE, {"legend": NAMES, "mean": [1.0]}, r"optical needs 3 numbers each, one per channel"),
        (SQUARE, {"legend": NAMES, "output": "o"}, r"has no output o; its outputs are logits"),
    ],
)
def test_an_onnx_file_that_does_not_fit_is_refused(
    weights: NDArray[np.float32], described: dict[str, object], sentence: str, table: Path, tmp_path: Path
) -> None:
    described = {"modalities": "optical", **described} if described else {}
    path = write_onnx(tmp_path / "m.onnx", weights, **described)
    with pytest.raises(InputError, match=sentence):
        pseudo_label_tiles(path, table, tmp_path / "out", config=PseudoLabelConfig(**PLAIN))
    assert not (tmp_path / "out" / "tiles.parquet").exists()


def test_wrong_models_are_refused_before_anything_is_written(table: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    description = {
        "format": 1,
        "spec": network("sar", 0).spec.model_dump(mode="json"),
        "legend": ["water", "land"],
        "record": {},
    }
    (other / "model.json").write_text(json.dumps(description))
    cases = {
        r"model: .*of another legend": ([other], PLAIN),
        r"model: .*holds no saved model": ([tmp_path], PLAIN),
        r"model: .*gone.onnx does not exist": ([tmp_path / "gone.onnx"], PLAIN),
        r"weights: 3 weights are given for 1 models": ([network("sar", 0)], {**PLAIN, "weights": "1,2,3"}),
        r"model: .*has no tile with the height imagery": ([network("height", 0)], PLAIN),
        r"no model is given": ([], PLAIN),
    }
    for sentence, (models, options) in cases.items():
        with pytest.raises(InputError, match=sentence):
            pseudo_label_tiles(models, table, tmp_path / "out", config=PseudoLabelConfig(**options))
        assert not (tmp_path / "out").exists()


def test_the_table_that_is_read_is_not_replaced(table: Path, tmp_path: Path) -> None:
    before = table.read_bytes()
    with pytest.raises(InputError, match=r"tiles.parquet would replace the input"):
        pseudo_label_tiles(certain(5), table, tmp_path, config=PseudoLabelConfig(**PLAIN))
    assert table.read_bytes() == before


def test_hand_labels_stay_and_files_carry_their_grid(table: Path, tmp_path: Path) -> None:
    hand = tmp_path / "hand.tif"
    write_raster(hand, np.full((1, *SHAPE), 2, np.uint8), pair_grid(SHAPE))
    tiles = [replace(tile, split="test", real_label=hand) for tile in read_tiles(table)]
    pseudo_label_tiles(certain(5), tiles, tmp_path / "out", config=PseudoLabelConfig(**PLAIN))
    tile = read_tiles(tmp_path / "out" / "tiles.parquet")[0]
    assert (tile.real_label, tile.split) == (hand, "test")
    assert tile.grid is not None
    assert tile.pseudo_label is not None
    with rasterio.open(tile.pseudo_label) as dataset:
        assert tuple(dataset.transform)[:6] == tuple(tile.grid.affine)[:6]
