"""Labels made by hand as files: found by the names of their tiles, and held against them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from oemsar.curate.sample.tasks import LABELS, TASK
from oemsar.dataset.pixels import unknown_values
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.legend import MAX_ID, UNKNOWN
from oemsar.names import require_plain_name
from oemsar.raster.grid import grid_of, same_grid
from oemsar.raster.pixels import RasterPixels
from oemsar.raster.read import Extent, open_raster, require_tile
from oemsar.sources import require_unlinked
from oemsar.visible_text import visible

_SUFFIXES = (".tif", ".tiff", ".png")
_WHO = ("OEMSAR_LABELLED_BY", "TIFFTAG_ARTIST", "Author")
"""Tags that name the person who made a file."""
_WHEN = "TIFFTAG_DATETIME"
_WHEN_FORMAT = "%Y:%m:%d %H:%M:%S"
_TOLERANCE = 0.01
"""Pixels by which a corner of a label may be off the grid of its tile."""


@dataclass(frozen=True)
class HandLabel:
    """Label that was made by hand.

    Attributes:
        path: Its file.
        by: Name of the person who made it; None where nobody is named.
        at: Time at which it was finished, ISO 8601.
        share: Share of the tile that is labelled, 0..1.
        placed: Whether the file says where it lies.
    """

    path: Path
    by: str | None
    at: str
    share: float
    placed: bool


def find_labels(folder: Path) -> dict[str, Path]:
    """Find the labels of a folder of tasks, or of the folder of labels itself, by the names of their tiles.

    Raises:
        InputError: There is no folder or no label, or two files of one name.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name the folder of the tasks")
    inside = folder / LABELS if (folder / LABELS).is_dir() else folder
    found: dict[str, Path] = {}
    for path in sorted(inside.iterdir()):
        if path.suffix.lower() not in _SUFFIXES or path.name.startswith("."):
            continue
        require_unlinked(path, inside)
        if found.setdefault(path.stem, path) != path:
            raise InputError(f"tile {path.stem} has two labels, {found[path.stem]} and {path}; remove one")
    if not found:
        raise InputError(f"{inside} holds no label; its files must be named after the tiles, NAME.tif")
    return found


def read_hand_label(path: Path, tile: Tile, by: str | None) -> HandLabel | None:
    """Read a label and hold it against its tile; None where nothing was labelled yet.

    Args:
        path: File of the label.
        tile: Tile of its name.
        by: Name of the person who made it; None for the one that the file names, or its owner.

    Raises:
        InputError: The label is unreadable, not one band of bytes, of another size or grid than its tile, or
            has ids outside 0..8.
    """
    with open_raster(path) as dataset:
        require_tile(dataset, path)
        _require_fitting(dataset, path, tile)
        label: NDArray[np.uint8] = RasterPixels.first(dataset).values(Extent(0, 0, *dataset.shape))[0]
        unknown = unknown_values(dataset.nodata, tile.label_nodata)
        tags = dataset.tags()
        placed = grid_of(dataset) is not None
    known = label != UNKNOWN.id
    for value in unknown:
        known &= label != value
    if known.any() and (worst := int(label[known].max())) > MAX_ID:
        raise InputError(f"{path} has label id {worst}, outside 0..{MAX_ID}; correct it and collect again")
    if not known.any() or _is_as_begun(label, tile, tags):
        return None
    return HandLabel(path, by or _person(path, tags), _time(path, tags), _share(known), placed)


def _require_fitting(dataset: DatasetReader, path: Path, tile: Tile) -> None:
    if dataset.count != 1 or dataset.dtypes[0] != "uint8":
        raise InputError(
            f"{path} has {dataset.count} band(s) of {dataset.dtypes[0]} where a label has 1 of uint8; "
            "save class ids, not colours"
        )
    if dataset.shape != tile.shape:
        there, here = (" x ".join(map(str, shape)) for shape in (dataset.shape, tile.shape))
        raise InputError(f"{path} has {there} pixels where tile {tile.name} has {here}; label its own task")
    grid = grid_of(dataset)
    if grid is None or tile.grid is None or grid.crs is None or tile.grid.crs is None:
        return
    if not same_grid(tile.grid, grid, _TOLERANCE):
        raise InputError(
            f"{path} lies on another grid than tile {tile.name}; save it on the grid of its task"
        )


def _is_as_begun(label: NDArray[np.uint8], tile: Tile, tags: Mapping[str, str]) -> bool:
    """Tell whether a label is still the pseudo label that its task began with."""
    if tags.get(TASK) != "pseudo" or tile.pseudo_label is None:
        return False
    with open_raster(tile.pseudo_label) as dataset:
        if dataset.shape != label.shape:
            return False
        begun = RasterPixels.first(dataset).values(Extent(0, 0, *dataset.shape))[0]
    return bool(np.array_equal(np.where(begun > MAX_ID, UNKNOWN.id, begun), label))


def _share(known: NDArray[np.bool_]) -> float:
    return round(float(known.mean()), 6)


def _person(path: Path, tags: Mapping[str, str]) -> str | None:
    """Find who made a file: by its tags, else its owner on this machine."""
    named = next((tags[name].strip() for name in _WHO if tags.get(name, "").strip()), None)
    if named is not None:
        require_plain_name(visible(named), f"the person named in {path}")
        return visible(named)
    try:
        return path.owner()
    except (KeyError, NotImplementedError, OSError):
        return None


def _time(path: Path, tags: Mapping[str, str]) -> str:
    """Find when a file was finished: by its tag, else by the time of its last change."""
    try:
        return datetime.strptime(tags.get(_WHEN, ""), _WHEN_FORMAT).isoformat()
    except ValueError:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
