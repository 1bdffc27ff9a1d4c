"""Names of folders and files of the published layouts: the role and the split that they tell."""

from pathlib import Path

import pytest

from oemsar.dataset.folder_names import (
    ROLES,
    role_of,
    split_of_archive,
    split_of_folders,
    split_of_list,
    split_of_name,
)


@pytest.mark.parametrize(
    ("folders", "role"),
    [
        (("a", "train", "sar_images"), "sar_images"),
        (("RGB_Images",), "rgb_images"),
        (("val", "pseudo_labels"), "pseudo_labels"),
        (("real_labels",), "real_labels"),
        (("train", "labels"), "labels"),
        (("dfc25_track1_val_labels",), "labels"),
        (("val_labels", "home", "export"), "labels"),
        (("labels", "sar_images"), "sar_images"),  # the nearest counts
        (("mysar_images",), None),
        (("sar_images_old",), None),
        (("relabels",), None),
        ((), None),
    ],
)
def test_role_is_that_of_the_nearest_folder_named_for_one(folders: tuple[str, ...], role: str | None) -> None:
    found = role_of(folders)
    assert (None if found is None else found.folder) == role


def test_labels_of_train_were_made_by_a_model_and_those_of_val_and_test_by_hand() -> None:
    roles = {role.folder: role for role in ROLES}
    assert roles["labels"].columns == {"train": "pseudo_label", "val": "real_label", "test": "real_label"}
    for folder, column in (
        ("sar_images", "sar"),
        ("rgb_images", "optical"),
        ("pseudo_labels", "pseudo_label"),
        ("real_labels", "real_label"),
    ):
        assert roles[folder].columns == {"train": column, "val": column, "test": column}
    assert ".png" in roles["labels"].suffixes
    assert {".png", ".jp2"} <= set(roles["sar_images"].suffixes)
    assert ".jpg" not in roles["sar_images"].suffixes


@pytest.mark.parametrize(
    ("folders", "split"),
    [
        (("data", "train", "sar_images"), "train"),
        (("Val", "labels"), "val"),
        (("train", "old", "TEST"), "test"),  # the innermost counts
        (("training", "val_labels"), None),
        ((), None),
    ],
)
def test_split_of_folders_is_the_innermost_of_exactly_that_name(
    folders: tuple[str, ...], split: str | None
) -> None:
    assert split_of_folders(folders) == split


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("TrainArea_001", "train"),
        ("valarea_12", "val"),
        ("TESTAREA", "test"),
        ("Train_001", None),
        ("MyTrainArea_1", None),
        ("", None),
    ],
)
def test_split_of_a_name_is_told_by_its_prefix(name: str, split: str | None) -> None:
    assert split_of_name(name) == split


@pytest.mark.parametrize(
    ("folders", "split"),
    [
        (("dfc25_track1_test", "x"), "test"),
        (("dfc25_track1_val_labels",), "val"),
        (("a_train", "b_val"), "val"),
        (("TEST_Labels",), "test"),
        (("test_2",), None),
        (("contest",), None),
        (("dfc25_track1_trainval",), None),
    ],
)
def test_split_of_an_archive_is_the_end_of_its_name(folders: tuple[str, ...], split: str | None) -> None:
    assert split_of_archive(folders) == split


@pytest.mark.parametrize(
    ("name", "split"),
    [("train.txt", "train"), ("Val.TXT", "val"), ("test.csv", None), ("readme.txt", None), ("train", None)],
)
def test_text_files_named_for_a_split_list_it(name: str, split: str | None) -> None:
    assert split_of_list(Path("release") / name) == split
