"""Engines: a saved network made ready to turn images into class probabilities on this machine."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from oemsar.arrays import Imagery
from oemsar.errors import Failure
from oemsar.masked import MaskedImage, mask_gaps
from oemsar.models.calibration import Calibration
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec

Axes = tuple[int, ...]
Tag = TypeVar("Tag")
PendingProbabilities = Future[NDArray[np.float32]]
"""Probabilities of the eight classes to come, float32, shape (8, height, width)."""

_FLIPS: tuple[Axes, ...] = ((), (2,), (1,), (1, 2))
"""The four mirror images of a (channels, height, width) image, the image itself first."""
_TOLERANCE = 0.02
"""Largest difference from 1 of the sum of the probabilities of a pixel, in reduced precision."""


class Engine(ABC):
    """Class probabilities of images, several in flight at once, in the order given.

    An engine is a context manager: leaving it waits for images in flight and gives back what it holds.

    Attributes:
        name: Library, precision and degree of parallelism, as recorded beside a result.
        depth: Number of images in flight while `stream` waits for the first of them.
        spec: Description of the network.
        calibration: Scaling of the probabilities that `stream` gives; None for those of the logits.
        views: Axes along which each image is mirrored, one entry for each mirror image.
    """

    name: str
    depth: int

    def __init__(self, network: LandCoverNetwork, flips: bool) -> None:
        self.spec: ModelSpec = network.spec
        self.calibration: Calibration | None = network.calibration
        self.views: tuple[Axes, ...] = _FLIPS if flips else _FLIPS[:1]

    @abstractmethod
    def submit(self, image: Imagery | MaskedImage) -> PendingProbabilities:
        """Start on one image, shape (channels, height, width).

        An error is raised where the result of the future is taken.
        """

    def network_inputs(self, image: Imagery | MaskedImage) -> tuple[NDArray[Any], ...]:
        """Give what the network takes of an image: its pixels, and the mask of one that takes any subset."""
        if not isinstance(image, MaskedImage):
            image = (
                MaskedImage(image, mask_gaps(image, self.spec.modalities)) if self.spec.takes_any else image
            )
        if isinstance(image, MaskedImage):
            return tuple(image) if self.spec.takes_any else (image.pixels,)
        return (image,)

    @abstractmethod
    def close(self) -> None:
        """Wait for images in flight and give back what the engine holds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stream(self, images: Iterable[Imagery | MaskedImage]) -> Iterator[NDArray[np.float32]]:
        """Turn images into class probabilities, in their order, as `stream_tagged` does.

        Args:
            images: Images as the network takes them, shape (channels, height, width), with the pixels where
                each input carries data for one that takes any subset; sizes may differ. They are taken as
                they are needed, so that reading them goes on beside the network.

        Yields:
            Probabilities of the eight classes, float32, shape (8, height, width), summing to 1.
        """
        for _, probabilities in self.stream_tagged(enumerate(images, 1), lambda number: f"image {number}"):
            if probabilities is not None:
                yield probabilities

    def stream_tagged(
        self,
        images: Iterable[tuple[Tag, Imagery | MaskedImage | None]],
        describe: Callable[[Tag], str] = str,
    ) -> Iterator[tuple[Tag, NDArray[np.float32] | None]]:
        """Turn images into class probabilities, each with a tag that travels beside it.

        Args:
            images: Tags and digital numbers as `stream` takes them; None for an image gives None back.
            describe: Noun for the image of a tag, with its position, for a sentence.

        Yields:
            Tags and probabilities, in the order of the images.

        Raises:
            Failure: The network gives something other than probabilities for an image, which is named.
        """
        in_flight: deque[tuple[Tag, PendingProbabilities | None]] = deque()
        try:
            for tag, image in images:
                in_flight.append((tag, None if image is None else self.submit(image)))
                if len(in_flight) > self.depth:
                    yield self._result(*in_flight.popleft(), describe)
            while in_flight:
                yield self._result(*in_flight.popleft(), describe)
        finally:
            for _, future in in_flight:
                if future is not None:
                    future.cancel()

    def _result(
        self, tag: Tag, future: PendingProbabilities | None, describe: Callable[[Tag], str]
    ) -> tuple[Tag, NDArray[np.float32] | None]:
        """Wait for the probabilities of an image, check and calibrate them."""
        if future is None:
            return tag, None
        probabilities = future.result()
        if not _are_probabilities(probabilities):
            raise Failure(
                f"the network gives no probabilities for {describe(tag)}: they are not finite or do not add "
                "up to 1; its weights or its normalisation are wrong, train or fetch it again"
            )
        return tag, probabilities if self.calibration is None else self.calibration.apply(probabilities)


def _are_probabilities(values: NDArray[np.float32]) -> bool:
    """Check that the classes of every pixel add up to 1, which NaN and infinities never do.

    The sums are the whole of the check because values of a softmax are never negative.
    """
    total = values.sum(0)
    return bool(total.min(initial=1) >= 1 - _TOLERANCE and total.max(initial=1) <= 1 + _TOLERANCE)


def mirrored(image: NDArray[Any], axes: Axes) -> torch.Tensor:
    """Mirror an image along some axes, as a batch of one, shape (1, channels, height, width)."""
    # an image of one column is contiguous to NumPy even with a negative stride, which PyTorch does not take
    return torch.from_numpy(np.flip(image, axes).copy())[None]
