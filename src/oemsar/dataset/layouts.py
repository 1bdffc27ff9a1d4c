"""Layouts of datasets on disk: which files of a folder tree are the images and labels of which tile.

Another package adds a layout under the entry point group `oemsar.layouts`: a function that finds the files of
every tile below a folder.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from oemsar.dataset.tile import Split
from oemsar.registry import Registry

Column = Literal["sar", "optical", "pseudo_label", "real_label"]
COLUMNS: tuple[Column, ...] = ("sar", "optical", "pseudo_label", "real_label")
"""Files a tile can have, in the order in which they are asked for its size and grid."""

GEOTIFF_SUFFIXES = (".tif", ".tiff")
IMAGE_SUFFIXES = (*GEOTIFF_SUFFIXES, ".png", ".jp2", ".j2k")
LABEL_SUFFIXES = (".tif", ".tiff", ".png")


@dataclass(frozen=True)
class TileFiles:
    """Files of one tile, found by their names.

    Attributes:
        name: Name of the tile, unique in its dataset.
        split: `train`, `val` or `test`.
        files: Path of each file the tile has, at least one, by column: one of `COLUMNS`, or the name of
            another input.
    """

    name: str
    split: Split
    files: Mapping[str, Path]


class Layout(Protocol):
    """A way in which datasets lie on disk."""

    def __call__(self, folder: Path) -> Sequence[TileFiles]:
        """Find the files of every tile below a folder, in any order.

        Raises:
            InputError: Two files claim one position in a tile, or two splits one tile.
        """


LAYOUTS: Registry[Layout] = Registry(
    "layout", "oemsar.layouts", {"published": "oemsar.dataset.published_layout:find_published"}
)


def listed_name(line: str) -> str:
    """Take the name of a tile from a line of a text file of names, which may have folders and a suffix."""
    last = line.strip().rsplit("/", 1)[-1]
    stem, dot, suffix = last.rpartition(".")
    return stem if f"{dot}{suffix}".lower() in IMAGE_SUFFIXES else last


def natural_order(name: str) -> tuple[tuple[str | int, ...], str]:
    """Make the sorting key of a tile's name that counts its numbers: `Area_9` comes before `Area_10`."""
    parts = re.split(r"([0-9]+)", name)
    return tuple(int(part) if position % 2 else part for position, part in enumerate(parts)), name
