"""The published layouts: which files are of which tile, in which split, and what contradicts itself."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from oemsar.dataset.layouts import COLUMNS, natural_order
from oemsar.dataset.published_layout import find_published
from oemsar.dataset.tile import SPLITS
from oemsar.errors import InputError
from oemsar.sources import allow_sources


def make(root: Path, files: Mapping[str, list[str]]) -> None:
    """Write `files` (names by folder) below `root`, all with the same content."""
    for folder, names in files.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for name in names:
            (root / folder / name).write_bytes(b"pixels")


def found(root: Path) -> list[tuple[str, ...]]:
    """Split, name, and the folder of each file of every tile, ordered by split and name."""
    tiles = sorted(
        find_published(root), key=lambda tile: (SPLITS.index(tile.split), natural_order(tile.name))
    )
    return [
        (
            tile.split,
            tile.name,
            *(
                tile.files[column].relative_to(root).parent.as_posix() if column in tile.files else "-"
                for column in COLUMNS
            ),
        )
        for tile in tiles
    ]


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
    assert found(tmp_path) == [
        ("train", "TrainArea_001", "Train/SAR_Images", "-", "Train/Labels", "-"),
        ("val", "ValArea_001", "VAL/sar_images", "-", "-", "Val_Labels"),
    ]


def test_both_labels_in_a_split_folder(tmp_path: Path) -> None:
    folders = ("sar_images", "rgb_images", "labels", "pseudo_labels")
    make(tmp_path, {f"val/{folder}": ["a.tif"] for folder in folders})
    assert found(tmp_path) == [
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
    assert found(tmp_path) == expected


def test_follow_up_layout_goes_by_its_text_files(tmp_path: Path) -> None:
    make(tmp_path, FOLLOW_UP)
    (tmp_path / "release" / "Train.txt").write_bytes(b"\xef\xbb\xbfValArea_001.tif\r\n\r\n")
    (tmp_path / "release" / "val.txt").write_text("scene.1\nabsent_1\n")
    (tmp_path / "release" / "test.txt").write_text("sar_images/TrainArea_001.TIF")
    (tmp_path / "release" / "readme.txt").write_text("scene.1")
    splits = [("train", "ValArea_001"), ("val", "scene.1"), ("test", "TrainArea_001")]
    expected = [(split, name, *FOLLOW_UP_FILES[name]) for split, name in splits]
    assert found(tmp_path) == expected


@pytest.mark.parametrize(
    ("root", "split"),
    [("val", "val"), ("dfc25_track1_test", "test"), ("val_labels", "val"), ("test_2", "train")],
)
def test_a_folder_of_a_release_can_be_the_root(tmp_path: Path, root: str, split: str) -> None:
    make(tmp_path / root, {"sar_images": ["a.tif"]})
    assert [tile.split for tile in find_published(tmp_path / root)] == [split]


def test_the_name_of_the_root_gives_way_to_the_names_below(tmp_path: Path) -> None:
    root = tmp_path / "test"
    make(root, {"train/sar_images": ["a.tif"], "sar_images": ["ValArea_001.tif"]})
    assert [tile[:2] for tile in found(root)] == [("train", "a"), ("val", "ValArea_001")]


def test_a_copy_is_left_out_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "oemsar")
    make(tmp_path, {"b/train/sar_images": ["a.tif"], "a/train/sar_images": ["a.tif"]})
    (tile,) = find_published(tmp_path)
    assert tile.files["sar"] == tmp_path / "a/train/sar_images/a.tif"
    assert str(tmp_path / "b/train/sar_images/a.tif") in caplog.text


def assert_refused(root: Path, *named: str) -> None:
    with pytest.raises(InputError) as caught:
        find_published(root)
    for name in named:
        assert name in str(caught.value)


def test_two_different_files_in_one_place_are_refused(tmp_path: Path) -> None:
    make(tmp_path, {"a/train/sar_images": ["a.tif"], "b/train/sar_images": ["a.tif"]})
    (tmp_path / "b/train/sar_images/a.tif").write_bytes(b"others")
    assert_refused(tmp_path, "a/train/sar_images/a.tif", "b/train/sar_images/a.tif")


def test_labels_and_pseudo_labels_of_train_are_one_place(tmp_path: Path) -> None:
    make(tmp_path, {"train/labels": ["a.tif"], "train/pseudo_labels": ["a.tif"]})
    (tmp_path / "train/pseudo_labels/a.tif").write_bytes(b"others")
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


def test_links_are_followed_once(tmp_path: Path) -> None:
    make(tmp_path / "store", {"train/sar_images": ["a.tif"]})
    root = tmp_path / "root"
    root.mkdir()
    (root / "data").symlink_to(tmp_path / "store")
    (tmp_path / "store" / "train" / "circle").symlink_to(tmp_path / "store")
    with pytest.raises(InputError, match=r"data, a link to .*store, outside of"):
        find_published(root)
    with allow_sources(tmp_path / "store"):
        (tile,) = find_published(root)
    assert tile.files["sar"] == root / "data/train/sar_images/a.tif"


def test_names_in_lists_without_a_file_and_tiles_in_no_list_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make(tmp_path, {"sar_images": ["b.tif", "a.tif", "c.tif"]})
    (tmp_path / "val.txt").write_text("c\nz\ny\n")
    assert [tile[:2] for tile in found(tmp_path)] == [("train", "a"), ("train", "b"), ("val", "c")]
    assert "2 listed names have no file, the first is y" in caplog.text
    assert "2 tiles are in no text file of names, the first is a" in caplog.text


def test_a_list_outranks_the_prefix_and_the_prefix_the_archive(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "x_test/sar_images": ["ValArea_1.tif", "ValArea_2.tif", "a.tif"],
            "y/sar_images": ["TestArea_1.tif"],
        },
    )
    (tmp_path / "train.txt").write_text("ValArea_1\n")
    splits = {name: split for split, name, *_ in found(tmp_path)}
    assert splits == {"ValArea_1": "train", "ValArea_2": "val", "a": "test", "TestArea_1": "test"}


def test_a_list_that_is_no_text_is_refused(tmp_path: Path) -> None:
    make(tmp_path, {"sar_images": ["a.tif"]})
    (tmp_path / "val.txt").write_bytes(b"\xff\xfe\x00")
    assert_refused(tmp_path, "val.txt", "readable text file")


def test_files_of_one_size_and_time_are_told_apart_by_their_content(tmp_path: Path) -> None:
    make(tmp_path, {"a/train/sar_images": ["a.tif"], "b/train/sar_images": ["a.tif"]})
    other = tmp_path / "b/train/sar_images/a.tif"
    other.write_bytes(b"pixelz")
    for path in (tmp_path / "a/train/sar_images/a.tif", other):
        os.utime(path, ns=(10**18, 10**18))
    assert_refused(tmp_path, "a/train/sar_images/a.tif", "b/train/sar_images/a.tif")
