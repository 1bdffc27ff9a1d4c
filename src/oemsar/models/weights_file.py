"""Weights in safetensors files, as tensors that networks compute with."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
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


def write_weights(tensors: Mapping[str, Tensor], file: Path, metadata: dict[str, str] | None = None) -> None:
    """Write tensors by name; whoever may read other new files may read this one.

    The library makes files that their owner alone may read.

    Args:
        tensors: Tensors on the CPU.
        file: Safetensors file.
        metadata: Texts by name for the head of the file.
    """
    file.touch()
    mode = file.stat().st_mode
    save_file({name: value.contiguous() for name, value in tensors.items()}, file, metadata)
    file.chmod(mode)
