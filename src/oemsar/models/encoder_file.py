"""Encoder files: the weights of an encoder for red, green and blue, to start networks from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from oemsar.dataset.tile import Modalities
from oemsar.errors import InputError
from oemsar.files import replacing
from oemsar.models.checkpoint import first_difference
from oemsar.models.fusion import DualEncoder
from oemsar.models.network import LandCoverNetwork

SUFFIX = ".safetensors"
_ENCODER = "oemsar.encoder"
"""Key of the encoder's name in the file's metadata."""


def write_encoder(name: str, weights: Mapping[str, Tensor], path: Path) -> None:
    """Write the weights of the encoder `name`, made for three channels, to `path`."""
    with replacing(path) as partial:
        save_file({key: value.contiguous() for key, value in weights.items()}, partial, {_ENCODER: name})


def start_encoder(network: LandCoverNetwork, path: Path) -> None:
    """Give the encoder of `network`, or each of its two, the weights in the encoder file at `path`.

    The first convolution is adapted to the channels of the encoder; see `adapt_channels`.

    Raises:
        InputError: the file is no encoder file, or holds another encoder.
    """
    name, weights = _read_encoder(path)
    if name != network.spec.encoder:
        raise InputError(
            f"{path} holds the encoder {name}, not {network.spec.encoder}; choose --encoder {name} "
            "or another --encoder-weights"
        )
    body: Any = network.body
    if isinstance(body.encoder, DualEncoder):
        _load(body.encoder.sar, weights, Modalities.SAR, path)
        _load(body.encoder.optical, weights, Modalities.OPTICAL, path)
    else:
        _load(body.encoder, weights, network.spec.modalities, path)


def adapt_channels(weight: Tensor, modalities: Modalities) -> Tensor:
    """The first convolution of an encoder for red, green and blue, made one for `modalities`.

    A grey image, the same in every channel, gives what it gave in three colours: radar alone gets the sum
    over the colours; radar stacked before the colours gets their mean, and all four are scaled by 3/4.

    Args:
        weight: shape (outputs, 3, height, width).
        modalities: of the new convolution.

    Returns:
        Shape (outputs, channels of `modalities`, height, width).
    """
    if modalities is Modalities.OPTICAL:
        return weight
    if modalities is Modalities.SAR:
        return weight.sum(1, keepdim=True)
    return 0.75 * torch.cat([weight.mean(1, keepdim=True), weight], 1)


def _load(encoder: nn.Module, weights: Mapping[str, Tensor], modalities: Modalities, path: Path) -> None:
    own = encoder.state_dict()
    first = next((name for name, value in own.items() if value.ndim == 4), "")
    adapted = dict(weights)
    if first in weights and weights[first].ndim == 4 and weights[first].shape[1] == 3:
        adapted[first] = adapt_channels(weights[first], modalities)
    difference = first_difference(own, adapted)
    if difference is not None:
        raise InputError(f"{path} is damaged: {difference}")
    # encoders of segmentation-models-pytorch override load_state_dict, each in its own way
    nn.Module.load_state_dict(encoder, adapted)


def _read_encoder(path: Path) -> tuple[str, dict[str, Tensor]]:
    """Name and weights of the encoder in the file at `path`."""
    try:
        with safe_open(path, framework="pt") as file:
            name = (file.metadata() or {}).get(_ENCODER)
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"{path} cannot be read as an encoder file; make one with `oemsar models import`"
        ) from error
    if name is None:
        raise InputError(f"{path} does not say which encoder it holds; make one with `oemsar models import`")
    return name, weights
