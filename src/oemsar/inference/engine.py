"""Engines: a saved network made ready to turn images into class probabilities on this machine."""

import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

EngineKind = Literal["auto", "torch", "openvino"]
DeviceKind = Literal["auto", "cpu", "cuda", "mps"]
Axes = tuple[int, ...]
Tag = TypeVar("Tag")

log = logging.getLogger(__name__)

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


def _landed(tag: Tag, future: "Future[NDArray[np.float32]] | None") -> tuple[Tag, NDArray[np.float32] | None]:
    return tag, None if future is None else future.result()


def mirrored(image: NDArray[np.uint8], axes: Axes) -> torch.Tensor:
    """A mirror image as a batch of one, uint8, shape (1, channels, height, width)."""
    return torch.from_numpy(np.ascontiguousarray(np.flip(image, axes)))[None]
