"""Engines: a saved network made ready to turn images into class probabilities on this machine."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from oemsar.arrays import Imagery
from oemsar.errors import Failure
from oemsar.inference.config import OWN_SIZE
from oemsar.inference.resize import Size, resize, resize_image
from oemsar.masked import MaskedImage, mask_gaps
from oemsar.models.calibration import Calibration
from oemsar.models.joint import JointSpec
from oemsar.models.spec import ModelSpec

Axes = tuple[int, ...]
Tag = TypeVar("Tag")
PendingProbabilities = Future[NDArray[np.float32]]
"""Probabilities of the eight classes to come, float32, shape (8, height, width)."""

_FLIPS: tuple[Axes, ...] = ((), (2,), (1,), (1, 2))
"""The four mirror images of a (channels, height, width) image, the image itself first."""
_TOLERANCE = 0.02
"""Largest difference from 1 of the sum of the probabilities of a pixel, in reduced precision."""


class Pending(ABC):
    """Probabilities of one image to come."""

    @abstractmethod
    def result(self, describe: Callable[[], str]) -> NDArray[np.float32]:
        """Wait for the probabilities of the eight classes, float32, shape (8, height, width), summing to 1.

        Args:
            describe: Noun for the image, with its position, for a sentence.

        Raises:
            Failure: The network gives something other than probabilities.
        """

    @abstractmethod
    def cancel(self) -> None:
        """Give up what has not begun."""


class Engine(ABC):
    """Class probabilities of images, several in flight at once, in the order given.

    An engine is a context manager: leaving it waits for images in flight and gives back what it holds.

    Attributes:
        name: Library, precision and degree of parallelism, as recorded beside a result.
        depth: Number of images in flight while `stream` waits for the first of them.
        spec: Inputs of the network, or of several as one, and whether images may lack some.
        is_calibrated: Whether probabilities go through a calibration.
    """

    name: str
    depth: int
    spec: ModelSpec | JointSpec
    is_calibrated: bool

    @abstractmethod
    def start(self, image: Imagery | MaskedImage) -> Pending:
        """Start on one image, shape (channels, height, width).

        An error is raised where the result is taken.
        """

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
        with closing(self.stream_pending(images)) as stream:
            for tag, pending in stream:
                yield tag, None if pending is None else pending.result(partial(describe, tag))

    def stream_pending(
        self, images: Iterable[tuple[Tag, Imagery | MaskedImage | None]]
    ) -> Generator[tuple[Tag, Pending | None], None, None]:
        """Start on images in their order, and give each back when enough are in flight behind it.

        Args:
            images: Tags and digital numbers as `stream_tagged` takes them.

        Yields:
            Tags, and probabilities to come; those in flight are cancelled when the generator is closed.
        """
        in_flight: deque[tuple[Tag, Pending | None]] = deque()
        try:
            for tag, image in images:
                in_flight.append((tag, None if image is None else self.start(image)))
                if len(in_flight) > self.depth:
                    yield in_flight.popleft()
            while in_flight:
                yield in_flight.popleft()
        finally:
            for _, pending in in_flight:
                if pending is not None:
                    pending.cancel()


class Described(Protocol):
    """A network as an engine sees it."""

    @property
    def spec(self) -> ModelSpec:
        """Description of the network."""

    @property
    def calibration(self) -> Calibration | None:
        """Scaling of its probabilities; None for those of the logits."""


class NetworkEngine(Engine):
    """One network: the mean of its probabilities over mirror images and sizes, then calibrated.

    Attributes:
        spec: Description of the network.
        calibration: Scaling of the probabilities; None for those of the logits.
        views: Axes along which each image is mirrored, one entry for each mirror image.
        scales: Factors of the sides of each image.
    """

    spec: ModelSpec

    def __init__(self, network: Described, flips: bool, scales: tuple[float, ...] = OWN_SIZE) -> None:
        self.spec = network.spec
        self.calibration: Calibration | None = network.calibration
        self.is_calibrated = network.calibration is not None
        self.views: tuple[Axes, ...] = _FLIPS if flips else _FLIPS[:1]
        self.scales = scales

    @abstractmethod
    def submit(self, image: Imagery | MaskedImage) -> PendingProbabilities:
        """Start on one image at its own size, shape (channels, height, width).

        An error is raised where the result of the future is taken.
        """

    def start(self, image: Imagery | MaskedImage) -> Pending:
        """Start on one image at every scale, shape (channels, height, width)."""
        if isinstance(image, MaskedImage) and not self.spec.takes_any:
            image = image.pixels
        size = Size.of(image)
        parts = []
        for scaled in map(size.scaled, self.scales):
            resized = image if scaled == size else resize_image(image, self.spec.modalities, scaled)
            parts.append(self.submit(resized))
        return _MeanOfScales(size, tuple(parts), self.calibration)

    def network_inputs(self, image: Imagery | MaskedImage) -> tuple[NDArray[Any], ...]:
        """Give what the network takes of an image: its pixels, and the mask of one that takes any subset."""
        pixels, valid = image if isinstance(image, MaskedImage) else (image, None)
        if not self.spec.takes_any:
            return (pixels,)
        return pixels, mask_gaps(pixels, self.spec.modalities) if valid is None else valid


@dataclass(frozen=True)
class _MeanOfScales(Pending):
    """Probabilities of one network at several sizes of an image, to be brought back to its own and averaged.

    Attributes:
        size: Size of the image.
        parts: Probabilities at each scale.
        calibration: Scaling of their mean; None for none.
    """

    size: Size
    parts: tuple[PendingProbabilities, ...]
    calibration: Calibration | None

    def result(self, describe: Callable[[], str]) -> NDArray[np.float32]:
        mean = self._brought_back(self.parts[0])
        for part in self.parts[1:]:
            mean += self._brought_back(part)
        if len(self.parts) > 1:
            mean /= np.float32(len(self.parts))
        if not _are_probabilities(mean):
            raise Failure(
                f"the network gives no probabilities for {describe()}: they are not finite or do not add "
                "up to 1; its weights or its normalisation are wrong, train or fetch it again"
            )
        return mean if self.calibration is None else self.calibration.apply(mean)

    def cancel(self) -> None:
        for part in self.parts:
            part.cancel()

    def _brought_back(self, part: PendingProbabilities) -> NDArray[np.float32]:
        probabilities = part.result()
        return probabilities if probabilities.shape[1:] == self.size else resize(probabilities, self.size)


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
