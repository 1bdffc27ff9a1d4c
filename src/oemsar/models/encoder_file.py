"""Encoder files: the weights of an encoder for red, green and blue, to start networks from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from oemsar.errors import InputError
from oemsar.files import atomic_write
from oemsar.folders import require_own
from oemsar.inputs import Inputs
from oemsar.models.checkpoint import first_difference
from oemsar.models.finite import require_finite
from oemsar.models.fusion import ParallelEncoders
from oemsar.models.network import LandCoverNetwork
from oemsar.models.vmamba.weights import adapt_channels

SUFFIX = ".safetensors"
_ENCODER = "oemsar.encoder"
"""Key of the encoder's name in the file's metadata."""


def write_encoder(name: str, weights: Mapping[str, Tensor], path: Path) -> None:
    """Write the weights of an encoder for three channels to an encoder file.

    Raises:
        InputError: The path is that of another file, or its folder cannot be written to.
    """
    require_own([path], _is_encoder, "an encoder file")
    with atomic_write(path) as partial:
        save_file({key: value.contiguous() for key, value in weights.items()}, partial, {_ENCODER: name})


def _is_encoder(path: Path) -> bool:
    """Tell whether a file says that it is an encoder file."""
    try:
        with safe_open(path, framework="pt") as file:
            return _ENCODER in (file.metadata() or {})
    except (OSError, SafetensorError):
        return False


def start_encoder(network: LandCoverNetwork, path: Path) -> None:
    """Load an encoder file into the encoder of a network, or into each of its encoders.

    The first convolution is adapted to the channels of the encoder so that a grey image, the same in every
    channel, gives the features it gave in three colours; see `adapt_channels`.

    Raises:
        InputError: The file is no encoder file, or holds another encoder.
    """
    name, weights = _read_encoder(path)
    if name != network.spec.encoder:
        raise InputError(
            f"{path} holds the encoder {name}, not {network.spec.encoder}; choose that encoder or another "
            "file",
            option=("encoder", "encoder_weights"),
        )
    body: Any = network.body
    if isinstance(body.encoder, ParallelEncoders):
        for name in network.spec.modalities.names:
            _load(body.encoder.encoder_of(name), weights, network.spec.modalities.only(name), path)
    else:
        _load(body.encoder, weights, network.spec.modalities, path)


def _load(encoder: nn.Module, weights: Mapping[str, Tensor], inputs: Inputs, path: Path) -> None:
    own = encoder.state_dict()
    first = next((name for name, value in own.items() if value.ndim == 4), "")
    adapted = dict(weights)
    if first in weights and weights[first].ndim == 4:
        adapted[first] = adapt_channels(weights[first], inputs.channels, inputs)
    difference = first_difference(own, adapted)
    if difference is not None:
        raise InputError(f"{path} is damaged ({difference}); make it again with `oemsar models import`")
    # encoders of segmentation-models-pytorch override load_state_dict, each in its own way
    nn.Module.load_state_dict(encoder, adapted)


def _read_encoder(path: Path) -> tuple[str, dict[str, Tensor]]:
    """Read name and weights of the encoder in a file."""
    if not path.is_file():
        raise InputError(f"encoder file {path} does not exist; make it with `oemsar models import`")
    try:
        with safe_open(path, framework="pt") as file:
            name = (file.metadata() or {}).get(_ENCODER)
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"{path} cannot be read as an encoder file; make one with `oemsar models import`"
        ) from error
    require_finite(weights, path)
    if name is None:
        raise InputError(f"{path} does not say which encoder it holds; make one with `oemsar models import`")
    return name, weights
