"""The start of a run: description and weights of its network, and the weights of the classes."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from oemsar.dataset.tile import Tile
from oemsar.models.encoder_file import start_encoder
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from oemsar.models.transfer import Transfer, kept_normalisation, read_spec, start_network
from oemsar.train.class_weights import UNWEIGHTED, class_weights
from oemsar.train.config import TrainConfig
from oemsar.train.module import LandCoverModule
from oemsar.train.normalisation import estimate_normalisation
from oemsar.train.run_folder import RunStart
from oemsar.train.teachers import Teachers

log = logging.getLogger(__name__)


def find_start(config: TrainConfig, tiles: Sequence[Tile]) -> RunStart:
    """Find normalisation, class weights and, where there are such, the weights that a new run starts from.

    A network that starts from another keeps its normalisation of the inputs that both see.

    Args:
        config: Options of the training.
        tiles: Training tiles.

    Raises:
        InputError: The weights are of another structure, or an image or a label is wrong.
    """
    transfer = None if config.init is None else _transfer(config, config.init)
    mean, std = estimate_normalisation(tiles, config.modalities, config.seed)
    if config.init is not None:
        mean, std = kept_normalisation(read_spec(config.init), config.modalities, mean, std)
    if config.class_weights != UNWEIGHTED:
        log.info("Counting the classes in %d labels", len(tiles))
    return RunStart(_spec(config, mean, std), class_weights(config.class_weights, tiles), transfer)


def build_module(
    config: TrainConfig, start: RunStart, teachers: Teachers | None = None, *, from_scratch: bool
) -> LandCoverModule:
    """Build the network to train; weights to start from are read only where it starts from scratch.

    Raises:
        InputError: The network is not known, or the weights do not fit.
        Failure: Pretrained weights cannot be fetched.
    """
    torch.manual_seed(config.seed)
    network = build(start.spec, pretrained=config.pretrained and from_scratch)
    if config.encoder_weights is not None and from_scratch:
        start_encoder(network, config.encoder_weights)
    if config.init is not None and from_scratch:
        start_network(network, config.init)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return LandCoverModule(network, config, start.class_weights, teachers)


def _transfer(config: TrainConfig, source: Path) -> Transfer:
    """Find which weights fit, on a network of its own, before tiles are read."""
    channels = config.modalities.channels
    network = build(_spec(config, (0.0,) * channels, (1.0,) * channels))
    transfer = start_network(network, source)
    log.info("%s", transfer.describe(source, config.modalities))
    return transfer


def _spec(config: TrainConfig, mean: tuple[float, ...], std: tuple[float, ...]) -> ModelSpec:
    return ModelSpec(
        architecture=config.model,
        encoder=config.encoder,
        modalities=config.modalities,
        mean=mean,
        std=std,
        fusion=config.fusion,
    )
