"""Pseudo labels held against labels made by hand, tile by tile, with and without layover and shadow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oemsar.config_file import Value
from oemsar.curate.check.coders import cohen_kappa, kappa_of_class, krippendorff_alpha
from oemsar.dataset.pixels import read_label_file
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.evaluate.agreement import LabelPair
from oemsar.evaluate.confusion import confusion_matrix
from oemsar.evaluate.scores import Scores
from oemsar.legend import NAMES
from oemsar.prepare.pair.masks import MASKS
from oemsar.raster.pixels import RasterPixels
from oemsar.raster.read import Extent, open_raster, require_tile

_LIMITS = (1.0, 2.0, 4.0)
"""Alignment errors in pixels at which tiles are divided."""


class Agreement(Value):
    """Agreement of two labels over some pixels; None where they have none of the kind."""

    tiles: int
    """Number of tiles with such pixels."""
    pixels: int
    """Number of pixels that both labels know."""
    overall: float | None
    """Share of pixels of one class in both labels."""
    mean_iou: float | None
    """Mean IoU over the classes of either label."""
    kappa: float | None
    """Cohen's kappa."""
    alpha: float | None
    """Krippendorff's alpha for nominal classes."""
    recall: dict[str, float | None]
    """Share of the pixels of each class in the reference that the other label gives it."""
    iou: dict[str, float | None]
    """IoU of each class."""
    class_kappa: dict[str, float | None]
    """Cohen's kappa of each class against all others."""

    @classmethod
    def of(cls, matrices: Sequence[NDArray[np.int64]]) -> "Agreement":
        """Compute the agreement of the confusion matrices of some tiles, rows reference."""
        total = np.sum(matrices, axis=0) if matrices else np.zeros((len(NAMES), len(NAMES)), np.int64)
        scores, counts = Scores.from_confusion(total.astype(np.int64)), total.astype(np.float64)
        return cls(
            tiles=sum(bool(matrix.any()) for matrix in matrices),
            pixels=int(total.sum()),
            overall=scores.overall_accuracy,
            mean_iou=scores.miou,
            kappa=cohen_kappa(counts),
            alpha=krippendorff_alpha(counts),
            recall={name: each.recall for name, each in scores.classes.items()},
            iou={name: each.iou for name, each in scores.classes.items()},
            class_kappa={name: kappa_of_class(counts, index) for index, name in enumerate(NAMES)},
        )


@dataclass(frozen=True, eq=False)
class TileCounts:
    """Two labels of a tile compared.

    Attributes:
        tile: Tile.
        every: Pixels that both know, rows reference, shape (8, 8).
        clear: Those of them that have neither layover nor shadow; None without masks.
        hidden: Those of them in layover or shadow; None without masks.
    """

    tile: Tile
    every: NDArray[np.int64]
    clear: NDArray[np.int64] | None
    hidden: NDArray[np.int64] | None


def compare_tiles(pairs: Sequence[tuple[Tile, LabelPair]]) -> Iterator[TileCounts]:
    """Compare two labels of each tile.

    Args:
        pairs: Tiles with their two labels.

    Raises:
        InputError: A label cannot be read, or the two differ in size.
    """
    for tile, pair in pairs:
        reference, other = (_read(path, pair.nodata, tile) for path in (pair.reference, pair.other))
        known = np.where(other == 0, np.uint8(0), reference)
        masks = _clear_and_hidden(tile)
        clear, hidden = (
            (None, None)
            if masks is None
            else (confusion_matrix(np.where(mask, known, np.uint8(0)), other) for mask in masks)
        )
        yield TileCounts(tile, confusion_matrix(known, other), clear, hidden)


def by_condition(counts: Sequence[TileCounts]) -> dict[str, Agreement]:
    """Compute the agreement over all pixels, without layover and shadow, in them, and by alignment error."""
    found = {"all": Agreement.of([each.every for each in counts])}
    clear = [each.clear for each in counts if each.clear is not None]
    hidden = [each.hidden for each in counts if each.hidden is not None]
    if clear:
        found["without layover and shadow"] = Agreement.of(clear)
        found["in layover or shadow"] = Agreement.of(hidden)
    for name, low, high in _bins():
        chosen = [each.every for each in counts if low <= _error(each.tile) < high]
        if chosen and any(each.tile.misalignment is not None for each in counts):
            found[name] = Agreement.of(chosen)
    return found


def _bins() -> list[tuple[str, float, float]]:
    ends = (0.0, *_LIMITS, np.inf)
    names = [f"alignment error under {_LIMITS[0]:g} px"]
    names += [f"alignment error {low:g} to {high:g} px" for low, high in pairwise(_LIMITS)]
    names.append(f"alignment error from {_LIMITS[-1]:g} px")
    return [(name, *limits) for name, limits in zip(names, pairwise(ends), strict=True)]


def _error(tile: Tile) -> float:
    return np.nan if tile.misalignment is None else tile.misalignment


def _read(path: Path, nodata: int | None, tile: Tile) -> NDArray[np.uint8]:
    label = read_label_file(path, nodata=nodata)
    if label.shape != tile.shape:
        there, here = (" x ".join(map(str, shape)) for shape in (label.shape, tile.shape))
        raise InputError(f"{path} has {there} pixels where tile {tile.name} has {here}; warp it to the tile")
    return label


def _clear_and_hidden(tile: Tile) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Read where a tile has neither layover nor shadow, and where it has one of them; None without masks."""
    if tile.masks is None:
        return None
    with open_raster(tile.masks) as dataset:
        require_tile(dataset, tile.masks)
        if dataset.shape != tile.shape or dataset.count != len(MASKS):
            raise InputError(f"{tile.masks} are no masks of tile {tile.name}; cut the tile again")
        bands = RasterPixels.first(dataset, len(MASKS)).values(Extent(0, 0, *dataset.shape))[2:]
    return (bands == 0).all(0), (bands == 1).any(0)
