"""Teachers: trained networks whose answers on the same ground are soft targets of another one."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from oemsar.dataset.tile import Tile, describe_lack
from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.models.network import LandCoverNetwork
from oemsar.models.saved import load_model
from oemsar.train.config import TrainConfig
from oemsar.train.crops import Batch
from oemsar.train.lesson import Lesson
from oemsar.train.loss_input import Sum

log = logging.getLogger(__name__)

_TINY = 1e-12
"""Probability of which a logarithm is taken where there is none; below what float32 tells from 1."""


class Teachers:
    """Networks in evaluation mode, whose probabilities are averaged.

    They are no module of the network in training, so that neither its weights nor its checkpoints hold them.

    Args:
        networks: Networks, at least one.
        temperature: Temperature of the probabilities, above 0.

    Attributes:
        inputs: Inputs of all networks together.
        temperature: Temperature of the probabilities.
    """

    def __init__(self, networks: Sequence[LandCoverNetwork], temperature: float) -> None:
        self._networks = [network.eval().requires_grad_(False) for network in networks]
        self.temperature = temperature
        self.inputs = Inputs.joined(network.spec.modalities for network in networks)

    def lesson(self, config: TrainConfig) -> Lesson:
        """Describe what the networks see of a sample."""
        needs = tuple((each.spec.modalities, each.spec.takes_any) for each in self._networks)
        return Lesson(self.inputs, needs, config.teacher_weight, config.teacher_reach)

    @torch.no_grad()
    def probabilities(self, images: Tensor, valid: Tensor) -> Tensor:
        """Compute the mean of softmax(logits / temperature) over the networks.

        Args:
            images: Channels of `inputs` in their own units, shape (batch, channels, height, width).
            valid: Pixels where each input carries data, bool, shape (batch, inputs, height, width).

        Returns:
            Probabilities, float32, shape (batch, 8, height, width).
        """
        answers = []
        for network in self._networks:
            network.to(device=images.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            own = network.spec.modalities
            channels = [images[:, self.inputs.slice_of(name)] for name in own.names]
            there = [valid[:, index : index + 1] for index in map(self.inputs.names.index, own.names)]
            seen = torch.cat(channels, 1).contiguous(memory_format=torch.channels_last)
            logits = network(seen, torch.cat(there, 1))
            answers.append((logits.float() / self.temperature).softmax(1))
        return torch.stack(answers).mean(0)

    def teach(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Compute the answers on a batch, and their weight in each pixel.

        Returns:
            Probabilities, shape (batch, 8, height, width), and weights 0..1, shape (batch, height, width), 0
            where no input carries data.
        """
        valid = batch["taught_valid"]
        weight = batch["taught_weight"][:, None, None] * valid.any(1)
        return self.probabilities(batch["taught"], valid), weight


def find_teachers(config: TrainConfig, tiles: Sequence[Tile], source: str) -> Teachers | None:
    """Read the teachers of a run and check that they see its training tiles; None where there are none.

    Args:
        config: Options of the training.
        tiles: Training tiles.
        source: Name of the table, for sentences.

    Raises:
        InputError: A model cannot be read, is of another legend, or sees an input that no tile has.
    """
    if not config.teacher:
        return None
    networks = [_read(path) for path in config.teacher]
    for path, network in zip(config.teacher, networks, strict=True):
        needed = network.spec.modalities
        if not any(_sees(network, tile) for tile in tiles):
            raise InputError(
                f"{source} has no training tile with {needed} imagery, which {path} sees"
                f"{describe_lack(tiles, needed)}; add it or choose another teacher",
                option="teacher",
            )
    try:
        teachers = Teachers(networks, config.teacher_temperature)
    except InputError as error:
        raise InputError(error.sentence, option="teacher") from error
    lesson = teachers.lesson(config)
    seen = [tile for tile in tiles if lesson.is_seen(tile)]
    if not seen:
        raise InputError(
            f"{source} has no training tile that every teacher sees; name fewer", option="teacher"
        )
    measured = sum(tile.misalignment is not None for tile in seen)
    log.info(
        "%d of the %d training tiles are taught, the misalignment of %d is measured; the mean weight is %.3f",
        len(seen),
        len(tiles),
        measured,
        sum(lesson.weight_of(tile) for tile in tiles) / len(tiles),
    )
    return teachers


def taught_loss(
    label_loss: Tensor, logits: Tensor, taught: tuple[Tensor, Tensor], temperature: float, total: Sum
) -> Tensor:
    """Mix the loss of the labels with the divergence from the teachers (Hinton et al. 2015).

    With w the weight of a pixel, q the teachers' probabilities and p = softmax(logits / T),

    loss = (1 - mean w) label_loss + mean(w T^2 sum q log(q / p))

    with means over the pixels of the batch, known or not. The factor T^2 keeps the size of the gradient
    whatever the temperature.

    Args:
        label_loss: Loss of the labels, a scalar.
        logits: Logits in training, shape (batch, 8, height, width).
        taught: Probabilities and weights, as `Teachers.teach` gives them.
        temperature: Temperature T of the probabilities.
        total: Function that adds sums up over the processes that share the batch.
    """
    probabilities, weight = taught
    log_p = (logits.float() / temperature).log_softmax(1)
    log_q = probabilities.clamp_min(_TINY).log()
    divergence = temperature**2 * (probabilities * (log_q - log_p)).sum(1)
    pixels = torch.full_like(weight, 1.0)
    diverging, weights, count = total(torch.stack([(weight * divergence).sum(), weight.sum(), pixels.sum()]))
    mixed: Tensor = (1 - weights / count) * label_loss + diverging / count
    return mixed


def _read(path: Path) -> LandCoverNetwork:
    try:
        return load_model(path)
    except InputError as error:
        raise InputError(error.sentence, option="teacher") from error


def _sees(network: LandCoverNetwork, tile: Tile) -> bool:
    inputs = network.spec.modalities
    return tile.has_any(inputs) if network.spec.takes_any else tile.has(inputs)
