"""The choice of an engine for a saved network on this machine."""

import logging
from importlib.util import find_spec

from oemsar.errors import InputError
from oemsar.inference.device import find_device
from oemsar.inference.engine import DeviceKind, Engine, EngineKind
from oemsar.models.network import LandCoverNetwork

log = logging.getLogger(__name__)

_CONVERTED_IN_VAIN = frozenset({"vmamba"})
"""Networks that OpenVINO runs no faster than PyTorch, after a conversion of half a minute: the scan becomes a
graph of thousands of small operations. `benchmarks/inference.py` measures it."""


def open_engine(
    network: LandCoverNetwork,
    *,
    kind: EngineKind = "auto",
    device: DeviceKind = "auto",
    flips: bool = False,
) -> Engine:
    """The engine that runs `network` on this machine.

    Args:
        network: in evaluation mode.
        kind: `auto` is OpenVINO for the CPU where it is installed and the network is not VMamba, else
            PyTorch.
        device: `auto` is CUDA, then MPS, then the CPU, whichever is found first.
        flips: average the probabilities over the four mirror images (test-time augmentation).

    Raises:
        InputError: the engine or device is not known, not there, or they do not go together.
    """
    from oemsar.inference.torch_engine import TorchEngine

    found = find_device(device)
    if kind not in ("auto", "torch", "openvino"):
        raise InputError(f"engine {kind} is not known; choose auto, torch or openvino")
    if kind == "openvino" and found.type != "cpu":
        raise InputError(f"engine openvino runs on the CPU, not on {found.type}; add --device cpu")
    installed = find_spec("openvino") is not None
    if kind == "openvino" and not installed:
        raise InputError('engine openvino is not installed; install it with pip install "oemsar[fast]"')
    gains = installed and network.spec.architecture not in _CONVERTED_IN_VAIN
    if kind == "openvino" or (kind == "auto" and found.type == "cpu" and gains):
        from oemsar.inference.openvino_engine import OpenVinoEngine

        engine: Engine = OpenVinoEngine(network, flips)
    else:
        engine = TorchEngine(network, flips, found)
    log.info("Inference: %s%s", engine.name, ", four flips" if flips else "")
    return engine
