"""Mix Transformers as published with SegFormer, for the encoders of new networks."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from oemsar.errors import InputError
from oemsar.models.checkpoint import first_difference
from oemsar.models.mit_names import authors_names
from oemsar.models.torchvision_ops import declare
from oemsar.models.variants import SEGFORMER

_PATCHES = "patch_embed1.proj.weight"
_LEVELS = 4


def is_mit(tensors: Mapping[str, Tensor]) -> bool:
    """Tell whether tensors have the names of a Mix Transformer, the authors' or those of transformers."""
    return any(name.startswith("patch_embed1.") for name in authors_names(tensors))


def mit_encoder(tensors: Mapping[str, Tensor], path: Path) -> tuple[str, dict[str, Tensor]]:
    """Take the encoder out of a classifier or a segmentation network of Xie et al. 2021.

    Args:
        tensors: Weights under the names that `authors_names` knows.
        path: File of the tensors, for sentences.

    Returns:
        Name and weights of the encoder, under the names of segmentation-models-pytorch.

    Raises:
        InputError: They are no Mix Transformer; the first that differs from the nearest is named.
    """
    declare()
    from segmentation_models_pytorch.encoders import get_encoder

    given = authors_names(tensors)
    name = _nearest(given)
    expected = get_encoder(name, in_channels=3, weights=None).state_dict()
    difference = first_difference(expected, given)
    if difference is not None:
        raise InputError(f"{path} does not hold the encoder {name}: {difference}")
    return name, given


def _nearest(tensors: Mapping[str, Tensor]) -> str:
    """Find the encoder whose width and number of blocks come nearest to those of the tensors."""
    from segmentation_models_pytorch.encoders import encoders

    width = tensors[_PATCHES].shape[0] if _PATCHES in tensors and tensors[_PATCHES].ndim else 0
    blocks = [
        len({key.split(".")[1] for key in tensors if key.startswith(f"block{level}.")})
        for level in range(1, _LEVELS + 1)
    ]

    def distance(name: str) -> tuple[int, int]:
        settings = encoders[name]["params"]
        missing = sum(abs(a - b) for a, b in zip(settings["depths"], blocks, strict=True))
        return int(settings["embed_dims"][0] != width), missing

    return min(SEGFORMER.variants.values(), key=distance)
