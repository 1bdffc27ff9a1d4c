"""Tables of scores: read back, they hold what the scores hold."""

import csv
import io
from dataclasses import astuple

import numpy as np
import pytest

from oemsar.evaluate.scores import Scores
from oemsar.evaluate.tables import confusion_csv, percent_rows, scores_csv, scores_markdown, summary
from oemsar.legend import NAMES


@pytest.fixture
def scores() -> Scores:
    confusion = np.zeros((8, 8), dtype=np.int64)
    confusion[:4, :5] = np.random.default_rng(0).integers(1, 10**9, (4, 5))
    return Scores.from_confusion(confusion)


def test_csv_gives_every_fraction_back(scores: Scores) -> None:
    *classes, overall = csv.DictReader(io.StringIO(scores_csv(scores)))
    for row, (name, of_class) in zip(classes, scores.classes.items(), strict=True):
        cells = (row["iou"], row["precision"], row["recall"], row["f1"])
        assert row["class"] == name
        assert tuple(float(cell) if cell else None for cell in cells) == astuple(of_class)
    assert float(overall["iou"]) == scores.miou
    assert float(overall["overall_accuracy"]) == scores.overall_accuracy


def test_confusion_csv_gives_every_count_back(scores: Scores) -> None:
    header, *rows = csv.reader(io.StringIO(confusion_csv(scores)))
    assert tuple(header[1:]) == tuple(row[0] for row in rows) == NAMES
    assert tuple(tuple(map(int, row[1:])) for row in rows) == scores.confusion


def test_percent_rows_are_rounded_to_the_papers_two_decimals(scores: Scores) -> None:
    for (name, *cells), (expected, of_class) in zip(
        percent_rows(scores), scores.classes.items(), strict=True
    ):
        assert name == expected
        for cell, fraction in zip(cells, astuple(of_class), strict=True):
            assert cell == "absent" if fraction is None else abs(float(cell) - 100 * fraction) <= 0.005 + 1e-9


def test_markdown_is_one_table_with_means_and_provenance(scores: Scores) -> None:
    lines = scores_markdown(scores, "tiles.parquet, split val").splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in table} == {6}
    assert len(table) == 2 + 8
    assert table[-1] == "| Building | absent | absent | absent | absent |"
    assert summary(scores) in lines
    assert lines[-1] == "tiles.parquet, split val"


def test_summary_tells_how_many_classes_are_in_the_mean(scores: Scores) -> None:
    assert scores.miou is not None
    assert f"mIoU {100 * scores.miou:.2f} % over 5 classes" in summary(scores)
    nothing = Scores.from_confusion(np.zeros((8, 8), dtype=np.int64))
    assert summary(nothing) == "mIoU and OA absent: no pixel of known truth"
