"""Class maps of labelled tiles, one after the other, beside their truth."""

import logging
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Imagery
from oemsar.dataset.pixels import read_available, read_images, read_label
from oemsar.dataset.table import Table, describe_table
from oemsar.dataset.tile import Tile, describe_lack
from oemsar.errors import InputError
from oemsar.inference.class_map import class_ids
from oemsar.inference.engine import Engine
from oemsar.inputs import Inputs
from oemsar.masked import MaskedImage, all_subsets, spread
from oemsar.models.joint import JointSpec

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


def scorable(
    tiles: Sequence[Tile], modalities: Inputs, split: str, table: Table, *, takes_any: bool = False
) -> list[Tile]:
    """Choose the tiles of a split that have a label and the images a network sees.

    Args:
        tiles: Tiles of the split.
        modalities: Inputs that the network is given.
        split: Split, for sentences.
        table: Table of the tiles, for sentences.
        takes_any: Whether one of the inputs suffices.

    Raises:
        InputError: There is none; the table is named.
    """
    labelled = [tile for tile in tiles if tile.label is not None]
    if not labelled:
        raise InputError(
            f"{describe_table(table)} has no label for any tile of split {split}; "
            "add labels or choose another split",
            option="split",
        )
    chosen = [tile for tile in labelled if (tile.has_any if takes_any else tile.has)(modalities)]
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


def scorable_by_all(
    tiles: Sequence[Tile], given: Inputs, spec: JointSpec, split: str, table: Table
) -> list[Tile]:
    """Choose the tiles of a split that have a label and, for every one of some networks, what it sees.

    Args:
        tiles: Tiles of the split.
        given: Inputs that the networks are given.
        spec: Inputs of the networks.
        split: Split, for sentences.
        table: Table of the tiles, for sentences.

    Raises:
        InputError: There is none; the table is named.
    """
    chosen = [*tiles]
    for each in spec.specs:
        seen = Inputs(tuple(part for part in given if part.name in each.modalities))
        chosen = scorable(chosen, seen, split, table, takes_any=each.takes_any)
    return chosen


def predict_tiles(tiles: Sequence[Tile], modalities: Inputs, engine: Engine) -> Iterator[Predicted]:
    """Predict `tiles` in their order; a few are in flight at once, none is kept.

    Args:
        tiles: Tiles, each with all of `modalities`, or any of them for a network that takes any subset.
        modalities: Inputs that the network is given: all that it sees, or a subset.
        engine: Network made ready.

    Raises:
        InputError: An image or a label is not as it must be, or they differ in size.
        Failure: The network gives something other than probabilities for a tile, which is named.
    """
    images = ((tile, read_for(tile, modalities, engine)) for tile in tiles)
    for tile, probabilities in engine.stream_tagged(images, lambda tile: f"tile {tile.name}"):
        if probabilities is not None:
            prediction = class_ids(probabilities)
            yield Predicted(tile, _read_truth(tile, prediction.shape), prediction, probabilities)


def predict_subsets(tiles: Sequence[Tile], engine: Engine) -> Iterator[tuple[Inputs, Predicted]]:
    """Predict `tiles` from every subset of the inputs that they have, each read once.

    Args:
        tiles: Tiles, each with some of the inputs that the network sees.
        engine: Network that takes any subset of its inputs, made ready.

    Yields:
        Inputs that the network was given, and the tile; the smaller subsets of a tile first.

    Raises:
        InputError: An image or a label is not as it must be, or they differ in size.
        Failure: The network gives something other than probabilities for a tile, which is named.
    """
    former: Predicted | None = None
    images = _subsets(tiles, engine.spec.modalities)
    for (tile, used), probabilities in engine.stream_tagged(images, lambda tag: f"tile {tag[0].name}"):
        if probabilities is not None:
            prediction = class_ids(probabilities)
            same = former is not None and former.tile is tile
            truth = former.truth if former is not None and same else _read_truth(tile, prediction.shape)
            former = Predicted(tile, truth, prediction, probabilities)
            yield used, former


def _subsets(
    tiles: Sequence[Tile], inputs: Inputs
) -> Iterator[tuple[tuple[Tile, Inputs], Imagery | MaskedImage | None]]:
    for tile in tiles:
        image = read_available(tile, inputs)
        there = Inputs(tuple(part for part in inputs if part.name in tile.inputs))
        for used in all_subsets(there):
            yield (tile, used), image.only(inputs, used)


def read_for(tile: Tile, modalities: Inputs, engine: Engine) -> Imagery | MaskedImage:
    """Read what a network is given of a tile.

    Args:
        tile: Tile with all of `modalities`, or any of them for a network that takes any subset.
        modalities: Inputs that the network is given: all that it sees, or a subset.
        engine: Network made ready.

    Raises:
        InputError: An image is not as it must be.
    """
    if not engine.spec.takes_any:
        return read_images(tile, modalities)
    image = read_available(tile, modalities)
    if modalities == engine.spec.modalities:
        return image
    return spread(image.pixels, modalities, engine.spec.modalities, image.valid)


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
