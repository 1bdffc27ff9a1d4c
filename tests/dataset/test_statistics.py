"""Statistics of labels, against counts of the arrays they were written from."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.dataset import statistics
from oemsar.dataset.regions import UNASSIGNED
from oemsar.dataset.statistics import Statistics, count_labels
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError

from .labelled import SHAPE, draw_labels, write, write_tiles_of


@pytest.fixture(scope="module")
def labels() -> list[NDArray[np.uint8]]:
    return draw_labels()


@pytest.fixture(scope="module")
def tiles(labels: list[NDArray[np.uint8]], tmp_path_factory: pytest.TempPathFactory) -> list[Tile]:
    return write_tiles_of(labels, tmp_path_factory.mktemp("labels"))


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
        Tile(f"t_{n}", "train", SHAPE, pseudo_label=write(tmp_path / f"{n}.tif", labels[n % 8]))
        for n in range(50)
    ]
    alone = count_labels(many, workers=1)
    monkeypatch.setattr(statistics, "count_label", None)  # this process must not count
    assert count_labels(many, workers=2) == alone


def test_wrong_input_is_one_sentence(tiles: list[Tile], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no tile of the table has a label"):
        count_labels([Tile("a", "train", (4, 4))])
    with pytest.raises(InputError, match=r"^workers: 0 is too few"):
        count_labels(tiles, workers=0)
    broken = write(tmp_path / "broken.tif", np.full((4, 4), 9, np.uint8))
    with pytest.raises(InputError, match=r"broken\.tif has label id 9"):
        count_labels([replace(tiles[0], pseudo_label=broken)], workers=1)


def test_statistics_do_not_depend_on_the_order_of_tiles(tiles: list[Tile]) -> None:
    one: Statistics = count_labels(tiles, workers=1)
    assert one == count_labels(tiles[::-1], workers=1)
