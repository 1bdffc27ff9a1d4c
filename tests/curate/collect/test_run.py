"""Labels made by hand, taken back: what is recorded, what may stay unknown, and what is refused."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from oemsar.curate.collect.config import CollectConfig
from oemsar.curate.collect.run import collect_labels
from oemsar.curate.sample.config import SampleConfig
from oemsar.curate.sample.run import sample_tiles
from oemsar.dataset.pixels import read_label
from oemsar.dataset.table import read_tiles, write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.raster.geotiff import write_raster

from ..pairs import pair_grid

SHAPE = (12, 16)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    tiles = []
    for number in range(4):
        grid = pair_grid(SHAPE, (448_000.0 + 8 * number, 5_411_000.0))
        pseudo = tmp_path / f"pseudo{number}.tif"
        write_raster(pseudo, np.full((1, *SHAPE), 5, np.uint8), grid)
        tiles.append(Tile(f"t{number}", "test", SHAPE, grid, "a", pseudo_label=pseudo))
    write_tiles(tiles, tmp_path / "tiles.parquet")
    return tmp_path / "tiles.parquet"


def draw(path: Path, pixels: np.ndarray, **tags: str) -> None:  # type: ignore[type-arg]
    """Label as a program does that edits the file in place."""
    with rasterio.open(path, "r+") as dataset:
        dataset.write(pixels.astype(np.uint8), 1)
        dataset.update_tags(**tags)


def test_labels_come_back_with_who_and_when_and_the_sample(table: Path, tmp_path: Path) -> None:
    tasks = tmp_path / "tasks"
    sample = sample_tiles(table, tasks, config=SampleConfig(per_region=3))
    first, second, third = sample.tiles
    half = np.zeros(SHAPE)
    half[:, :4] = 6
    draw(tasks / "labels" / f"{first}.tif", half)
    os.utime(tasks / "labels" / f"{first}.tif", (1_700_000_000, 1_700_000_000))
    draw(
        tasks / "labels" / f"{second}.tif",
        np.full(SHAPE, 8),
        TIFFTAG_ARTIST="Ben",
        TIFFTAG_DATETIME="2026:11:28 10:00:00",
    )
    made = collect_labels(tasks, table, tmp_path / "out.parquet")
    tiles = {tile.name: tile for tile in read_tiles(tmp_path / "out.parquet")}
    assert len(tiles) == 4
    assert np.array_equal(read_label(tiles[first]), half)
    facts = tiles[first].facts
    assert (facts.labelled_at, facts.labelled_share) == ("2023-11-14T22:13:20+00:00", 0.25)
    assert facts.labelled_by == (tasks / "labels").owner()
    assert (facts.stratum, facts.inclusion_probability) == ("a/Tree", 0.75)
    facts = tiles[second].facts
    assert (facts.labelled_by, facts.labelled_at) == ("Ben", "2026-11-28T10:00:00")
    assert tiles[third].real_label is None
    assert tiles[third].facts.inclusion_probability == 0.75
    assert made.waiting == (third,)
    record = json.loads((tmp_path / "out.json").read_text())
    assert [label["tile"] for label in record["labels"]] == sorted([first, second])
    assert all(len(label["file"]["sha256"]) == 64 for label in record["labels"])


def test_the_person_that_is_named_counts_for_all(table: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    write_raster(folder / "t1.tif", np.full((1, *SHAPE), 3, np.uint8), None, tags={"TIFFTAG_ARTIST": "Ben"})
    made = collect_labels(folder, table, tmp_path / "out.parquet", config=CollectConfig(by="Ana Núñez"))
    assert [label.by for label in made.labels] == ["Ana Núñez"]
    with pytest.raises(InputError, match="by: the person '' is no name"):
        CollectConfig(by="")


def test_a_task_that_began_with_the_pseudo_label_waits_until_it_is_changed(
    table: Path, tmp_path: Path
) -> None:
    tasks = tmp_path / "tasks"
    sample = sample_tiles(table, tasks, config=SampleConfig(per_region=3, template="pseudo"))
    with pytest.raises(InputError, match=r"none of the 3 labels of .* is begun"):
        collect_labels(tasks, table, tmp_path / "out.parquet")
    label = np.full(SHAPE, 5)
    label[2, 3] = 4
    draw(tasks / "labels" / f"{sample.tiles[0]}.tif", label)
    made = collect_labels(tasks, table, tmp_path / "out.parquet")
    assert [each.tile for each in made.labels] == [sample.tiles[0]]


def test_pictures_and_other_nodata_values_are_read(table: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    pixels = np.full(SHAPE, 7, np.uint8)
    Image.fromarray(pixels).save(folder / "t2.png")
    pixels[0] = 255
    tiles = [replace(tile, label_nodata=255) for tile in read_tiles(table)]
    write_raster(folder / "t0.tif", pixels[None], tiles[0].grid)
    made = collect_labels(folder, tiles, tmp_path / "out.parquet")
    assert {label.tile: label.share for label in made.labels} == {"t0": round(11 / 12, 6), "t2": 1.0}
    assert not read_label(read_tiles(tmp_path / "out.parquet")[0])[0].any()


def _write(path: Path, pixels: np.ndarray, east: float = 448_000.0) -> None:  # type: ignore[type-arg]
    write_raster(path, pixels, pair_grid(pixels.shape[1:], (east, 5_411_000.0)))


@pytest.mark.parametrize(
    ("name", "pixels", "east", "sentence"),
    [
        (
            "t0.tif",
            np.ones((1, 12, 17), np.uint8),
            448_000.0,
            r"t0.tif has 12 x 17 pixels where tile t0 has 12 x 16",
        ),
        (
            "t0.tif",
            np.ones((1, *SHAPE), np.uint8),
            448_000.5,
            r"t0.tif lies on another grid than tile t0; save it",
        ),
        ("t0.tif", np.full((1, *SHAPE), 9, np.uint8), 448_000.0, r"t0.tif has label id 9, outside 0..8"),
        (
            "t0.tif",
            np.ones((3, *SHAPE), np.uint8),
            448_000.0,
            r"t0.tif has 3 band\(s\) of uint8 where a label",
        ),
        (
            "t0.tif",
            np.ones((1, *SHAPE), np.uint16),
            448_000.0,
            r"1 band\(s\) of uint16 where a label has 1 of uint8",
        ),
        (
            "t9.tif",
            np.ones((1, *SHAPE), np.uint8),
            448_000.0,
            r"tiles: .*has a label of t9, which .* does not have",
        ),
        ("t0.tif", np.zeros((1, *SHAPE), np.uint8), 448_000.0, r"none of the 1 labels of .* is begun"),
        ("t0.txt", None, 448_000.0, r"mine holds no label; its files must be named after the tiles"),
    ],
)
def test_a_label_that_does_not_fit_is_refused(  # noqa: PLR0917 (a case and two fixtures)
    name: str,
    pixels: np.ndarray | None,  # type: ignore[type-arg]
    east: float,
    sentence: str,
    table: Path,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    if pixels is None:
        (folder / name).write_text("")
    else:
        _write(folder / name, pixels, east)
    with pytest.raises(InputError, match=sentence):
        collect_labels(folder, table, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()
    assert not (tmp_path / "out.json").exists()


def test_two_labels_of_a_tile_and_a_missing_folder_are_refused(table: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("t0.tif", "t0.tiff"):
        _write(folder / name, np.ones((1, *SHAPE), np.uint8))
    with pytest.raises(InputError, match=r"tile t0 has two labels, .*t0.tif and .*t0.tiff; remove one"):
        collect_labels(folder, table, tmp_path / "out.parquet")
    with pytest.raises(InputError, match="gone is not a folder; name the folder of the tasks"):
        collect_labels(tmp_path / "gone", table, tmp_path / "out.parquet")


def test_a_record_of_another_origin_stays(table: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    _write(folder / "t0.tif", np.ones((1, *SHAPE), np.uint8))
    (tmp_path / "out.json").write_text("{}")
    with pytest.raises(InputError, match=r"out.json is there and is not a record of labels"):
        collect_labels(folder, table, tmp_path / "out.parquet")
    assert (tmp_path / "out.json").read_text() == "{}"
