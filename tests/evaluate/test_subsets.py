"""Scores on every subset of the inputs, and on the one that is named."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from typer import Typer
from typer.testing import CliRunner

from oemsar.cli import evaluate as verb
from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.evaluate.config import EvaluateConfig
from oemsar.evaluate.run import Evaluation, evaluate_model
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.saved import save_model
from oemsar.models.spec import ModelSpec
from oemsar.raster.geotiff import write_raster

SHAPES = ((40, 60), (30, 50), (50, 30))


class _Vote(nn.Module):
    """A body that says the class radar has as a grey value; without radar the one of the orthophoto's red."""

    def forward(self, images: Tensor) -> Tensor:
        sar, red, has_sar, has_optical = (images[:, index : index + 1] for index in (0, 1, 4, 5))
        said = torch.where(has_sar > 0, sar, torch.where(has_optical > 0, red, torch.ones_like(sar)))
        classes = torch.arange(1, 9).view(1, 8, 1, 1)
        return -8 * (said - classes).abs()


def _network(fusion: Any = "any") -> LandCoverNetwork:
    spec = ModelSpec(
        architecture="unet",
        encoder="none",
        modalities="sar+optical",
        mean=(0.0,) * 4,
        std=(1.0,) * 4,
        fusion=fusion,
    )
    return LandCoverNetwork(spec, _Vote(), 8).eval()


@pytest.fixture
def tiles(tmp_path: Path) -> list[Tile]:
    """Tiles whose radar tells the class in all pixels but the first rows, and red in all but those below.

    The second has no orthophoto and the third no radar.
    """
    made = []
    for index, (height, width) in enumerate(SHAPES):
        label = np.random.default_rng(index).integers(1, 9, (1, height, width), np.uint8)
        sar, optical = label.copy(), np.repeat(label, 3, axis=0)
        sar[:, :4] = label[:, :4] % 8 + 1
        optical[:, 10:] = label[:, 10:] % 8 + 1
        paths = {name: tmp_path / f"{name}{index}.tif" for name in ("sar", "optical", "real_label")}
        for path, pixels in zip(paths.values(), (sar, optical, label), strict=True):
            write_raster(path, pixels, None)
        made.append(Tile(f"T{index}", "val", (height, width), region=f"R{index}", **paths))
    return [made[0], replace(made[1], optical=None), replace(made[2], sar=None)]


def evaluate(tiles: list[Tile], out: Path | None = None, **options: Any) -> Evaluation:
    config = EvaluateConfig(engine="torch", device="cpu", **options)
    return evaluate_model(options.pop("model", _network()), tiles, out, config=config)


def _right(evaluation: Any) -> int:
    return sum(row[index] for index, row in enumerate(evaluation.confusion))


def test_each_subset_is_scored_on_the_tiles_that_have_all_of_it(tiles: list[Tile], tmp_path: Path) -> None:
    evaluation = evaluate(tiles, tmp_path / "out", each_subset=True)
    rows = {row.inputs: row for row in evaluation.subsets}
    assert list(rows) == ["sar", "optical", "sar+optical"]
    assert {name: row.tiles for name, row in rows.items()} == {"sar": 2, "optical": 2, "sar+optical": 1}
    sar = 36 * 60 + 26 * 50
    optical = 10 * 60 + 10 * 30
    assert {name: _right(row.scores) for name, row in rows.items()} == {
        "sar": sar,
        "optical": optical,
        "sar+optical": 36 * 60,
    }
    # a tile is scored by all that it has
    assert _right(evaluation.scores) == sar + 10 * 30
    assert evaluation.tiles == 3
    assert evaluation.scores == evaluate(tiles).scores


def test_the_table_of_subsets_is_written_and_goes_with_the_next_evaluation(
    tiles: list[Tile], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    evaluation = evaluate(tiles, out, each_subset=True)
    with (out / "subsets.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["inputs"], row["tiles"]) for row in rows] == [
        ("sar", "2"),
        ("optical", "2"),
        ("sar+optical", "1"),
    ]
    for row, scored in zip(rows, evaluation.subsets, strict=True):
        assert float(row["miou"]) == scored.scores.miou
        assert float(row["overall_accuracy"]) == scored.scores.overall_accuracy
        assert float(row["calibration_error"]) == scored.reliability.calibration_error
        assert float(row["iou_Water"]) == scored.scores.classes["Water"].iou
    lines = (out / "subsets.md").read_text().splitlines()
    assert lines[0].startswith("| Inputs | Tiles | mIoU | OA | Calibration error | Bareland |")
    assert len(lines) == 2 + 3
    stored = json.loads((out / "scores.json").read_text())["subsets"]
    assert [row["miou"] for row in stored] == [row.scores.miou for row in evaluation.subsets]
    evaluate(tiles, out)
    assert not list(out.glob("subsets.*"))
    assert "subsets" not in json.loads((out / "scores.json").read_text())


def test_named_inputs_are_the_only_ones_that_count(tiles: list[Tile]) -> None:
    evaluation = evaluate(tiles, inputs="optical")
    assert evaluation.tiles == 2
    assert _right(evaluation.scores) == 10 * 60 + 10 * 30
    assert evaluation.inputs == "optical"
    assert evaluate(tiles, inputs="optical+sar").scores == evaluate(tiles).scores


@pytest.mark.parametrize(
    ("fusion", "options", "sentence"),
    [
        ("stack", {"each_subset": True}, r"each_subset: the model needs all of sar\+optical; train one"),
        ("dual", {"inputs": "sar"}, r"inputs: the model needs all of sar\+optical, and optical is not"),
        ("any", {"inputs": "height"}, r"inputs: the model sees sar\+optical and was not trained on height"),
    ],
)
def test_subsets_that_a_network_does_not_take_are_refused(
    tiles: list[Tile], fusion: str, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        evaluate_model(_network(fusion), tiles, config=EvaluateConfig(device="cpu", **options))


def test_one_choice_of_inputs_is_made() -> None:
    with pytest.raises(InputError, match="each_subset, inputs: both say which inputs"):
        EvaluateConfig(each_subset=True, inputs="sar")


def test_a_real_network_is_scored_on_the_command_line(tiles: list[Tile], tmp_path: Path) -> None:
    torch.manual_seed(0)
    fields = {"architecture": "unet", "encoder": "tu-test_efficientnet", "modalities": "sar+optical"}
    network = build(ModelSpec(**fields, mean=(4.0,) * 4, std=(2.0,) * 4, fusion="any")).eval()
    save_model(network, tmp_path / "model", {})
    write_tiles(tiles, tmp_path / "tiles.parquet")
    app = Typer()
    app.command()(verb.evaluate)
    out = str(tmp_path / "out")
    words = [str(tmp_path / "model"), "--data", str(tmp_path / "tiles.parquet"), "--out", out]
    done = CliRunner().invoke(app, [*words, "--each-subset", "--engine", "torch", "--device", "cpu"])
    assert done.exit_code == 0, done.output
    assert "Every subset of the inputs" in done.output
    rows = csv.DictReader(Path(out, "subsets.csv").read_text().splitlines())
    assert len({row["overall_accuracy"] for row in rows}) == 3
