"""Agreement of two sets of labels, against scikit-learn on the same pixels."""

import csv
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import typer
from numpy.typing import NDArray
from sklearn import metrics
from typer.testing import CliRunner

from oemsar.cli.data_agreement import agreement as agreement_command
from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.evaluate.agreement import compare, pairs_against, pairs_of_tiles
from oemsar.legend import NAMES
from oemsar.paper import table3 as agreement_report
from oemsar.paper.table3 import measure_agreement

SHAPES = ((40, 40), (40, 40), (30, 50))


def write(path: Path, label: NDArray[np.uint8], driver: str = "GTiff") -> Path:
    path.parent.mkdir(exist_ok=True)
    shape = {"height": label.shape[0], "width": label.shape[1]}
    with rasterio.open(path, "w", driver=driver, count=1, dtype="uint8", **shape) as file:
        file.write(label, 1)
    return path


@pytest.fixture(scope="module")
def labels() -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Real and pseudo labels with unknown pixels in both; bareland is in no real label, road in none."""
    random = np.random.default_rng(0)
    found = []
    for shape in SHAPES:
        real = random.choice([0, 2, 3, 5, 6, 7, 8], shape).astype(np.uint8)
        wrong = random.choice([0, 1, 2, 3, 5, 6, 7, 8], shape).astype(np.uint8)
        found.append((real, np.where(random.random(shape) < 0.4, wrong, real).astype(np.uint8)))
    return found


@pytest.fixture(scope="module")
def tiles(
    labels: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]], tmp_path_factory: pytest.TempPathFactory
) -> list[Tile]:
    """Three tiles with both labels and one with a pseudo label alone."""
    folder = tmp_path_factory.mktemp("labels")
    found = [
        Tile(
            f"ValArea_{number}",
            "val",
            real.shape,
            pseudo_label=write(folder / f"pseudo_{number}.tif", pseudo),
            real_label=write(folder / f"real_{number}.tif", real),
        )
        for number, (real, pseudo) in enumerate(labels)
    ]
    return [*found, replace(found[0], name="TrainArea_0", split="train", real_label=None)]


@pytest.fixture(scope="module")
def table(tiles: list[Tile], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "tiles.parquet"
    write_tiles(tiles, path)
    return path


def known(
    labels: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    real, pseudo = (np.concatenate([label.ravel() for label in side]) for side in zip(*labels, strict=True))
    both = (real != 0) & (pseudo != 0)
    return real[both], pseudo[both]


def test_agreement_is_recall_and_iou_is_jaccard_over_all_pixels(
    tiles: list[Tile], table: Path, labels: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]
) -> None:
    told: list[tuple[int, int]] = []
    found = compare(pairs_of_tiles(tiles, table), workers=2, report=lambda *progress: told.append(progress))
    real, pseudo = known(labels)
    ids = list(range(1, 9))
    assert np.array_equal(found.scores.confusion, metrics.confusion_matrix(real, pseudo, labels=ids))
    recall = metrics.recall_score(real, pseudo, labels=ids, average=None, zero_division=0)
    iou = metrics.jaccard_score(real, pseudo, labels=ids, average=None, zero_division=0)
    for number, scores in enumerate(found.scores.classes.values()):
        if scores.recall is not None:
            assert scores.recall == pytest.approx(recall[number])
        if scores.iou is not None:
            assert scores.iou == pytest.approx(iou[number])
    absent = [name for name, scores in found.scores.classes.items() if scores.recall is None]
    assert absent == ["Bareland", "Road"]
    assert found.scores.classes["Bareland"].iou == 0
    assert found.mean_agreement == pytest.approx(recall[[1, 2, 4, 5, 6, 7]].mean())
    assert found.scores.miou == pytest.approx(iou[[0, 1, 2, 4, 5, 6, 7]].mean())
    assert (found.tiles, found.unknown) == (3, sum(rows * columns for rows, columns in SHAPES) - real.size)
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_second_set_is_found_by_name_and_equal_labels_agree_wholly(
    tiles: list[Tile],
    table: Path,
    labels: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    write(tmp_path / "second" / "ValArea_0.tif", labels[0][0])
    write(tmp_path / "second" / "ValArea_2.png", labels[2][0], "PNG")
    write(tmp_path / "second" / "another.tif", labels[2][0])
    with caplog.at_level(logging.WARNING, "oemsar"):
        pairs = pairs_against(tiles, table, tmp_path / "second")
    assert [pair.tile for pair in pairs] == ["ValArea_0", "ValArea_2"]
    assert "2 of 4 labelled tiles" in caplog.text
    found = compare(pairs)
    assert found.mean_agreement == found.scores.miou == 1


def test_files_hold_what_was_compared(table: Path, tmp_path: Path) -> None:
    found = measure_agreement(table, tmp_path / "out")
    document = json.loads((tmp_path / "out" / "agreement.json").read_text())
    assert document["confusion"] == [list(row) for row in found.confusion]
    assert document["mean_agreement"] == found.mean_agreement
    assert document["names"] == ["ValArea_0", "ValArea_1", "ValArea_2"]
    assert document["published"] is None
    rows = [*csv.DictReader((tmp_path / "out" / "table3.csv").open())]
    assert [row["class"] for row in rows] == [*NAMES, "mean"]
    water = found.classes["Water"]
    assert (float(rows[5]["agreement"]), float(rows[5]["iou"])) == (water.agreement, water.iou)
    assert rows[3]["agreement"] == rows[3]["iou"] == ""
    text = (tmp_path / "out" / "table3.md").read_text()
    assert f"| Water | {water.agreement:.4f} | {water.iou:.4f} |" in text
    assert "| Road | absent | absent |" in text
    assert "Published" not in text


def test_published_numbers_stand_beside_700_tiles_of_the_release_only(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement_report, "is_published_release", lambda tiles: True)
    measure_agreement(table, tmp_path)
    assert "Published" not in (tmp_path / "table3.md").read_text()
    monkeypatch.setattr(agreement_report, "_PUBLISHED_TILES", 3)
    measure_agreement(table, tmp_path)
    text = (tmp_path / "table3.md").read_text()
    assert "| 0.9396 | 0.8483 |" in text
    assert "| 0.6823 | 0.5602 |" in text
    published = json.loads((tmp_path / "agreement.json").read_text())["published"]
    assert published["mean"] == {"agreement": 0.6823, "iou": 0.5602}


def run(*arguments: str | Path) -> Any:
    app = typer.Typer()
    app.command()(agreement_command)
    return CliRunner().invoke(app, [*map(str, arguments)])


def test_command_prints_the_table_or_the_document(table: Path, tmp_path: Path) -> None:
    shown = run(table, "--out", tmp_path)
    assert shown.exit_code == 0
    assert "Mean" in shown.stdout
    printed = run(table, "--out", tmp_path, "--json")
    assert json.loads(printed.stdout) == json.loads((tmp_path / "agreement.json").read_text())


def test_wrong_input_is_one_sentence(tiles: list[Tile], table: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^against: .*tiles\.parquet has no tile with both"):
        pairs_of_tiles(tiles[3:], table)
    with pytest.raises(InputError, match="none is not a folder"):
        pairs_against(tiles, table, tmp_path / "none")
    second = tmp_path / "second"
    write(second / "other.tif", np.ones((4, 4), np.uint8))
    with pytest.raises(InputError, match="second has no label named after a labelled tile"):
        pairs_against(tiles, table, second)
    write(second / "ValArea_0.tif", np.ones((4, 4), np.uint8))
    with pytest.raises(InputError, match=r"ValArea_0\.tif .* differ in size, 4 x 4 and 40 x 40 pixels"):
        compare(pairs_against(tiles, table, second))
    write(second / "ValArea_0.png", np.ones((4, 4), np.uint8), "PNG")
    with pytest.raises(InputError, match="tile ValArea_0 has two files"):
        pairs_against(tiles, table, second)
    with pytest.raises(InputError, match="workers: 0 is too few"):
        compare(pairs_of_tiles(tiles, table), workers=0)
    refused = run(table, "--out", tmp_path / "out", "--against", tmp_path / "none")
    assert isinstance(refused.exception, InputError)
    assert not (tmp_path / "out").exists()
