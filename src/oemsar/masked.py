"""Images with the pixels where each of their inputs carries data, and subsets of inputs."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Imagery
from oemsar.errors import InputError
from oemsar.inputs import Inputs


class MaskedImage(NamedTuple):
    """Image of a network that takes any subset of its inputs.

    Attributes:
        pixels: All channels of the network, shape (channels, height, width); any value without data.
        valid: Pixels where each input carries data, shape (inputs, height, width).
    """

    pixels: Imagery
    valid: NDArray[np.bool_]

    def only(self, inputs: Inputs, used: Inputs) -> "MaskedImage":
        """Take away the data of every input but those used.

        Args:
            inputs: Inputs of the image.
            used: Some of them.
        """
        kept = np.array([part.name in used for part in inputs])
        return MaskedImage(self.pixels, self.valid & kept[:, None, None])

    def subsets(self) -> NDArray[np.uint16]:
        """Compute which subset has data by pixel, shape (height, width): bit i is that of input i."""
        bits = (1 << np.arange(len(self.valid))).astype(np.uint16)
        numbers: NDArray[np.uint16] = (self.valid * bits[:, None, None]).sum(0, dtype=np.uint16)
        return numbers


def mask_gaps(pixels: Imagery, inputs: Inputs) -> NDArray[np.bool_]:
    """Tell where each input carries data, as its values tell: everywhere of bytes, else where none is NaN.

    Args:
        pixels: Shape (channels, height, width).
        inputs: Inputs in the order of the channels.

    Returns:
        Shape (inputs, height, width).
    """
    if pixels.dtype == np.uint8:
        return np.ones((len(inputs), *pixels.shape[1:]), np.bool_)
    return np.stack([~np.isnan(pixels[inputs.slice_of(part.name)]).any(0) for part in inputs])


def spread(pixels: Imagery, given: Inputs, inputs: Inputs, valid: NDArray[np.bool_]) -> MaskedImage:
    """Put the channels of some inputs where they lie among those of a network; the others carry no data.

    Args:
        pixels: Channels of the given inputs, shape (channels, height, width).
        given: Inputs that are there.
        inputs: Inputs of the network.
        valid: Pixels where each given input carries data, shape (given inputs, height, width).
    """
    size = pixels.shape[1:]
    kind = np.uint8 if inputs.are_bytes else np.float32
    whole = np.zeros((inputs.channels, *size), kind)
    there = np.zeros((len(inputs), *size), np.bool_)
    for index, part in enumerate(given):
        whole[inputs.slice_of(part.name)] = pixels[given.slice_of(part.name)]
        there[inputs.names.index(part.name)] = valid[index]
    return MaskedImage(whole, there)


def subset_of(inputs: Inputs, names: str, *, any_subset: bool) -> Inputs:
    """Find the inputs of a network that a person names.

    Args:
        inputs: Inputs of the network.
        names: Names joined by a plus, in any order; a number of channels behind a colon is the network's.
        any_subset: Whether the network takes any subset of its inputs.

    Raises:
        InputError: None is named, one is named twice, the network does not see one, or it needs all of its
            inputs and one is missing.
    """
    wanted = [word.strip().partition(":")[0] for word in names.split("+")]
    for name in wanted:
        if name not in inputs:
            raise InputError(
                f"the model sees {inputs} and was not trained on {name or 'nothing'}; name some of its "
                "inputs",
                option="inputs",
            )
        if wanted.count(name) > 1:
            raise InputError(f"{names} names {name} twice; name each input once", option="inputs")
    missing = [name for name in inputs.names if name not in wanted]
    if missing and not any_subset:
        raise InputError(
            f"the model needs all of {inputs}, and {missing[0]} is not named; a model of fusion any takes a "
            "subset",
            option="inputs",
        )
    return Inputs(tuple(part for part in inputs if part.name in wanted))


def all_subsets(inputs: Inputs) -> list[Inputs]:
    """List every subset of inputs that is not empty, the smaller first."""
    parts = inputs.parts
    numbers = sorted(range(1, 1 << len(parts)), key=int.bit_count)
    return [subset_by_number(inputs, number) for number in numbers]


def subset_by_number(inputs: Inputs, number: int) -> Inputs:
    """Find the subset of a number, as `MaskedImage.subsets` numbers them, from 1."""
    return Inputs(tuple(part for bit, part in enumerate(inputs) if number >> bit & 1))
