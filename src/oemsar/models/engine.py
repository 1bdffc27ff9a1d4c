"""Engines: a saved network made ready to turn images into class probabilities on this machine."""

import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from importlib.util import find_spec
from typing import Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.models.network import LandCoverNetwork

EngineKind = Literal["auto", "torch", "openvino"]
DeviceKind = Literal["auto", "cpu", "cuda", "mps"]
Axes = tuple[int, ...]
Tag = TypeVar("Tag")

log = logging.getLogger(__name__)

_CONVERTED_IN_VAIN = frozenset({"vmamba"})
"""Networks that OpenVINO runs no faster than PyTorch, after a conversion of half a minute: the scan becomes a
graph of thousands of small operations. `benchmarks/inference.py` measures it."""

_FLIPS: tuple[Axes, ...] = ((), (2,), (1,), (1, 2))
"""The four mirror images of a (channels, height, width) image, the image itself first."""


class Engine(ABC):
    """Class probabilities of images, several in flight at once, in the order given.

    Attributes:
        name: library, precision and degree of parallelism, as recorded beside a result.
        depth: how many images are in flight while `stream` waits for the first of them.
    """

    name: str
    depth: int

    def __init__(self, flips: bool) -> None:
        self.views: tuple[Axes, ...] = _FLIPS if flips else _FLIPS[:1]

    @abstractmethod
    def submit(self, image: NDArray[np.uint8]) -> "Future[NDArray[np.float32]]":
        """Start on one image, shape (channels, height, width); the future holds (8, height, width)."""

    @abstractmethod
    def close(self) -> None:
        """Give back what the engine holds; waits for images in flight."""

    def stream(self, images: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        """Class probabilities of each of `images`, in their order.

        Args:
            images: digital numbers, uint8, shape (channels, height, width); sizes may differ. They are
                asked for as they are needed, so that reading them goes on beside the network.

        Yields:
            Probabilities of the eight classes, float32, shape (8, height, width), summing to 1.
        """
        for _, probabilities in self.stream_tagged((None, image) for image in images):
            if probabilities is not None:
                yield probabilities

    def stream_tagged(
        self, images: Iterable[tuple[Tag, NDArray[np.uint8] | None]]
    ) -> Iterator[tuple[Tag, NDArray[np.float32] | None]]:
        """As `stream`, with a tag that travels beside each image; None for an image gives None back."""
        in_flight: deque[tuple[Tag, Future[NDArray[np.float32]] | None]] = deque()
        try:
            for tag, image in images:
                in_flight.append((tag, None if image is None else self.submit(image)))
                if len(in_flight) > self.depth:
                    yield _landed(*in_flight.popleft())
            while in_flight:
                yield _landed(*in_flight.popleft())
        finally:
            for _, future in in_flight:
                if future is not None:
                    future.cancel()


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
    from oemsar.models.torch_engine import TorchEngine, find_device

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
        from oemsar.models.openvino_engine import OpenVinoEngine

        engine: Engine = OpenVinoEngine(network, flips)
    else:
        engine = TorchEngine(network, flips, found)
    log.info("Inference: %s%s", engine.name, ", four flips" if flips else "")
    return engine


def _landed(tag: Tag, future: "Future[NDArray[np.float32]] | None") -> tuple[Tag, NDArray[np.float32] | None]:
    return tag, None if future is None else future.result()


def mirrored(image: NDArray[np.uint8], axes: Axes) -> torch.Tensor:
    """A mirror image as a batch of one, uint8, shape (1, channels, height, width)."""
    return torch.from_numpy(np.ascontiguousarray(np.flip(image, axes)))[None]
