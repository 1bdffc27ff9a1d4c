"""Class maps of labelled tiles, one after the other, beside their truth."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oemsar.dataset.pixels import read_images, read_label
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.inference.class_map import class_ids
from oemsar.inference.engine import Engine
from oemsar.modalities import Modalities

log = logging.getLogger(__name__)


class Predicted(NamedTuple):
    """A tile with what it is and what it was taken for.

    Attributes:
        tile: the tile.
        truth: class ids 0..8, uint8, shape (height, width).
        prediction: class ids 1..8, uint8, of the same shape.
    """

    tile: Tile
    truth: NDArray[np.uint8]
    prediction: NDArray[np.uint8]


def scorable(tiles: Sequence[Tile], modalities: Modalities, split: str, data: Path) -> list[Tile]:
    """The tiles of a split that have a label and the images a network sees.

    Raises:
        InputError: there is none; the table `data` is named.
    """
    labelled = [tile for tile in tiles if tile.label is not None]
    if not labelled:
        raise InputError(
            f"{data} has no label for any tile of split {split}; add labels or choose another split"
        )
    chosen = [tile for tile in labelled if tile.has(modalities)]
    if not chosen:
        raise InputError(
            f"{data} has no labelled tile of split {split} with the {modalities.value} imagery this model "
            "sees; add the images or choose a model of other modalities"
        )
    if left_out := len(tiles) - len(chosen):
        log.warning(
            "%d of %d tiles of split %s are left out: no label or no %s imagery",
            left_out,
            len(tiles),
            split,
            modalities.value,
        )
    return chosen


def predict_tiles(tiles: Sequence[Tile], modalities: Modalities, engine: Engine) -> Iterator[Predicted]:
    """Predict `tiles` in their order; a few are in flight at once, none is kept.

    Raises:
        InputError: an image or a label is not as it must be, or they differ in size.
    """
    stream = engine.stream(read_images(tile, modalities) for tile in tiles)
    for tile, probabilities in zip(tiles, stream, strict=True):
        prediction = class_ids(probabilities)
        yield Predicted(tile, _read_truth(tile, prediction.shape), prediction)


def count_labels(tiles: Sequence[Tile]) -> dict[str, int]:
    """How many of `tiles` are scored against a hand-made and how many against a pseudo label."""
    real = sum(tile.real_label is not None for tile in tiles)
    return {"real": real, "pseudo": len(tiles) - real}


def _read_truth(tile: Tile, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    truth = read_label(tile)
    if truth.shape != shape:
        raise InputError(
            f"{tile.label} has {_pixels(truth.shape)} pixels where the images of tile {tile.name} have "
            f"{_pixels(shape)}; run `oemsar data verify`"
        )
    return truth


def _pixels(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
