"""The choice of an engine for a saved network on this machine."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from oemsar.errors import InputError
from oemsar.inference.device import find_device
from oemsar.inference.engine import Engine
from oemsar.inference.options import DeviceKind, EngineKind
from oemsar.models.network import LandCoverNetwork
from oemsar.models.saved import as_network

log = logging.getLogger(__name__)

_CONVERTED_IN_VAIN = frozenset({"vmamba"})
"""Networks that OpenVINO runs no faster than PyTorch, after a conversion of half a minute: the scan becomes a
graph of thousands of small operations. `benchmarks/inference.py` measures it."""


@contextmanager
def open_model(
    model: Path | LandCoverNetwork,
    *,
    engine: EngineKind = "auto",
    device: DeviceKind = "auto",
    flips: bool = False,
) -> Iterator[Engine]:
    """Load a model, yield the engine that runs it on this machine, and close the engine.

    Args:
        model: Folder of a saved model or of a run, or a network in evaluation mode.
        engine: Library; `auto` is OpenVINO for the CPU where it is installed and the network is not VMamba,
            else PyTorch.
        device: Device; `auto` is CUDA, then MPS, then the CPU, whichever is found first.
        flips: Whether to average the probabilities over the four mirror images (test-time augmentation).

    Raises:
        InputError: The model cannot be read; or the engine or device is not known, not there, or they do not
            go together.
    """
    with open_engine(as_network(model), kind=engine, device=device, flips=flips) as opened:
        yield opened


def open_engine(
    network: LandCoverNetwork,
    *,
    kind: EngineKind = "auto",
    device: DeviceKind = "auto",
    flips: bool = False,
) -> Engine:
    """Choose and open the engine that runs a network on this machine; arguments as those of `open_model`.

    Raises:
        InputError: The engine or device is not known, not there, or they do not go together.
    """
    from oemsar.inference.torch_engine import TorchEngine

    found = find_device(device)
    if kind not in ("auto", "torch", "openvino"):
        raise InputError(f"engine {kind} is not known; choose auto, torch or openvino", option="engine")
    if kind == "openvino" and found.type != "cpu":
        raise InputError(
            f"openvino runs on the CPU, not on {found.type}; choose the device cpu",
            option=("engine", "device"),
        )
    installed = find_spec("openvino") is not None
    if kind == "openvino" and not installed:
        raise InputError(
            'openvino is not installed; install it with pip install "oemsar[fast]"', option="engine"
        )
    gains = installed and network.spec.architecture not in _CONVERTED_IN_VAIN
    if kind == "openvino" or (kind == "auto" and found.type == "cpu" and gains):
        from oemsar.inference.openvino_engine import OpenVinoEngine

        engine: Engine = OpenVinoEngine(network, flips)
    else:
        engine = TorchEngine(network, flips, found)
    log.info("Inference: %s%s", engine.name, ", four flips" if flips else "")
    return engine
