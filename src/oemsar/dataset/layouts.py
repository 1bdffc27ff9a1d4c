"""The published layouts as tables: what a folder's name says of the files in it.

Two layouts are in use. The release (Zenodo 14622048 and 14950559) has `train/{sar_images,rgb_images,labels}`,
`val/sar_images` and `test/sar_images`, with the labels of val and test in archives of their own. The authors'
follow-up has `sar_images`, `rgb_images`, `pseudo_labels` and `real_labels` beside text files of names. Copies
differ in nesting and in case, so a file is known by the nearest folder above it, whatever its case.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from oemsar.dataset.tile import SPLITS, Split

Column = Literal["sar", "optical", "pseudo_label", "real_label"]
COLUMNS: tuple[Column, ...] = ("sar", "optical", "pseudo_label", "real_label")
"""The files a tile can have, in the order in which they are asked for its size and grid."""

_IMAGE_SUFFIXES = (".tif", ".tiff")
_LABEL_SUFFIXES = (".tif", ".tiff", ".png")


@dataclass(frozen=True)
class Role:
    """What the files of a folder are.

    Attributes:
        folder: name of the folder, or the end of it after an underscore (`val_labels`), in lower case.
        suffixes: file name suffixes read, in lower case.
        columns: the column of the tile that a file fills, by the tile's split.
    """

    folder: str
    suffixes: tuple[str, ...]
    columns: Mapping[Split, Column]


def _in_any_split(column: Column) -> dict[Split, Column]:
    return dict.fromkeys(SPLITS, column)


ROLES = (
    Role("sar_images", _IMAGE_SUFFIXES, _in_any_split("sar")),
    Role("rgb_images", _IMAGE_SUFFIXES, _in_any_split("optical")),
    Role("pseudo_labels", _LABEL_SUFFIXES, _in_any_split("pseudo_label")),
    Role("real_labels", _LABEL_SUFFIXES, _in_any_split("real_label")),
    # in the release, the labels of train were made by a model and those of val and test by hand
    Role("labels", _LABEL_SUFFIXES, {"train": "pseudo_label", "val": "real_label", "test": "real_label"}),
)
"""A folder has the first role whose name it ends with: `labels` comes after the two it is the end of."""

_NAME_PREFIX = re.compile(r"(train|val|test)area", re.IGNORECASE)
_ARCHIVE = re.compile(r"(?:.*_)?(train|val|test)(?:_labels)?", re.IGNORECASE)


def role_of(folders: Sequence[str]) -> Role | None:
    """Role of a file in nested `folders`, outermost first; None where none of them has a role."""
    for folder in reversed(folders):
        for role in ROLES:
            if f"_{folder.lower()}".endswith(f"_{role.folder}"):
                return role
    return None


def split_of_folders(folders: Sequence[str]) -> Split | None:
    """Split of a file in nested `folders`: the innermost named `train`, `val` or `test`."""
    for folder in reversed(folders):
        for split in SPLITS:
            if folder.lower() == split:
                return split
    return None


def split_of_name(name: str) -> Split | None:
    """Split of a tile by the prefix of its name: `TrainArea`, `ValArea` or `TestArea`."""
    match = _NAME_PREFIX.match(name)
    return _split(match[1]) if match else None


def split_of_archive(folders: Sequence[str]) -> Split | None:
    """Split of a file by the innermost folder named as an archive of the release.

    Such a name ends with the split, or with the split and `labels`: `dfc25_track1_test`, `val_labels`.
    """
    for folder in reversed(folders):
        if match := _ARCHIVE.fullmatch(folder):
            return _split(match[1])
    return None


def split_of_list(path: Path) -> Split | None:
    """Split whose names the text file at `path` lists (`train.txt`); None where it is no such file."""
    return _split(path.stem) if path.suffix.lower() == ".txt" else None


def listed_name(line: str) -> str:
    """Name of the tile on one line of a text file of names, which may have folders and a suffix."""
    last = line.strip().rsplit("/", 1)[-1]
    stem, dot, suffix = last.rpartition(".")
    return stem if f"{dot}{suffix}".lower() in _LABEL_SUFFIXES else last


def natural_order(name: str) -> tuple[tuple[str | int, ...], str]:
    """Sorting key of a tile's name that counts its numbers: `Area_9` comes before `Area_10`."""
    parts = re.split(r"([0-9]+)", name)
    return tuple(int(part) if place % 2 else part for place, part in enumerate(parts)), name


def _split(word: str) -> Split | None:
    return next((split for split in SPLITS if split == word.lower()), None)
