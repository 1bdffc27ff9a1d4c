"""Encoders of published networks, whichever library or authors saved them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from oemsar.errors import InputError
from oemsar.models.mit import is_mit, mit_encoder
from oemsar.models.timm_encoder import is_timm_encoder
from oemsar.models.timm_file import licence_of, timm_encoder, timm_name_of
from oemsar.models.vmamba.classifier_file import is_vmamba, vmamba_encoder


@dataclass(frozen=True)
class PublishedEncoder:
    """An encoder for one channel or for three colours, and where it may be used.

    Attributes:
        name: Name of the encoder, as the architecture's library calls it.
        weights: Weights under the names of the encoder here.
        licence: Terms of its use, where they are known.
    """

    name: str
    weights: Mapping[str, Tensor]
    licence: str | None = None


def published_encoder(tensors: Mapping[str, Tensor], path: Path, name: str = "") -> PublishedEncoder:
    """Take the encoder out of a published network.

    Args:
        tensors: Weights under their published names.
        path: File of the tensors; its name may be that of an encoder of timm.
        name: Name of an encoder of timm that the file holds; empty to tell by tensors and name.

    Raises:
        InputError: The tensors are of no known network, or of another than the name says.
    """
    if not is_timm_encoder(name):
        if is_mit(tensors):
            return PublishedEncoder(*mit_encoder(tensors, path))
        if is_vmamba(tensors):
            return PublishedEncoder(*vmamba_encoder(tensors, path))
    found = name if is_timm_encoder(name) else timm_name_of(tensors, path)
    if found is not None:
        return PublishedEncoder(found, timm_encoder(tensors, path, found), licence_of(found, tensors, path))
    first, value = next(iter(tensors.items()))
    raise InputError(
        f"{path} is no known network, neither a U-Net of the authors nor a Mix Transformer, VMamba or MaRS: "
        f"its first tensor is {first} of shape {tuple(value.shape)}; an encoder of timm is read by its name",
        option="encoder",
    )
