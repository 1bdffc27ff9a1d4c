"""The tiles that a run trains and validates on, each with the label it trains with."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from oemsar.config_file import Value
from oemsar.dataset.label_regime import Regime
from oemsar.dataset.manifests import manifest_tiles
from oemsar.dataset.regimes import training_tiles, validation_tiles
from oemsar.dataset.tile import Tile, describe_lack
from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.train.config import TrainConfig
from oemsar.train.targets import trains_on_pseudo

log = logging.getLogger(__name__)


class TilesSummary(Value):
    """The tiles of a run in numbers, and a checksum of their names and labels."""

    train: int
    """Number of training tiles."""
    train_real_labels: int
    """Number of training tiles with a hand-made label."""
    val: int
    """Number of validation tiles."""
    unlabelled: int = 0
    """Number of tiles that the network labels itself."""
    sha256: str
    """Checksum over use, name and kind of label of each tile."""


class RunTiles(NamedTuple):
    """The tiles of a run.

    Attributes:
        phases: Training tiles of each phase.
        validation: Tiles to validate on; may be empty.
        unlabelled: Tiles that the network labels itself in each phase; empty without self-training.
    """

    phases: list[list[Tile]]
    validation: list[Tile]
    unlabelled: list[list[Tile]]

    @property
    def training(self) -> list[Tile]:
        """Training tiles of all phases, each once with each label that it trains with."""
        return each_once(self.phases)

    @property
    def every(self) -> list[Tile]:
        """Tiles of the run whose files are read."""
        return [*self.training, *self.validation, *each_once(self.unlabelled)]

    @property
    def summary(self) -> TilesSummary:
        """Summary for the record of the run."""
        training = [tile for phase in self.phases for tile in phase]
        return describe_tiles(training, self.validation, each_once(self.unlabelled))


def run_tiles(tiles: Sequence[Tile], config: TrainConfig, source: str) -> RunTiles:
    """Choose the tiles of a run: to train and to validate on, and those that a network labels itself.

    The latter are the tiles of split train that have the imagery and no label that the phase trains with.

    Args:
        tiles: Whole table, in its order.
        config: Options of the training.
        source: Name of the table, for sentences.

    Raises:
        InputError: No tile can be trained on, what was chosen does not suffice, or self-training has no tile.
    """
    phases, validation = usable_tiles(tiles, config, source)
    if not config.self_training:
        return RunTiles(phases, validation, [])
    unlabelled = []
    for phase in phases:
        labelled = {tile.name for tile in phase}
        rest = [tile for tile in tiles if tile.split == "train" and tile.name not in labelled]
        unlabelled.append([_bare(tile) for tile in rest if _sees(tile, config)])
    if not any(unlabelled):
        raise InputError(
            f"{source} has no tile of split train with {config.modalities} imagery whose label is not "
            "trained with; add some or leave the option out",
            option="self_training",
        )
    log.info(
        "Self-training on %s tiles without labels", " and then ".join(str(len(each)) for each in unlabelled)
    )
    return RunTiles(phases, validation, unlabelled)


def _bare(tile: Tile) -> Tile:
    return replace(tile, pseudo_label=None, real_label=None)


def usable_tiles(
    tiles: Sequence[Tile], config: TrainConfig, source: str
) -> tuple[list[list[Tile]], list[Tile]]:
    """Choose the tiles to train and to validate on: those with a label and the imagery of the network.

    A network that takes any subset of its inputs sees tiles that have one of them or more.

    Without a regime these are the splits `train` and `val`, each tile with its hand-made label where it has
    one. With a regime they are its tiles, and the hand-labelled tiles of split val that no phase trains on.

    Args:
        tiles: Whole table, in its order.
        config: Options of the training.
        source: Name of the table, for sentences.

    Returns:
        Training tiles of each phase, and validation tiles; of the latter there may be none.

    Raises:
        InputError: A manifest is wrong, no tile can be trained on, or the table does not have the labels of
            the regime, or the imagery of a hand-labelled tile of it.
    """
    phases = [_training(tiles, phase.regime, config, source) for phase in config.phases]
    if config.regime is None:
        validation = [tile for tile in tiles if tile.split == "val"]
    else:
        validation = validation_tiles(tiles, [tile for chosen, _ in phases for tile in chosen])
    training = [usable for _, usable in phases]
    validation = _usable(config, validation, "to validate on")
    if config.takes_any:
        _require_every_input(each_once(training), config.modalities, source)
    for column, option in (("confidence", "confidence_weights"), ("soft_label", "soft_labels")):
        if getattr(config, option):
            _require_beside(each_once(training), column, option, source)
    if not validation:
        log.warning(
            "%s has no tile of split val with a label and %s imagery%s: nothing is validated, and the model "
            "of the last step is kept",
            source,
            config.modalities,
            "" if config.regime is None else " that is not trained on",
        )
    return training, validation


def each_once(phases: Sequence[Sequence[Tile]]) -> list[Tile]:
    """Give each tile of all phases once, twice where it trains with two labels, in their order."""
    tiles = {(tile.name, tile.label): tile for phase in phases for tile in phase}
    return list(tiles.values())


def describe_tiles(
    training: Sequence[Tile], validation: Sequence[Tile], unlabelled: Sequence[Tile] = ()
) -> TilesSummary:
    """Sum up the tiles of a run for its record."""
    lines = [
        f"{use} {tile.name} {'real' if tile.real_label is not None else 'pseudo'}\n"
        for use, tiles in (("train", training), ("val", validation), ("unlabelled", unlabelled))
        for tile in tiles
    ]
    return TilesSummary(
        train=len(training),
        train_real_labels=sum(tile.real_label is not None for tile in training),
        val=len(validation),
        unlabelled=len(unlabelled),
        sha256=hashlib.sha256("".join(lines).encode()).hexdigest(),
    )


def _training(
    tiles: Sequence[Tile], regime: Regime | None, config: TrainConfig, source: str
) -> tuple[list[Tile], list[Tile]]:
    """Choose the tiles of a phase, and those of them that have what the network needs.

    Raises:
        InputError: There is none of the latter.
    """
    if regime is None:
        chosen, which = [tile for tile in tiles if tile.split == "train"], "of split train"
    else:
        chosen, which = _of_regime(tiles, regime, config, source), f"of regime {regime.value}"
    usable = _usable(config, chosen, which)
    if not usable:
        raise InputError(
            f"{source} has no tile of split train with a label and {config.modalities} imagery"
            f"{describe_lack(tiles, config.modalities)}; add some or choose other modalities",
            option="modalities",
        )
    return chosen, usable


def _of_regime(tiles: Sequence[Tile], regime: Regime, config: TrainConfig, source: str) -> list[Tile]:
    if config.manifests is not None:
        chosen = manifest_tiles(tiles, regime, config.manifests)
    else:
        try:
            chosen = training_tiles(tiles, regime)
        except InputError as error:
            raise InputError(
                f"{source} does not suffice for regime {regime.value}: {error.sentence}; or choose "
                "another regime",
                option="regime",
            ) from error
    for tile in chosen:
        if tile.real_label is not None and not _sees(tile, config):
            raise InputError(
                f"{source} has no {config.modalities} imagery of tile {tile.name}, which regime "
                f"{regime.value} trains on; add it or choose other modalities",
                option="modalities",
            )
    return chosen


def _usable(config: TrainConfig, tiles: Sequence[Tile], which: str) -> list[Tile]:
    usable = [tile for tile in tiles if tile.label is not None and _sees(tile, config)]
    if config.takes_any:
        _tell_of_lacks(usable, config.modalities, which)
    if 0 < len(usable) < len(tiles):
        log.info(
            "%d of the %d tiles %s have a label and %s imagery; the others are left out",
            len(usable),
            len(tiles),
            which,
            config.modalities,
        )
    return usable


def _sees(tile: Tile, config: TrainConfig) -> bool:
    """Tell whether a tile has what the network of a run needs of it."""
    return tile.has_any(config.modalities) if config.takes_any else tile.has(config.modalities)


def _tell_of_lacks(tiles: Sequence[Tile], inputs: Inputs, which: str) -> None:
    """Tell how many tiles lack an input and are used all the same."""
    for name in inputs.names:
        lacking = sum(name not in tile.inputs for tile in tiles)
        if lacking:
            log.info(
                "%d of the %d tiles %s have no %s, and are used without", lacking, len(tiles), which, name
            )


def _require_beside(tiles: Sequence[Tile], column: str, option: str, source: str) -> None:
    """Check that pseudo labels have a file beside them, and tell how many have none.

    Raises:
        InputError: None has one.
    """
    pseudo = [tile for tile in tiles if trains_on_pseudo(tile)]
    lacking = sum(getattr(tile, column) is None for tile in pseudo)
    if lacking == len(pseudo):
        raise InputError(
            f"{source} has no training tile with a pseudo label and a file in the column {column}; add it or "
            "leave the option out",
            option=option,
        )
    if lacking:
        log.info(
            "%d of the %d pseudo labels have no %s, and are taken as they are", lacking, len(pseudo), column
        )


def _require_every_input(tiles: Sequence[Tile], inputs: Inputs, source: str) -> None:
    """Check that the network sees each of its inputs in training.

    Raises:
        InputError: No tile has one of them.
    """
    if lack := describe_lack(tiles, inputs):
        raise InputError(
            f"{source} has no training tile with each input of {inputs}{lack}; add it or choose other "
            "modalities",
            option="modalities",
        )
