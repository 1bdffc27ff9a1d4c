import json
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


def test_folder_names_in_another_case(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "Train/SAR_Images": ["TrainArea_001.TIF"],
            "Train/Labels": ["TrainArea_001.tiff"],
            "VAL/sar_images": ["ValArea_001.tif"],
            "Val_Labels": ["ValArea_001.tif"],
        },
    )
    assert [described(tile, tmp_path) for tile in find_tiles(tmp_path)] == [
        ("train", "TrainArea_001", "Train/SAR_Images", "-", "Train/Labels", "-"),
        ("val", "ValArea_001", "VAL/sar_images", "-", "-", "Val_Labels"),
    ]


def test_both_labels_in_a_split_folder(tmp_path: Path) -> None:
    folders = ("sar_images", "rgb_images", "labels", "pseudo_labels")
    make(tmp_path, {f"val/{folder}": ["a.tif"] for folder in folders})
    assert [described(tile, tmp_path) for tile in find_tiles(tmp_path)] == [
        ("val", "a", "val/sar_images", "val/rgb_images", "val/pseudo_labels", "val/labels")
    ]


FOLLOW_UP = {
    "release/sar_images": ["TrainArea_001.tif", "ValArea_001.tif", "scene.1.tif"],
    "release/rgb_images": ["TrainArea_001.tif"],
    "release/pseudo_labels": ["TrainArea_001.tif", "ValArea_001.tif"],
    "release/real_labels": ["ValArea_001.tif", "scene.1.png"],
}
FOLLOW_UP_FILES = {
    "TrainArea_001": ("release/sar_images", "release/rgb_images", "release/pseudo_labels", "-"),
    "ValArea_001": ("release/sar_images", "-", "release/pseudo_labels", "release/real_labels"),
    "scene.1": ("release/sar_images", "-", "-", "release/real_labels"),
}


def test_follow_up_layout_without_lists_goes_by_the_prefix_then_train(tmp_path: Path) -> None:
    make(tmp_path, FOLLOW_UP)
    splits = [("train", "TrainArea_001"), ("train", "scene.1"), ("val", "ValArea_001")]
    expected = [(split, name, *FOLLOW_UP_FILES[name]) for split, name in splits]
    assert [described(tile, tmp_path) for tile in find_tiles(tmp_path)] == expected


def test_follow_up_layout_goes_by_its_text_files(tmp_path: Path) -> None:
    make(tmp_path, FOLLOW_UP)
    (tmp_path / "release" / "Train.txt").write_bytes(b"\xef\xbb\xbfValArea_001.tif\r\n\r\n")
    (tmp_path / "release" / "val.txt").write_text("scene.1\nabsent_1\n")
    (tmp_path / "release" / "test.txt").write_text("sar_images/TrainArea_001.TIF")
    (tmp_path / "release" / "readme.txt").write_text("scene.1")
    splits = [("train", "ValArea_001"), ("val", "scene.1"), ("test", "TrainArea_001")]
    expected = [(split, name, *FOLLOW_UP_FILES[name]) for split, name in splits]
    assert [described(tile, tmp_path) for tile in find_tiles(tmp_path)] == expected


@pytest.mark.parametrize(
    ("root", "split"),
    [("val", "val"), ("dfc25_track1_test", "test"), ("val_labels", "val"), ("test_2", "train")],
)
def test_a_folder_of_a_release_can_be_the_root(tmp_path: Path, root: str, split: str) -> None:
    make(tmp_path / root, {"sar_images": ["a.tif"]})
    assert [tile.split for tile in find_tiles(tmp_path / root)] == [split]


def test_the_name_of_the_root_gives_way_to_the_names_below(tmp_path: Path) -> None:
    root = tmp_path / "test"
    make(root, {"train/sar_images": ["a.tif"], "sar_images": ["ValArea_001.tif"]})
    assert [(tile.name, tile.split) for tile in find_tiles(root)] == [("a", "train"), ("ValArea_001", "val")]


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


def test_a_copy_is_left_out_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "oemsar")
    make(tmp_path, {"b/train/sar_images": ["a.tif"], "a/train/sar_images": ["a.tif"]})
    (tile,) = find_tiles(tmp_path)
    assert tile.sar == tmp_path / "a/train/sar_images/a.tif"
    assert str(tmp_path / "b/train/sar_images/a.tif") in caplog.text


def assert_refused(root: Path, *named: str) -> None:
    with pytest.raises(InputError) as caught:
        find_tiles(root)
    for name in named:
        assert name in str(caught.value)


def test_two_different_files_in_one_place_are_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "a/train/sar_images/a.tif", 1, value=1)
    write_image(tmp_path / "b/train/sar_images/a.tif", 1, value=2)
    assert_refused(tmp_path, "a/train/sar_images/a.tif", "b/train/sar_images/a.tif")


def test_labels_and_pseudo_labels_of_train_are_one_place(tmp_path: Path) -> None:
    write_image(tmp_path / "train/labels/a.tif", 1, value=1)
    write_image(tmp_path / "train/pseudo_labels/a.tif", 1, value=2)
    assert_refused(tmp_path, "train/labels/a.tif", "train/pseudo_labels/a.tif")


def test_a_name_in_two_splits_is_refused(tmp_path: Path) -> None:
    make(tmp_path, {"train/sar_images": ["a.tif"], "val/sar_images": ["a.tif"]})
    assert_refused(tmp_path, "train/sar_images/a.tif", "val/sar_images/a.tif")


def test_a_text_file_against_a_folder_is_refused(tmp_path: Path) -> None:
    make(tmp_path, {"train/sar_images": ["a.tif"]})
    (tmp_path / "val.txt").write_text("a\n")
    assert_refused(tmp_path, "train/sar_images/a.tif", "val.txt")


def test_a_name_in_two_text_files_is_refused(tmp_path: Path) -> None:
    make(tmp_path, {"sar_images": ["a.tif"]})
    for split in ("train", "test"):
        (tmp_path / f"{split}.txt").write_text("a\n")
    assert_refused(tmp_path, "train.txt", "test.txt")


def test_what_is_no_dataset_is_refused(tmp_path: Path) -> None:
    make(tmp_path, {"pictures": ["a.tif"], "sar_images": ["._a.tif"], "__MACOSX/sar_images": ["a.tif"]})
    assert_refused(tmp_path, str(tmp_path), "sar_images", "pseudo_labels")
    assert_refused(tmp_path / "absent", "absent")
    assert_refused(tmp_path / "pictures" / "a.tif", "a.tif")


def test_links_are_followed_once(tmp_path: Path) -> None:
    make(tmp_path / "store", {"train/sar_images": ["a.tif"]})
    root = tmp_path / "root"
    root.mkdir()
    (root / "data").symlink_to(tmp_path / "store")
    (tmp_path / "store" / "train" / "circle").symlink_to(tmp_path / "store")
    (tile,) = find_tiles(root)
    assert tile.sar == root / "data/train/sar_images/a.tif"


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
    }
    table = CliRunner().invoke(app, [str(tmp_path / "data"), "--out", str(out)])
    assert "train" in table.stdout
