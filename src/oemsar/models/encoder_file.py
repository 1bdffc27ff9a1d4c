"""Encoder files: the weights of an encoder for one channel or for three colours, to start networks from."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from oemsar.errors import InputError
from oemsar.files import atomic_write
from oemsar.folders import require_own
from oemsar.inputs import Inputs
from oemsar.models.checkpoint import first_difference, read_tensors
from oemsar.models.finite import require_finite
from oemsar.models.first_convolution import adapted
from oemsar.models.fusion import ParallelEncoders
from oemsar.models.network import LandCoverNetwork
from oemsar.models.published_encoder import PublishedEncoder, published_encoder
from oemsar.models.timm_encoder import TimmEncoder, architecture_of, terms
from oemsar.models.weights_file import write_weights

log = logging.getLogger(__name__)

SUFFIX = ".safetensors"
_ENCODER = "oemsar.encoder"
"""Key of the encoder's name in the file's metadata."""
_LICENCE = "oemsar.licence"
"""Key of the terms of use in the file's metadata."""


def write_encoder(encoder: PublishedEncoder, path: Path) -> None:
    """Write an encoder for one channel or for three to an encoder file.

    Raises:
        InputError: The path is that of another file, or its folder cannot be written to.
    """
    require_own([path], _is_encoder, "an encoder file")
    metadata = {_ENCODER: encoder.name}
    if encoder.licence is not None:
        metadata[_LICENCE] = encoder.licence
    with atomic_write(path) as partial:
        write_weights(encoder.weights, partial, metadata)


def _is_encoder(path: Path) -> bool:
    """Tell whether a file says that it is an encoder file."""
    try:
        with safe_open(path, framework="pt") as file:
            return _ENCODER in (file.metadata() or {})
    except (OSError, SafetensorError):
        return False


def start_encoder(network: LandCoverNetwork, path: Path) -> None:
    """Load an encoder file or a published network into the encoder, or into each encoder, of a network.

    The first convolution is adapted to the channels of the encoder so that a grey image, the same in every
    channel, gives the features it gave; see `oemsar.models.first_convolution.adapt_channels`. The terms of
    use are logged where they are known.

    Raises:
        InputError: The file is neither, or holds another encoder.
    """
    body: Any = network.body
    encoders = (
        [
            (body.encoder.encoder_of(name), network.spec.modalities.only(name))
            for name in body.encoder.inputs.names
        ]
        if isinstance(body.encoder, ParallelEncoders)
        else [(body.encoder, network.spec.modalities)]
    )
    of_timm = isinstance(encoders[0][0], TimmEncoder)
    published = _read_encoder(path, network.spec.encoder if of_timm else "")
    if architecture_of(published.name) != architecture_of(network.spec.encoder):
        raise InputError(
            f"{path} holds the encoder {published.name}, not {network.spec.encoder}; choose that encoder or "
            "another file",
            option=("encoder", "encoder_weights"),
        )
    for encoder, inputs in encoders:
        _load(encoder, published.weights, inputs, path)
    if published.licence is not None:
        log.warning("%s: %s", path, terms(published.licence))


def _load(encoder: nn.Module, weights: Mapping[str, Tensor], inputs: Inputs, path: Path) -> None:
    own = encoder.state_dict()
    fitting = adapted(weights, own, inputs)
    difference = first_difference(own, fitting)
    if difference is not None:
        raise InputError(
            f"{path} is damaged or of another model's encoder ({difference}); make it again with "
            "`oemsar models import`"
        )
    # encoders of segmentation-models-pytorch override load_state_dict, each in its own way
    nn.Module.load_state_dict(encoder, fitting)


def _read_encoder(path: Path, expected: str) -> PublishedEncoder:
    """Read an encoder file, or the encoder of a published network.

    Args:
        path: File.
        expected: Name of the encoder of timm that it is for; empty for other networks.
    """
    if not path.is_file():
        raise InputError(f"encoder file {path} does not exist; make it with `oemsar models import`")
    if not _is_encoder(path):
        return published_encoder(read_tensors(path), path, expected)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"{path} cannot be read as an encoder file; make one with `oemsar models import`"
        ) from error
    require_finite(weights, path)
    return PublishedEncoder(metadata[_ENCODER], weights, metadata.get(_LICENCE))
