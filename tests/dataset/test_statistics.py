"""Statistics of labels, against counts of the arrays they were written from."""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import typer
from numpy.typing import NDArray
from scipy import ndimage
from typer.testing import CliRunner

from oemsar.cli.data_stats import stats as stats_command
from oemsar.config_file import read_json
from oemsar.dataset import statistics
from oemsar.dataset.regions import UNASSIGNED
from oemsar.dataset.statistics import Statistics, count_labels
from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import Split, Tile
from oemsar.errors import InputError
from oemsar.legend import NAMES
from oemsar.paper import published
from oemsar.paper import table2 as statistics_report
from oemsar.paper.config import Table2Config
from oemsar.paper.table2 import Table2, count_classes

SIZE = 48
PLACES: tuple[tuple[Split, str | None, str | None], ...] = (
    ("train", "FRA-01", "FRA"),
    ("train", "JPN-01", "JPN"),
    ("train", None, None),
    ("val", "JPN-01", "JPN"),
    ("test", "FRA-01", "FRA"),
)


def write(path: Path, label: NDArray[np.uint8]) -> Path:
    shape = {"height": label.shape[0], "width": label.shape[1]}
    with rasterio.open(path, "w", driver="GTiff", count=1, dtype="uint8", **shape) as file:
        file.write(label, 1)
    return path


@pytest.fixture(scope="module")
def labels() -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(0)
    coarse = random.integers(0, 9, (8, 12, 12), np.uint8)
    return [np.kron(label, np.ones((4, 4), np.uint8)) for label in coarse]


@pytest.fixture(scope="module")
def tiles(labels: list[NDArray[np.uint8]], tmp_path_factory: pytest.TempPathFactory) -> list[Tile]:
    """Pseudo labels on all but the test tile, real ones outside train: labels 0..3 and 5, 6."""
    folder = tmp_path_factory.mktemp("labels")
    found = []
    for number, (split, region, country) in enumerate(PLACES):
        tile = Tile(f"tile_{number}", split, (SIZE, SIZE), region=region, country=country)
        if split != "test":
            tile = replace(tile, pseudo_label=write(folder / f"pseudo_{number}.tif", labels[number]))
        if split != "train":
            tile = replace(tile, real_label=write(folder / f"real_{number}.tif", labels[number + 2]))
        found.append(tile)
    return found


@pytest.fixture(scope="module")
def table(tiles: list[Tile], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "tiles.parquet"
    write_tiles(tiles, path)
    return path


def pixels(labels: Sequence[NDArray[np.uint8]]) -> list[int]:
    return np.bincount(np.concatenate(labels).ravel(), minlength=9).tolist()


def segments(labels: Sequence[NDArray[np.uint8]], neighbours: int = 8) -> list[int]:
    structure = ndimage.generate_binary_structure(2, 2 if neighbours == 8 else 1)
    return [sum(ndimage.label(label == number, structure)[1] for label in labels) for number in range(9)]


def test_every_group_is_the_sum_of_its_labels(tiles: list[Tile], labels: list[NDArray[np.uint8]]) -> None:
    told: list[tuple[int, int]] = []
    counted = count_labels(tiles, workers=1, report=lambda *progress: told.append(progress))
    expected = {
        ("table2", None, ""): [0, 1, 2, 3, 6],
        ("pseudo", None, ""): [0, 1, 2, 3],
        ("real", None, ""): [5, 6],
        ("table2", "country", "FRA"): [0, 6],
        ("table2", "country", "JPN"): [1, 3],
        ("table2", "region", UNASSIGNED): [2],
        ("pseudo", "split", "train"): [0, 1, 2],
        ("real", "split", "test"): [6],
    }
    for (kind, grouping, name), numbers in expected.items():
        breakdown = counted.labels[kind]  # type: ignore[index]
        tally = breakdown.overall if grouping is None else breakdown.group(grouping)[name]  # type: ignore[arg-type]
        chosen = [labels[number] for number in numbers]
        unknown, *by_class = pixels(chosen)
        assert (tally.tiles, tally.unknown_pixels) == (len(numbers), unknown)
        assert [found.pixels for found in tally.classes.values()] == by_class
        assert tally.pixels == unknown + sum(by_class)
        assert [found.segments for found in tally.classes.values()] == segments(chosen)[1:]
        assert tally.segments == sum(segments(chosen)[1:])
    assert counted.tiles_without_region == 1
    assert told[0] == (0, 6)
    assert told[-1] == (6, 6)


def test_groups_are_ordered_and_the_unassigned_come_last(tiles: list[Tile]) -> None:
    counted = count_labels(tiles[::-1], workers=1).labels["table2"]
    assert [*counted.split] == ["train", "val", "test"]
    assert [*counted.region] == ["FRA-01", "JPN-01", UNASSIGNED]


def test_four_neighbours_are_counted_where_asked_for(
    tiles: list[Tile], labels: list[NDArray[np.uint8]]
) -> None:
    counted = count_labels(tiles, 4, workers=1).labels["pseudo"].overall
    found = [one.segments for one in counted.classes.values()]
    assert found == segments(labels[:4], 4)[1:]
    assert found != segments(labels[:4], 8)[1:]


@pytest.mark.slow
def test_processes_count_as_one_does(
    labels: list[NDArray[np.uint8]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [
        Tile(f"t_{n}", "train", (SIZE, SIZE), pseudo_label=write(tmp_path / f"{n}.tif", labels[n % 8]))
        for n in range(50)
    ]
    alone = count_labels(many, workers=1)
    monkeypatch.setattr(statistics, "count_label", None)  # this process must not count
    assert count_labels(many, workers=2) == alone


def test_files_hold_what_was_counted(table: Path, tmp_path: Path) -> None:
    counted = count_classes(table, tmp_path / "out", config=Table2Config(workers=1))
    document = json.loads((tmp_path / "out" / "stats.json").read_text())
    assert document["published"] is None
    assert document["connectivity"] == 8
    overall = counted.labels["table2"].overall
    stored = document["labels"]["table2"]["all"]
    assert stored["unknown_pixels"] == overall.unknown_pixels
    assert stored["pixels"] == 5 * SIZE * SIZE
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
    assert f"| {NAMES[0]} | 800000 | {overall.classes[NAMES[0]].pixels / 1e6:.2f} |" in text


def test_published_numbers_stand_beside_those_of_the_release_only(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics_report.published, "is_published_release", lambda tiles: True)
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
        count_classes([Tile("a", "train", (SIZE, SIZE), pseudo_label=path)], tmp_path)
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


def test_wrong_input_is_one_sentence(tiles: list[Tile], table: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no tile of the table has a label"):
        count_labels([Tile("a", "train", (4, 4))])
    with pytest.raises(InputError, match=r"^workers: 0 is too few"):
        count_labels(tiles, workers=0)
    broken = write(tmp_path / "broken.tif", np.full((4, 4), 9, np.uint8))
    with pytest.raises(InputError, match=r"broken\.tif has label id 9"):
        count_labels([replace(tiles[0], pseudo_label=broken)], workers=1)
    refused = run(table, "--out", tmp_path, "--connectivity", "6")
    assert isinstance(refused.exception, InputError)
    assert "choose 4 or 8" in str(refused.exception)


def test_statistics_do_not_depend_on_the_order_of_tiles(tiles: list[Tile]) -> None:
    one: Statistics = count_labels(tiles, workers=1)
    assert one == count_labels(tiles[::-1], workers=1)
