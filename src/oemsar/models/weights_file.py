"""The weights of a saved model as tensors that networks compute with."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

_SHORT = (torch.float16, torch.bfloat16)


def read_weights(file: Path) -> dict[str, Tensor]:
    """Read tensors by name, on the CPU; those stored in 16 bits become float32, exactly.

    Args:
        file: Safetensors file.

    Raises:
        OSError: The file cannot be read.
        SafetensorError: It is damaged.
    """
    return {
        name: value.float() if value.dtype in _SHORT else value for name, value in load_file(file).items()
    }
