"""Which tiles of the table a run trains and validates on, and with which label."""

import hashlib
import logging
from collections.abc import Sequence
from typing import Any

from oemsar.dataset.manifests import manifest_tiles
from oemsar.dataset.regimes import training_tiles, validation_tiles
from oemsar.dataset.table import read_table
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.train.config import TrainConfig

log = logging.getLogger(__name__)


def usable_tiles(config: TrainConfig) -> tuple[list[Tile], list[Tile]]:
    """Tiles to train and to validate on: those with a label and the imagery asked for.

    Without a regime these are the splits `train` and `val`, each tile with its hand-made label where it has
    one. With a regime they are its tiles, and the hand-labelled tiles of split val that it does not train on.

    Raises:
        InputError: the table or a manifest is wrong, no tile can be trained on, or the table does not have
            the labels of the regime, or the imagery of a hand-labelled tile of it.
    """
    tiles = read_table(config.data)
    if config.regime is None:
        training = _usable(config, [tile for tile in tiles if tile.split == "train"], "of split train")
        validation = [tile for tile in tiles if tile.split == "val"]
    else:
        training = _of_regime(config, tiles)
        validation = validation_tiles(tiles, training)
        training = _usable(config, training, f"of regime {config.regime.value}")
    validation = _usable(config, validation, "to validate on")
    if not training:
        raise InputError(
            f"{config.data} has no tile of split train with a label and {config.modalities.value} imagery; "
            "add some or choose other --modalities"
        )
    if not validation:
        log.warning(
            "%s has no tile of split val with a label and %s imagery%s: nothing is validated, and the model "
            "of the last step is kept",
            config.data,
            config.modalities.value,
            "" if config.regime is None else " that is not trained on",
        )
    return training, validation


def describe_tiles(training: Sequence[Tile], validation: Sequence[Tile]) -> dict[str, Any]:
    """What a run's record keeps of its tiles: their numbers, and a checksum of their names and labels."""
    lines = [
        f"{use} {tile.name} {'real' if tile.real_label is not None else 'pseudo'}\n"
        for use, tiles in (("train", training), ("val", validation))
        for tile in tiles
    ]
    return {
        "train": len(training),
        "train_real_labels": sum(tile.real_label is not None for tile in training),
        "val": len(validation),
        "sha256": hashlib.sha256("".join(lines).encode()).hexdigest(),
    }


def _of_regime(config: TrainConfig, tiles: Sequence[Tile]) -> list[Tile]:
    regime, folder = config.regime, config.manifests
    if regime is None:
        raise ValueError("the run has no regime")
    if folder is not None:
        chosen = manifest_tiles(tiles, regime, folder)
    else:
        try:
            chosen = training_tiles(tiles, regime)
        except InputError as error:
            raise InputError(f"{config.data} does not suffice for regime {regime.value}: {error}") from error
    for tile in chosen:
        if tile.real_label is not None and not tile.has(config.modalities):
            raise InputError(
                f"{config.data} has no {config.modalities.value} imagery of tile {tile.name}, which regime "
                f"{regime.value} trains on; add it or choose other --modalities"
            )
    return chosen


def _usable(config: TrainConfig, tiles: Sequence[Tile], which: str) -> list[Tile]:
    usable = [tile for tile in tiles if tile.label is not None and tile.has(config.modalities)]
    if 0 < len(usable) < len(tiles):
        log.info(
            "%d of the %d tiles %s have a label and %s imagery; the others are left out",
            len(usable),
            len(tiles),
            which,
            config.modalities.value,
        )
    return usable
