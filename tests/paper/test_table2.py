"""Table II: the files it is written to, beside the published numbers where the table is the release."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from numpy.typing import NDArray
from typer.testing import CliRunner

from oemsar.cli.data_stats import stats as stats_command
from oemsar.config_file import read_json
from oemsar.dataset.regions import UNASSIGNED
from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.legend import CLASSES, NAMES
from oemsar.paper import published, table2
from oemsar.paper.config import Table2Config
from oemsar.paper.table2 import Table2, count_classes, table2_headings, table2_rows

from ..dataset.labelled import SHAPE, draw_labels, write, write_tiles_of


@pytest.fixture(scope="module")
def labels() -> list[NDArray[np.uint8]]:
    return draw_labels()


@pytest.fixture(scope="module")
def tiles(labels: list[NDArray[np.uint8]], tmp_path_factory: pytest.TempPathFactory) -> list[Tile]:
    return write_tiles_of(labels, tmp_path_factory.mktemp("labels"))


@pytest.fixture(scope="module")
def table(tiles: list[Tile], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "tiles.parquet"
    write_tiles(tiles, path)
    return path


def test_files_hold_what_was_counted(table: Path, tmp_path: Path) -> None:
    counted = count_classes(table, tmp_path / "out", config=Table2Config(workers=1))
    document = json.loads((tmp_path / "out" / "stats.json").read_text())
    assert document["published"] is None
    assert document["connectivity"] == 8
    overall = counted.labels["table2"].overall
    stored = document["labels"]["table2"]["all"]
    assert stored["unknown_pixels"] == overall.unknown_pixels
    assert stored["pixels"] == 5 * SHAPE[0] * SHAPE[1]
    assert (
        sum(row["pixels"] for row in stored["classes"].values()) + overall.unknown_pixels == stored["pixels"]
    )
    assert sum(row["share_percent"] for row in stored["classes"].values()) < 100
    rows = [*csv.DictReader((tmp_path / "out" / "table2.csv").open())]
    main = [row for row in rows if (row["labels"], row["group"]) == ("table2", "all")]
    assert {row["class"]: int(row["segments"]) for row in main} == {
        name: found.segments for name, found in overall.classes.items()
    }
    assert tuple(row["class"] for row in main) == NAMES
    text = (tmp_path / "out" / "table2.md").read_text()
    assert "8 neighbours" in text
    assert "1 tiles have no region" in text
    assert "Published" not in text
    assert f"| {NAMES[0]} | 800000 | {overall.classes[NAMES[0]].pixels / 1e6:.6f} |" in text


def test_published_numbers_stand_beside_those_of_the_release_only(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table2, "is_published_release", lambda tiles: True)
    count_classes(table, tmp_path, config=Table2Config(workers=1))
    text = (tmp_path / "table2.md").read_text()
    assert "| 1263 | 23.9 | 392.3 |" in text
    rows = [*csv.DictReader((tmp_path / "table2.csv").open())]
    assert sum(row["published_pixels_millions"] != "" for row in rows) == len(NAMES)
    document = json.loads((tmp_path / "stats.json").read_text())
    assert document["published"]["classes"]["Water"]["segments_thousands"] == 19.3
    assert document["published"]["source"] == published.source().model_dump()


def test_stored_statistics_are_read_back_those_of_earlier_versions_too(table: Path, tmp_path: Path) -> None:
    """Files without the key `format` are those of versions before it."""
    counted = count_classes(table, tmp_path, config=Table2Config(connectivity=4, workers=1))
    assert read_json(tmp_path / "stats.json", Table2, "table of statistics") == counted
    stored = json.loads((tmp_path / "stats.json").read_text())
    assert stored.pop("format") == 1
    assert stored["record"].pop("format") == 1
    (tmp_path / "earlier.json").write_text(json.dumps(stored))
    assert read_json(tmp_path / "earlier.json", Table2, "table of statistics") == counted


def test_tiles_themselves_are_counted_as_their_table_is(
    tiles: list[Tile], table: Path, tmp_path: Path
) -> None:
    config = Table2Config(workers=1)
    one = count_classes(table, tmp_path / "one", config=config)
    other = count_classes(tiles, tmp_path / "other", config=config)
    assert one.labels == other.labels
    assert (tmp_path / "one/table2.csv").read_bytes() == (tmp_path / "other/table2.csv").read_bytes()
    assert other.record.data is not None
    assert other.record.data.table is None


def test_no_label_is_replaced_by_a_result(labels: list[NDArray[np.uint8]], tmp_path: Path) -> None:
    path = write(tmp_path / "stats.json", labels[0])
    before = path.read_bytes()
    with pytest.raises(InputError, match="would replace the input"):
        count_classes([Tile("a", "train", SHAPE, pseudo_label=path)], tmp_path)
    assert path.read_bytes() == before


def run(*arguments: str | Path) -> Any:
    app = typer.Typer()
    app.command()(stats_command)
    return CliRunner().invoke(app, [*map(str, arguments)])


def test_command_prints_the_table_or_the_document(table: Path, tmp_path: Path) -> None:
    shown = run(table, "--out", tmp_path, "--workers", "1")
    assert shown.exit_code == 0
    assert "Agriculture land" in shown.stdout
    printed = run(table, "--out", tmp_path, "--workers", "1", "--json")
    assert json.loads(printed.stdout) == json.loads((tmp_path / "stats.json").read_text())


def test_a_wrong_number_of_neighbours_is_refused(table: Path, tmp_path: Path) -> None:
    refused = run(table, "--out", tmp_path, "--connectivity", "6")
    assert isinstance(refused.exception, InputError)
    assert "choose 4 or 8" in str(refused.exception)


def test_rows_are_millions_percent_and_thousands_in_legend_order(tmp_path: Path) -> None:
    """Of 400 x 500 pixels half are class 8, in one segment, and an eighth class 3, in 1250 segments."""
    label = np.zeros((400, 500), np.uint8)
    label[:200] = 8
    label[201::4, ::2] = 3
    label[202::4, ::2] = 3
    counted = count_classes(
        [Tile("a", "train", label.shape, pseudo_label=write(tmp_path / "a.tif", label))],
        tmp_path / "out",
        config=Table2Config(connectivity=4, workers=1),
    )
    rows = table2_rows(counted)
    assert table2_headings() == ("Class", "Colour (HEX)", "Pixels (M)", "Share (%)", "Segments (K)")
    assert [row[:2] for row in rows] == [(entry.name, entry.hex[1:].upper()) for entry in CLASSES]
    # columns 0, 2, .. 498 of fifty pairs of rows: 250 x 50 segments of two pixels
    assert rows[2][2:] == ("0.025000", "12.50", "12.500")
    assert rows[7][2:] == ("0.100000", "50.00", "0.001")
    assert rows[0][2:] == ("0.000000", "0.00", "0.000")
    text = (tmp_path / "out" / "table2.md").read_text()
    assert "1 tiles, 1 by their pseudo label and 0" in text
    assert "0.07 million pixels are unknown" in text  # 75 000, rounded to even
    assert "4 neighbours" in text


def test_groups_stand_in_tables_of_their_own(table: Path, tmp_path: Path) -> None:
    counted = count_classes(table, tmp_path, config=Table2Config(workers=1))
    lines = (tmp_path / "table2.md").read_text().splitlines()
    for grouping in ("country", "region"):
        for name, tally in counted.labels["table2"].group(grouping).items():  # type: ignore[arg-type]
            shares = " | ".join(f"{found.share_percent:.2f}" for found in tally.classes.values())
            assert f"| {name} | {tally.tiles} | {shares} | {tally.segments / 1e3:.3f} |" in lines
    assert any(line.startswith("| val, real labels | 1 |") for line in lines)
    assert any(line.startswith("| train, pseudo labels | 3 |") for line in lines)
    rows = [*csv.DictReader((tmp_path / "table2.csv").open())]
    lost = [
        row for row in rows if (row["labels"], row["group"], row["name"]) == ("pseudo", "region", UNASSIGNED)
    ]
    assert {(row["tiles"], row["class"]) for row in lost} == {("1", name) for name in NAMES}
