"""Folder and file names of the published layouts, and the role and split that they tell.

Two layouts are in use. The release (Zenodo 14622048 and 14950559) has `train/{sar_images,rgb_images,labels}`,
`val/sar_images` and `test/sar_images`, with the labels of val and test in archives of their own. The authors'
follow-up has `sar_images`, `rgb_images`, `pseudo_labels` and `real_labels` beside text files of names. Copies
differ in nesting and in case, so a file is known by the nearest folder above it, whatever its case.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from oemsar.dataset.layouts import IMAGE_SUFFIXES, LABEL_SUFFIXES, Column
from oemsar.dataset.tile import SPLITS, Split
from oemsar.inputs import INPUTS


@dataclass(frozen=True)
class Role:
    """Meaning of the files in a folder.

    Attributes:
        folder: Name of the folder, or the end of it after an underscore (`val_labels`), in lower case.
        suffixes: File name suffixes that are read, in lower case.
        columns: Column of the tile that a file fills, by the tile's split.
    """

    folder: str
    suffixes: tuple[str, ...]
    columns: Mapping[Split, Column]


def _in_any_split(column: Column) -> dict[Split, Column]:
    return dict.fromkeys(SPLITS, column)


ROLES = (
    Role("sar_images", IMAGE_SUFFIXES, _in_any_split("sar")),
    Role("rgb_images", IMAGE_SUFFIXES, _in_any_split("optical")),
    Role("pseudo_labels", LABEL_SUFFIXES, _in_any_split("pseudo_label")),
    Role("real_labels", LABEL_SUFFIXES, _in_any_split("real_label")),
    # in the release, the labels of train were made by a model and those of val and test by hand
    Role("labels", LABEL_SUFFIXES, {"train": "pseudo_label", "val": "real_label", "test": "real_label"}),
)
"""Roles in the order in which they are tried: `labels` comes after the two names it is the end of."""

BESIDE_LABELS = {"confidence": "confidence", "soft_label": "soft_labels"}
"""Folders of the files beside pseudo labels, by the column of the tile that they fill."""

_NAME_PREFIX = re.compile(r"(train|val|test)area", re.IGNORECASE)
_ARCHIVE = re.compile(r"(?:.*_)?(train|val|test)(?:_labels)?", re.IGNORECASE)


def role_of(folders: Sequence[str]) -> Role | None:
    """Find the role of a file in nested folders, outermost first; None where none of them has a role.

    The nearest folder counts that has a role or bears the name of a further input or of files beside labels.
    """
    further = [f"_{name}_images" for name in INPUTS.names() if name not in ("sar", "optical")]
    further += [f"_{folder}" for folder in BESIDE_LABELS.values()]
    for folder in reversed(folders):
        if f"_{folder.lower()}".endswith(tuple(further)):
            return None
        for role in ROLES:
            if f"_{folder.lower()}".endswith(f"_{role.folder}"):
                return role
    return None


def split_of_folders(folders: Sequence[str]) -> Split | None:
    """Find the split of a file in nested folders: the innermost named `train`, `val` or `test`."""
    for folder in reversed(folders):
        for split in SPLITS:
            if folder.lower() == split:
                return split
    return None


def split_of_name(name: str) -> Split | None:
    """Find the split of a tile by the prefix of its name: `TrainArea`, `ValArea` or `TestArea`."""
    match = _NAME_PREFIX.match(name)
    return _split(match[1]) if match else None


def split_of_archive(folders: Sequence[str]) -> Split | None:
    """Find the split of a file by the innermost folder named as an archive of the release.

    Such a name ends with the split, or with the split and `labels`: `dfc25_track1_test`, `val_labels`.
    """
    for folder in reversed(folders):
        if match := _ARCHIVE.fullmatch(folder):
            return _split(match[1])
    return None


def split_of_list(path: Path) -> Split | None:
    """Find the split whose names a text file lists (`train.txt`); None where it is no such file."""
    return _split(path.stem) if path.suffix.lower() == ".txt" else None


def _split(word: str) -> Split | None:
    return next((split for split in SPLITS if split == word.lower()), None)
