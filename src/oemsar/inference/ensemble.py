"""Several networks as one: the mean of their probabilities."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Imagery
from oemsar.inference.engine import Engine, NetworkEngine, Pending, Tag
from oemsar.inputs import Inputs
from oemsar.masked import MaskedImage, mask_gaps
from oemsar.models.joint import JointSpec
from oemsar.models.spec import ModelSpec


class Ensemble(Engine):
    """Networks that each see their own inputs of an image, with their own normalisation and calibration.

    A pixel is the mean over the networks that see enough of it (see `JointSpec.counting`); where none does,
    over all that were asked.
    """

    spec: JointSpec

    def __init__(self, members: Sequence[NetworkEngine], weights: Sequence[float] = ()) -> None:
        """Join networks made ready, which are closed with this.

        Args:
            members: Networks, at least one.
            weights: Weight of each in the mean, above 0; empty for equal weights.

        Raises:
            InputError: They see an input with different numbers of channels.
        """
        self._members = tuple(members)
        self._weights = np.asarray(weights, np.float32) if weights else None
        self.spec = JointSpec.of([member.spec for member in members])
        self.name = " and ".join(dict.fromkeys(member.name for member in members))
        self.depth = max(member.depth for member in members)
        self.is_calibrated = all(member.is_calibrated for member in members)

    def start(self, image: Imagery | MaskedImage) -> "PendingVoices":
        """Start on one image of the inputs of all networks, shape (channels, height, width)."""
        if not self.spec.takes_any:
            return PendingVoices(tuple(member.start(image) for member in self._members), None, self._weights)
        if not isinstance(image, MaskedImage):
            image = MaskedImage(image, mask_gaps(image, self.spec.modalities))
        counts = self.spec.counting(image.valid)
        asked = [index for index, plane in enumerate(counts) if plane.any()] or [*range(len(counts))]
        parts = [
            member.start(part_of(image, self.spec.modalities, member.spec))
            for member in (self._members[index] for index in asked)
        ]
        weights = None if self._weights is None else self._weights[asked]
        return PendingVoices(tuple(parts), None if counts[asked].all() else counts[asked], weights)

    def stream_voices(
        self,
        images: Iterable[tuple[Tag, Imagery | MaskedImage]],
        describe: Callable[[Tag], str] = str,
    ) -> Iterator[tuple[Tag, "Voices"]]:
        """Turn images into the probabilities of each network, as `stream_tagged` does into their mean."""
        with closing(self.stream_pending(images)) as stream:
            for tag, pending in stream:
                if isinstance(pending, PendingVoices):
                    yield tag, pending.voices(partial(describe, tag))

    def close(self) -> None:
        """Wait for images in flight and give back what the networks hold."""
        for member in self._members:
            member.close()


def part_of(image: MaskedImage, inputs: Inputs, spec: ModelSpec) -> Imagery | MaskedImage:
    """Take what one network sees of an image.

    Args:
        image: Image of all inputs.
        inputs: Inputs of the image.
        spec: Description of the network, each of whose inputs is one of them.

    Returns:
        Pixels with a mask for a network that takes any subset; else pixels alone, 0 without data in grey
        values and NaN in measured inputs.
    """
    seen = spec.modalities
    channels = np.concatenate([np.arange(inputs.channels)[inputs.slice_of(name)] for name in seen.names])
    pixels: Imagery = image.pixels if seen == inputs else image.pixels[channels]
    valid = image.valid[[inputs.names.index(name) for name in seen.names]]
    if (pixels.dtype == np.uint8) != seen.are_bytes or not valid.all():
        numbers = [part.channels for part in seen]
        nothing = np.array([0 if part.is_bytes else np.nan for part in seen], np.float32)
        known = valid.repeat(numbers, axis=0)
        filled: NDArray[np.float32] = np.where(known, pixels, nothing.repeat(numbers)[:, None, None])
        pixels = filled.astype(np.uint8) if seen.are_bytes else filled
    return MaskedImage(pixels, valid) if spec.takes_any else pixels


@dataclass(frozen=True, eq=False)
class Voices:
    """Probabilities of several networks for one image.

    Attributes:
        parts: Probabilities of each network that was asked, float32, shape (8, height, width).
        counts: Pixels that each has a say in, shape (networks, height, width); None for all.
        weights: Weight of each in the mean, shape (networks,); None for equal weights.
    """

    parts: tuple[NDArray[np.float32], ...]
    counts: NDArray[np.bool_] | None
    weights: NDArray[np.float32] | None

    def mean(self) -> NDArray[np.float32]:
        """Average the probabilities, float32, shape (8, height, width)."""
        return _mean((self.parts[0].copy(), *self.parts[1:]), self.counts, self.weights)

    def disagreement(self) -> NDArray[np.float32]:
        """Measure how far the networks differ, float32, shape (height, width), 0 to below 1.

        The mean distance of their probabilities from the mean of all (total variation: half the sum of the
        absolute differences), over the networks that have a say, weighted as the mean is.
        """
        mean = self.mean()
        distances = (np.abs(part - mean).sum(0, keepdims=True) / 2 for part in self.parts)
        distance: NDArray[np.float32] = _mean(distances, self.counts, self.weights)[0]
        return distance


@dataclass(frozen=True)
class PendingVoices(Pending):
    """Probabilities of several networks to come, to be averaged in their order.

    Attributes:
        parts: Probabilities of each.
        counts: Pixels that each has a say in, shape (networks, height, width); None for all.
        weights: Weight of each in the mean, shape (networks,); None for equal weights.
    """

    parts: tuple[Pending, ...]
    counts: NDArray[np.bool_] | None
    weights: NDArray[np.float32] | None

    def result(self, describe: Callable[[], str]) -> NDArray[np.float32]:
        """Wait for the mean of the probabilities, as `Pending.result` does."""
        return _mean((part.result(describe) for part in self.parts), self.counts, self.weights)

    def voices(self, describe: Callable[[], str]) -> Voices:
        """Wait for the probabilities of every network.

        Args:
            describe: Noun for the image, with its position, for a sentence.

        Raises:
            Failure: A network gives something other than probabilities.
        """
        return Voices(tuple(part.result(describe) for part in self.parts), self.counts, self.weights)

    def cancel(self) -> None:
        """Give up what has not begun."""
        for part in self.parts:
            part.cancel()


def _mean(
    parts: Iterable[NDArray[np.float32]],
    counts: NDArray[np.bool_] | None,
    weights: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Average probabilities, of which the first is written over; arguments as the attributes of `Voices`."""
    following = iter(parts)
    total = next(following)
    if counts is None and weights is None:
        number = 1
        for part in following:
            total += part
            number += 1
        return total / np.float32(number)
    voiced: NDArray[np.float32] = (
        np.ones((1, 1, 1), np.float32) if weights is None else weights[:, None, None]
    )
    if counts is not None:
        voiced = (counts | ~counts.any(0)).astype(np.float32) * voiced
    total = total * voiced[0]
    for part, weight in zip(following, voiced[1:], strict=True):
        total += part * weight
    mean: NDArray[np.float32] = total / voiced.sum(0)
    return mean
