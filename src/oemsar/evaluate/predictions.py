"""Class maps of labelled tiles, one after the other, beside their truth."""

import logging
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oemsar.dataset.pixels import read_images, read_label
from oemsar.dataset.table import Table, describe_table
from oemsar.dataset.tile import Tile, describe_lack
from oemsar.errors import InputError
from oemsar.inference.class_map import class_ids
from oemsar.inference.engine import Engine
from oemsar.inputs import Inputs

log = logging.getLogger(__name__)


class Predicted(NamedTuple):
    """Tile with its true and its predicted classes.

    Attributes:
        tile: Tile.
        truth: Class ids 0..8, uint8, shape (height, width).
        prediction: Class ids 1..8, uint8, of the same shape.
        probabilities: Probabilities of the eight classes, float32, shape (8, height, width).
    """

    tile: Tile
    truth: NDArray[np.uint8]
    prediction: NDArray[np.uint8]
    probabilities: NDArray[np.float32]


def scorable(tiles: Sequence[Tile], modalities: Inputs, split: str, table: Table) -> list[Tile]:
    """Choose the tiles of a split that have a label and the images a network sees.

    Raises:
        InputError: There is none; the table `source` is named.
    """
    labelled = [tile for tile in tiles if tile.label is not None]
    if not labelled:
        raise InputError(
            f"{describe_table(table)} has no label for any tile of split {split}; "
            "add labels or choose another split",
            option="split",
        )
    chosen = [tile for tile in labelled if tile.has(modalities)]
    if not chosen:
        raise InputError(
            f"{describe_table(table)} has no labelled tile of split {split} with the {modalities} imagery "
            f"this model sees{describe_lack(tiles, modalities)}; add the images or choose a model of other "
            "modalities"
        )
    if left_out := len(tiles) - len(chosen):
        log.warning(
            "%d of %d tiles of split %s are left out: no label or no %s imagery",
            left_out,
            len(tiles),
            split,
            modalities,
        )
    return chosen


def predict_tiles(tiles: Sequence[Tile], modalities: Inputs, engine: Engine) -> Iterator[Predicted]:
    """Predict `tiles` in their order; a few are in flight at once, none is kept.

    Raises:
        InputError: An image or a label is not as it must be, or they differ in size.
        Failure: The network gives something other than probabilities for a tile, which is named.
    """
    images = ((tile, read_images(tile, modalities)) for tile in tiles)
    for tile, probabilities in engine.stream_tagged(images, lambda tile: f"tile {tile.name}"):
        if probabilities is not None:
            prediction = class_ids(probabilities)
            yield Predicted(tile, _read_truth(tile, prediction.shape), prediction, probabilities)


def count_labels(tiles: Sequence[Tile]) -> dict[str, int]:
    """Count the tiles with a hand-made label and those with a pseudo label."""
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
