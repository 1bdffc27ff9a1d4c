"""The check that every weight of a file is a number that a network can compute with."""

from collections.abc import Mapping

import torch
from torch import Tensor

from oemsar.errors import InputError


def require_finite(tensors: Mapping[str, Tensor], source: object) -> None:
    """Check that all values are real, and finite as 32-bit floats, in which networks compute.

    Args:
        tensors: Weights by name.
        source: File or model that they come from, named in the sentence.

    Raises:
        InputError: A tensor holds a value that is not; it is named.
    """
    for name, value in tensors.items():
        if value.is_complex():
            raise InputError(f"{source} holds complex numbers in tensor {name}; give weights that are real")
        if value.is_floating_point() and value.numel() and not _is_finite(value):
            raise InputError(
                f"{source} is damaged: tensor {name} holds values that are infinite or not a number; train "
                "it or fetch it again"
            )


def _is_finite(value: Tensor) -> bool:
    low, high = torch.aminmax(value.detach().to(torch.float32))
    return bool(torch.isfinite(low) and torch.isfinite(high))
