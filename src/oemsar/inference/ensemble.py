"""Several networks as one: the mean of their probabilities."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Imagery
from oemsar.inference.engine import Engine, NetworkEngine, Pending
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

    def __init__(self, members: Sequence[NetworkEngine]) -> None:
        """Join networks made ready, which are closed with this.

        Raises:
            InputError: They see an input with different numbers of channels.
        """
        self._members = tuple(members)
        self.spec = JointSpec.of([member.spec for member in members])
        self.name = " and ".join(dict.fromkeys(member.name for member in members))
        self.depth = max(member.depth for member in members)
        self.is_calibrated = all(member.is_calibrated for member in members)

    def start(self, image: Imagery | MaskedImage) -> Pending:
        """Start on one image of the inputs of all networks, shape (channels, height, width)."""
        if not self.spec.takes_any:
            return _MeanOfNetworks(tuple(member.start(image) for member in self._members), None)
        if not isinstance(image, MaskedImage):
            image = MaskedImage(image, mask_gaps(image, self.spec.modalities))
        counts = self.spec.counting(image.valid)
        asked = [index for index, plane in enumerate(counts) if plane.any()] or [*range(len(counts))]
        parts = [
            member.start(part_of(image, self.spec.modalities, member.spec))
            for member in (self._members[index] for index in asked)
        ]
        return _MeanOfNetworks(tuple(parts), None if counts[asked].all() else counts[asked])

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


@dataclass(frozen=True)
class _MeanOfNetworks(Pending):
    """Probabilities of several networks, to be averaged in their order.

    Attributes:
        parts: Probabilities of each.
        counts: Pixels that each has a say in, shape (networks, height, width); None for all.
    """

    parts: tuple[Pending, ...]
    counts: NDArray[np.bool_] | None

    def result(self, describe: Callable[[], str]) -> NDArray[np.float32]:
        if self.counts is None:
            total = self.parts[0].result(describe)
            for part in self.parts[1:]:
                total += part.result(describe)
            return total / np.float32(len(self.parts))
        weights = (self.counts | ~self.counts.any(0)).astype(np.float32)
        total = self.parts[0].result(describe) * weights[0]
        for part, weight in zip(self.parts[1:], weights[1:], strict=True):
            total += part.result(describe) * weight
        mean: NDArray[np.float32] = total / weights.sum(0)
        return mean

    def cancel(self) -> None:
        for part in self.parts:
            part.cancel()
