"""The choice of an engine for a saved network on this machine."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec

from oemsar.errors import InputError
from oemsar.inference.config import OWN_SIZE
from oemsar.inference.device import find_device
from oemsar.inference.engine import Engine, NetworkEngine
from oemsar.inference.ensemble import Ensemble
from oemsar.inference.options import DeviceKind, EngineKind
from oemsar.models.joint import JointSpec, Models, as_networks, names_of_models
from oemsar.models.network import LandCoverNetwork

log = logging.getLogger(__name__)

_CONVERTED_IN_VAIN = frozenset({"vmamba"})
"""Networks that OpenVINO runs no faster than PyTorch, after a conversion of half a minute: the scan becomes a
graph of thousands of small operations. `benchmarks/inference.py` measures it."""


@contextmanager
def open_model(
    model: Models,
    *,
    engine: EngineKind = "auto",
    device: DeviceKind = "auto",
    flips: bool = False,
    scales: tuple[float, ...] = OWN_SIZE,
    names: Sequence[str] = (),
) -> Iterator[Engine]:
    """Load a model, or several as one, yield the engine that runs it on this machine, and close the engine.

    Args:
        model: Folder of a saved model or of a run, or a network in evaluation mode; or several, whose
            probabilities are averaged.
        engine: Library; `auto` is OpenVINO for the CPU where it is installed and the network is not VMamba,
            else PyTorch.
        device: Device; `auto` is CUDA, then MPS, then the CPU, whichever is found first.
        flips: Whether to average the probabilities over the four mirror images (test-time augmentation).
        scales: Factors of the sides of each image, over which the probabilities are averaged, too.
        names: Names of several models for the log, one each; by default as they are given.

    Raises:
        InputError: The model cannot be read; or the engine or device is not known, not there, or they do not
            go together; or models see an input with different numbers of channels.
    """
    networks = as_networks(model)
    JointSpec.of([network.spec for network in networks])
    with ExitStack() as stack:
        opened = [
            stack.enter_context(
                open_engine(network, kind=engine, device=device, flips=flips, scales=scales, name=name)
            )
            for network, name in zip(networks, _told(names or names_of_models(model)), strict=True)
        ]
        yield opened[0] if len(opened) == 1 else join(opened)


def _told(names: Sequence[str]) -> Sequence[str | None]:
    """Give the names to tell models apart by; a model alone needs none."""
    return names if len(names) > 1 else [None]


def join(opened: Sequence[NetworkEngine], weights: Sequence[float] = ()) -> Ensemble:
    """Join networks made ready to one whose probabilities are their mean; told in the log.

    Args:
        opened: Networks, at least one.
        weights: Weight of each, above 0; empty for equal weights.

    Raises:
        InputError: They see an input with different numbers of channels.
    """
    if len(opened) > 1:
        log.info("The probabilities of %d networks are averaged", len(opened))
    if 0 < (bare := sum(not each.is_calibrated for each in opened)) < len(opened):
        log.warning(
            "%d of %d networks have no calibration: theirs are those of the logits", bare, len(opened)
        )
    return Ensemble(opened, weights)


def open_engine(
    network: LandCoverNetwork,
    *,
    kind: EngineKind = "auto",
    device: DeviceKind = "auto",
    flips: bool = False,
    scales: tuple[float, ...] = OWN_SIZE,
    name: str | None = None,
) -> NetworkEngine:
    """Choose and open the engine that runs a network on this machine; arguments as those of `open_model`.

    The log names the network where it has a `name`.

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

        engine: NetworkEngine = OpenVinoEngine(network, flips, scales)
    else:
        engine = TorchEngine(network, flips, found, scales)
    whose = "" if name is None else f" of {name}"
    log.info("Inference%s: %s%s", whose, engine.name, averaging(flips, scales))
    return engine


def averaging(flips: bool, scales: tuple[float, ...]) -> str:
    """Say what the probabilities of an image are averaged over, for the end of a sentence; may be empty."""
    sizes = "" if scales == OWN_SIZE else f", scales {', '.join(f'{scale:g}' for scale in scales)}"
    return f"{', four flips' if flips else ''}{sizes}"
