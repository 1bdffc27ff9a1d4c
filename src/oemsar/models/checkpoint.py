"""Checkpoints of other programs: their tensors, and nothing else that is in them."""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from oemsar.archives import require_no_bomb
from oemsar.errors import InputError
from oemsar.limits import require_regular
from oemsar.models.finite import require_finite

CHECKPOINT_FAULTS = (
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    UnpicklingError,
    SafetensorError,
)
"""Exceptions of PyTorch and of safetensors for a damaged checkpoint."""
_KEYS = ("state_dict", "model", "model_state_dict")
"""Keys under which training programs put the tensors when they save more than these."""
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_PARALLEL = "module."
"""Prefix that PyTorch's data-parallel wrapper puts before every name."""
_MAPPINGS = frozenset({"yacs.config.CfgNode"})
"""Classes of configurations that are dictionaries; they lie beside the tensors of many vision models."""


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read the named tensors in a PyTorch checkpoint or a safetensors file, on the CPU.

    Nothing in the file is executed: an object of another kind than tensors and plain values becomes an
    empty one, and no code is imported by its name.

    Args:
        path: File of a state dictionary, or of a dictionary that holds one under `state_dict`, `model` or
            `model_state_dict`, or a safetensors file; the prefix `module.` of every name is taken off.

    Raises:
        InputError: There is no such file, or it holds no tensors by name.
    """
    require_regular(path)
    require_no_bomb(path)
    try:
        if _is_safetensors(path):
            return named_tensors(load_file(path), str(path))
        with safe_globals(_stand_ins(path)):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except CHECKPOINT_FAULTS as error:
        raise InputError(
            f"{path} cannot be read as a PyTorch checkpoint of tensors alone or as safetensors; "
            "save the state_dict of its model with torch.save"
        ) from error
    return named_tensors(content, str(path))


def named_tensors(content: object, source: str) -> dict[str, Tensor]:
    """Find the named tensors in the content of a PyTorch checkpoint.

    Args:
        content: State dictionary, or a dictionary that holds one.
        source: Name of the file, for sentences.

    Raises:
        InputError: It holds no tensors by name, or one that is not finite.
    """
    found = _state(content)
    if found is None:
        raise InputError(
            f"{source} holds no tensors by name, neither by itself nor under {', '.join(_KEYS)}; "
            "save the state_dict of its model"
        )
    if all(name.startswith(_PARALLEL) for name in found):
        found = {name.removeprefix(_PARALLEL): value for name, value in found.items()}
    for name, value in found.items():
        if not _is_plain(value):
            raise InputError(
                f"{source} holds tensor {name} in a form that is not read (sparse, quantised, without its "
                "values, or of 8-bit floats); save it as ordinary 32-bit floats"
            )
    require_finite(found, source)
    return found


def _is_plain(value: Tensor) -> bool:
    """Tell whether all values of a tensor lie in memory, each once, as numbers that networks compute with."""
    if value.layout is not torch.strided or value.device.type != "cpu" or value.is_quantized:
        return False
    if value.is_floating_point() and value.dtype not in _FLOATS:
        return False
    return value.numel() * value.element_size() <= value.untyped_storage().nbytes()


def first_difference(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> str | None:
    """Describe the first tensor by which `found` differs from `expected` in name or shape.

    Returns:
        Half a sentence that names the tensor; None where there is no difference.
    """
    for name, value in expected.items():
        if name not in found:
            return f"tensor {name} is missing"
        if found[name].shape != value.shape:
            return f"tensor {name} has the shape {tuple(found[name].shape)}, not {tuple(value.shape)}"
    for name in found:
        if name not in expected:
            return f"tensor {name} belongs to no layer of it"
    return None


def _is_safetensors(path: Path) -> bool:
    """Tell by its first bytes whether a file is a safetensors file: the length of its JSON, and the JSON."""
    with path.open("rb") as file:
        start = file.read(9)
    return start[8:] == b"{" and int.from_bytes(start[:8], "little") < path.stat().st_size


class _Inert:
    """Stand-in for an object that is not read."""

    def __new__(cls, *_: object, **__: object) -> "_Inert":
        return super().__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


def _stand_ins(path: Path) -> list[Any]:
    """Make harmless classes under the names in the file that PyTorch would refuse."""
    try:
        names = get_unsafe_globals_in_checkpoint(path)
    except ValueError:  # written before PyTorch 1.6: only tensors and plain values are read of it
        return []
    return [(OrderedDict if name in _MAPPINGS else type(name, (_Inert,), {}), name) for name in names]


def _state(content: object) -> dict[str, Tensor] | None:
    """Find the state dictionary that `content` is or holds; None where there is none."""
    if not isinstance(content, dict):
        return None
    for candidate in (content, *(content.get(key) for key in _KEYS)):
        if isinstance(candidate, dict) and candidate and _all_tensors_by_name(candidate):
            return dict(candidate)
    return None


def _all_tensors_by_name(content: dict[object, object]) -> bool:
    return all(isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items())
