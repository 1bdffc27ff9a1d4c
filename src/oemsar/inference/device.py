"""Devices that PyTorch finds on this machine."""

import torch

from oemsar.errors import InputError
from oemsar.inference.options import DeviceKind


def find_device(kind: DeviceKind) -> torch.device:
    """Find the device of a kind; for `auto` CUDA, then MPS, then the CPU.

    Raises:
        InputError: The kind is not known, or this machine has no such device.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if kind == "auto":
        return torch.device(next(name for name, there in present.items() if there))
    if kind not in present:
        raise InputError(f"device {kind} is not known; choose auto, {', '.join(present)}", option="device")
    if not present[kind]:
        raise InputError(f"{kind} is not available on this machine; choose the device auto", option="device")
    return torch.device(kind)
