"""The table of tiles made from a folder: order, sizes and grids from the headers, and counts."""

import json
import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import rasterio
import typer
from affine import Affine
from typer.testing import CliRunner

from oemsar.cli.data_index import index as index_command
from oemsar.dataset.index import count_files, find_tiles
from oemsar.dataset.table import read_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.sources import allow_sources

SIZE = 16
AFFINE = Affine(0.4, 0.1, 500_000, 0.1, -0.4, 4_000_000)


def write_image(path: Path, bands: int, georeferenced: bool = True, size: int = SIZE, value: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    grid = {"crs": "EPSG:32631", "transform": AFFINE} if georeferenced else {}
    driver = "PNG" if path.suffix == ".png" else "GTiff"
    with rasterio.open(
        path, "w", driver=driver, height=size, width=size, count=bands, dtype="uint8", **grid
    ) as file:
        file.write(np.full((bands, size, size), value, np.uint8))


def write_file(path: Path) -> None:
    """Write what the folder of `path` calls for: labels of val and test without georeferencing."""
    place = path.parent.as_posix().lower()
    write_image(path, 3 if "rgb" in place else 1, georeferenced="labels" not in place or "/train/" in place)


def make(root: Path, files: Mapping[str, list[str]], order: int = 0) -> None:
    """Write `files` (names by folder) below `root` in an order drawn from the seed `order`."""
    paths = [root / folder / name for folder, names in files.items() for name in names]
    random.Random(order).shuffle(paths)
    for path in paths:
        write_file(path)


def described(tile: Tile, root: Path) -> tuple[str, ...]:
    """Split, name, and the folder of each file as the tests write it."""
    files = (tile.sar, tile.optical, tile.pseudo_label, tile.real_label)
    folders = ("-" if file is None else file.relative_to(root).parent.as_posix() for file in files)
    return (tile.split, tile.name, *folders)


RELEASE = {
    "dfc25_track1_trainval/train/sar_images": ["TrainArea_100.tif", "TrainArea_9.tif", "TrainArea_1000.tif"],
    "dfc25_track1_trainval/train/rgb_images": ["TrainArea_9.tif", "TrainArea_100.tif"],
    "dfc25_track1_trainval/train/labels": ["TrainArea_9.tif", "TrainArea_1000.tif"],
    "dfc25_track1_trainval/val/sar_images": ["ValArea_002.tif", "ValArea_001.tif"],
    "dfc25_track1_val_labels/home/export": ["ValArea_001.tif"],
    "dfc25_track1_test/test/sar_images": ["TestArea_001.tif", "TestArea_002.tif"],
    "dfc25_track1_test_labels/labels": ["TestArea_001.png"],
}
RELEASE_TILES = [
    ("train", "TrainArea_9", "train/sar_images", "train/rgb_images", "train/labels", "-"),
    ("train", "TrainArea_100", "train/sar_images", "train/rgb_images", "-", "-"),
    ("train", "TrainArea_1000", "train/sar_images", "-", "train/labels", "-"),
    ("val", "ValArea_001", "val/sar_images", "-", "-", "../dfc25_track1_val_labels/home/export"),
    ("val", "ValArea_002", "val/sar_images", "-", "-", "-"),
    (
        "test",
        "TestArea_001",
        "../dfc25_track1_test/test/sar_images",
        "-",
        "-",
        "../dfc25_track1_test_labels/labels",
    ),
    ("test", "TestArea_002", "../dfc25_track1_test/test/sar_images", "-", "-", "-"),
]


def below(folder: str) -> Callable[[str], str]:
    """Put the folders of an expectation below `folder`; `../` leads out of it."""
    return lambda place: place if place == "-" else place[3:] if place[:3] == "../" else f"{folder}/{place}"


@pytest.mark.parametrize("order", range(3))
def test_release_with_labels_in_archives_of_their_own(tmp_path: Path, order: int) -> None:
    make(tmp_path, RELEASE, order)
    place = below("dfc25_track1_trainval")
    expected = [(split, name, *map(place, files)) for split, name, *files in RELEASE_TILES]
    assert [described(tile, tmp_path) for tile in find_tiles(tmp_path)] == expected


def test_grid_comes_from_the_first_georeferenced_file(tmp_path: Path) -> None:
    write_image(tmp_path / "val/sar_images/a.tif", 1)
    write_image(tmp_path / "val/labels/a.tif", 1, georeferenced=False)
    write_image(tmp_path / "val/sar_images/b.tif", 1, georeferenced=False)
    write_image(tmp_path / "val/rgb_images/b.tif", 3)
    write_image(tmp_path / "val/labels/c.tif", 1)
    write_image(tmp_path / "val/sar_images/d.tif", 1, georeferenced=False)
    write_image(tmp_path / "val/sar_images/e.tif", 1, georeferenced=False)
    write_image(tmp_path / "val/rgb_images/e.tif", 3, size=2 * SIZE)
    tiles = {tile.name: tile for tile in find_tiles(tmp_path)}
    assert {tile.shape for tile in tiles.values()} == {(SIZE, SIZE)}
    for name in "abc":
        grid = tiles[name].grid
        assert grid is not None
        assert (grid.shape, grid.affine, grid.crs.epsg) == ((SIZE, SIZE), AFFINE, 32631)
    assert tiles["d"].grid is None
    assert tiles["e"].grid is None, "a grid of another size is not the tile's"


def test_an_unreadable_file_does_not_stop_the_index(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make(tmp_path, {"train/sar_images": ["a.tif", "b.tif"], "train/rgb_images": ["a.tif"]})
    for name in ("a", "b"):
        (tmp_path / f"train/sar_images/{name}.tif").write_bytes(b"II*\0")
    first, second = find_tiles(tmp_path)
    assert (first.shape, first.grid is None) == ((SIZE, SIZE), False)
    assert first.sar == tmp_path / "train/sar_images/a.tif"
    assert (second.shape, second.grid) == ((0, 0), None)
    assert "oemsar data verify" in caplog.text


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"")
    for name in ("absent", "a.tif"):
        with pytest.raises(InputError, match=rf"{name} is not a folder"):
            find_tiles(tmp_path / name)


def test_command_writes_the_table_and_counts(tmp_path: Path) -> None:
    make(tmp_path / "data", RELEASE)
    app = typer.Typer()
    app.command()(index_command)
    out = tmp_path / "tiles.parquet"
    result = CliRunner().invoke(app, [str(tmp_path / "data"), "--out", str(out), "--json"])
    assert result.exit_code == 0
    tiles = find_tiles(tmp_path / "data")
    assert read_tiles(out) == tiles
    counts = json.loads(result.stdout)
    assert counts["tiles"] == 7
    assert counts["splits"] == {split: count.model_dump() for split, count in count_files(tiles).items()}
    assert counts["splits"]["train"] == {
        "tiles": 3,
        "sar": 3,
        "optical": 2,
        "pseudo_label": 2,
        "real_label": 0,
        "georeferenced": 3,
        "further": {},
    }
    table = CliRunner().invoke(app, [str(tmp_path / "data"), "--out", str(out)])
    assert "train" in table.stdout


@pytest.mark.parametrize("linked", ["file", "folder", "list"])
def test_links_out_of_the_dataset_are_followed_only_where_that_is_allowed(
    tmp_path: Path, linked: str
) -> None:
    root, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    make(root, {"train/sar_images": ["TrainArea_1.tif"], "train/labels": ["TrainArea_1.tif"]})
    make(elsewhere, {"sar_images": ["TrainArea_2.tif"]})
    (elsewhere / "train.txt").write_text("TrainArea_1\n")
    link, target = {
        "file": (
            root / "train" / "sar_images" / "TrainArea_2.tif",
            elsewhere / "sar_images" / "TrainArea_2.tif",
        ),
        "folder": (root / "val", elsewhere),
        "list": (root / "train.txt", elsewhere / "train.txt"),
    }[linked]
    link.symlink_to(target)
    with pytest.raises(InputError, match=f"{link.name}, a link to .*elsewhere") as told:
        find_tiles(root)
    assert told.value.options == ("allow_sources",)
    with allow_sources(elsewhere):
        assert len(find_tiles(root)) == (1 if linked == "list" else 2)


def test_a_pipe_among_the_images_is_told_and_does_not_hang(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make(tmp_path, {"train/sar_images": ["TrainArea_1.tif"]})
    os.mkfifo(tmp_path / "train" / "sar_images" / "TrainArea_2.tif")
    assert [tile.shape for tile in find_tiles(tmp_path)] == [(SIZE, SIZE), (0, 0)]
    assert "no regular file" in caplog.text


def test_names_that_cannot_be_shown_or_stored_are_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "sar_images" / "a\x1b[31m.tif", 1)
    with pytest.raises(InputError, match="characters that are not seen; rename it"):
        find_tiles(tmp_path)


def test_tiles_without_georeferencing_have_no_regions_to_list(tmp_path: Path) -> None:
    write_image(tmp_path / "data/val/sar_images/a.tif", 1, georeferenced=False)
    app = typer.Typer()
    app.command()(index_command)
    done = CliRunner().invoke(app, [str(tmp_path / "data"), "--out", str(tmp_path / "tiles.parquet")])
    assert "No tile is georeferenced: there are no regions" in done.stdout
    assert "lists them" not in done.stdout
