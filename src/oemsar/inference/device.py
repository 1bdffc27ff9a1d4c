"""Devices that PyTorch finds on this machine."""

import torch

from oemsar.errors import InputError
from oemsar.inference.engine import DeviceKind


def find_device(kind: DeviceKind) -> torch.device:
    """The device of that kind; for `auto` CUDA, then MPS, then the CPU.

    Raises:
        InputError: the kind is not known, or this machine has no such device.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if kind == "auto":
        return torch.device(next(name for name, there in present.items() if there))
    if kind not in present:
        raise InputError(f"device {kind} is not known; choose auto, {', '.join(present)}")
    if not present[kind]:
        raise InputError(f"device {kind} is not available on this machine; leave --device at auto")
    return torch.device(kind)
