"""How far two labels of the same tiles agree, as pseudo and real labels do in Table III of the paper."""

import logging
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from oemsar.dataset.pixels import read_label_file
from oemsar.dataset.table import Table, describe_table
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.evaluate.confusion import confusion_matrix
from oemsar.evaluate.scores import Scores
from oemsar.legend import NUM_CLASSES
from oemsar.processes import thread_pool
from oemsar.progress import Report, silent
from oemsar.sources import require_unlinked

log = logging.getLogger(__name__)

_SUFFIXES = (".tif", ".tiff", ".png")


@dataclass(frozen=True)
class LabelPair:
    """Two labels of one tile: the `reference`, and the `other` that is compared with it.

    Attributes:
        tile: Name of the tile.
        reference: Label that counts as true.
        other: Label that is compared with it.
        nodata: Value of either that is unknown, beside 0 and the nodata tags of the files; None for none.
    """

    tile: str
    reference: Path
    other: Path
    nodata: int | None = None


@dataclass(frozen=True)
class Agreement:
    """The agreement of two sets of labels over all their pixels.

    Attributes:
        scores: Scores of the other labels against the reference; the agreement of a class is its recall,
            the share of its reference pixels that the other label gives the same class.
        tiles: Number of tiles compared.
        unknown: Number of pixels left out, unknown in one label or both.
    """

    scores: Scores
    tiles: int
    unknown: int

    @property
    def mean_agreement(self) -> float | None:
        """Mean over the classes that occur in the reference; None where no pixel was compared."""
        found = [scores.recall for scores in self.scores.classes.values() if scores.recall is not None]
        return sum(found) / len(found) if found else None


def pairs_of_tiles(tiles: Sequence[Tile], table: Table) -> list[LabelPair]:
    """Pair the real label of each tile that has both, as reference, and its pseudo label.

    Raises:
        InputError: No tile has both; `table` is named.
    """
    pairs = [
        LabelPair(tile.name, tile.real_label, tile.pseudo_label, tile.label_nodata)
        for tile in tiles
        if tile.real_label is not None and tile.pseudo_label is not None
    ]
    if not pairs:
        raise InputError(
            f"{describe_table(table)} has no tile with both a pseudo and a real label; index them together, "
            "or give the folder of a second set of labels",
            option="against",
        )
    return pairs


def pairs_against(tiles: Sequence[Tile], table: Table, folder: Path) -> list[LabelPair]:
    """Pair the label of each tile (real before pseudo), as reference, and the file of its name in `folder`.

    Tiles without a file in the folder are left out, with a warning.

    Raises:
        InputError: `folder` is no folder, has two files for one name, or none for any tile of `table`.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name the folder of the second labels", option="against")
    files: dict[str, Path] = {}
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES):
        require_unlinked(path, folder)
        other = files.setdefault(path.stem, path)
        if other != path:
            raise InputError(f"tile {path.stem} has two files, {other} and {path}; remove one of them")
    labelled = [(tile, tile.label) for tile in tiles if tile.label is not None]
    pairs = [
        LabelPair(tile.name, label, files[tile.name], tile.label_nodata)
        for tile, label in labelled
        if tile.name in files
    ]
    if not pairs:
        raise InputError(
            f"{folder} has no label named after a labelled tile of {describe_table(table)}; its files "
            "must be named after the tiles, NAME.tif or NAME.png",
            option="against",
        )
    if left_out := len(labelled) - len(pairs):
        log.warning("%d of %d labelled tiles have no file in %s", left_out, len(labelled), folder)
    return pairs


def compare(pairs: Sequence[LabelPair], *, workers: int | None = None, report: Report = silent) -> Agreement:
    """Compare all pixels of `pairs` in one confusion matrix; those unknown in either label are left out.

    Args:
        pairs: Labels to compare, at least one pair.
        workers: Number of threads to read in; the number of processors by default.
        report: Called with the tiles done and the tiles in all.

    Raises:
        InputError: A label cannot be read, has ids outside 0..8, or another size than the other; or
            `workers` is less than 1.
    """
    if workers is not None and workers < 1:
        raise InputError(f"{workers} is too few; give at least 1", option="workers")
    confusion = np.zeros((NUM_CLASSES, NUM_CLASSES), np.int64)
    unknown = 0
    report(0, len(pairs))
    # entered once for all threads: the filters of warnings belong to the process
    with warnings.catch_warnings(), thread_pool(workers or os.cpu_count()) as pool:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        for done, (matrix, left_out) in enumerate(pool.map(_compare, pairs), start=1):
            confusion += matrix
            unknown += left_out
            report(done, len(pairs))
    return Agreement(Scores.from_confusion(confusion), len(pairs), unknown)


def _compare(pair: LabelPair) -> tuple[NDArray[np.int64], int]:
    """Count the confusion matrix of one tile, rows reference, and the pixels unknown in either label."""
    reference, other = (read_label_file(path, nodata=pair.nodata) for path in (pair.reference, pair.other))
    if reference.shape != other.shape:
        sizes = " and ".join(f"{rows} x {columns}" for rows, columns in (other.shape, reference.shape))
        raise InputError(f"{pair.other} and {pair.reference} differ in size, {sizes} pixels; warp one")
    known = np.where(other == 0, np.uint8(0), reference)
    matrix = confusion_matrix(known, other)
    return matrix, int(known.size - matrix.sum())
