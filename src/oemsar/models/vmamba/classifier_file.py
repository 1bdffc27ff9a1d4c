"""Published networks of VMamba by their tensors: their variant, and the encoder in them."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from oemsar.models.vmamba.encoder import VARIANTS, VMambaEncoder
from oemsar.models.vmamba.weights import encoder_tensors, load_classifier_weights

_WIDTH = "patch_embed.5.weight"
"""The convolution that gives the first level its channels."""


def is_vmamba(tensors: Mapping[str, Tensor]) -> bool:
    """Tell whether tensors have the names of VMamba."""
    return any(name.startswith("layers.0.blocks.0.op.") for name in encoder_tensors(tensors))


def vmamba_encoder(tensors: Mapping[str, Tensor], path: Path) -> tuple[str, dict[str, Tensor]]:
    """Take the encoder out of a classifier or a segmentation network of Liu et al., version 2.

    Args:
        tensors: Weights under the published names.
        path: File of the tensors, for sentences.

    Returns:
        Name and weights of the encoder.

    Raises:
        InputError: They are no VMamba; the first that differs from the nearest variant is named.
    """
    name = _nearest(encoder_tensors(tensors))
    encoder = VMambaEncoder(3, name)
    load_classifier_weights(encoder, tensors, str(path))
    return name, encoder.state_dict()


def _nearest(tensors: Mapping[str, Tensor]) -> str:
    """Find the variant whose width and number of blocks come nearest to those of the tensors."""
    width = tensors[_WIDTH].shape[0] if _WIDTH in tensors else 0
    names = [name.split(".") for name in tensors]
    levels = [
        len({parts[3] for parts in names if parts[:3] == ["layers", str(n), "blocks"]}) for n in range(4)
    ]

    def distance(name: str) -> tuple[int, int]:
        variant = VARIANTS[name]
        missing = sum(abs(a - b) for a, b in zip(variant.depths, levels, strict=True))
        return int(variant.channels != width), missing

    return min(VARIANTS, key=distance)
