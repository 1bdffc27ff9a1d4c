"""Options of pseudo labels."""

import math
from functools import partial
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from oemsar.config_file import split_numbers
from oemsar.errors import InputError
from oemsar.inference.config import InferenceConfig, Scales

_SMALLEST, _LARGEST, _MOST = 1e-3, 1e3, 64


def _meant(weights: tuple[float, ...]) -> tuple[float, ...]:
    """Check that weights are few and can be told apart from none."""
    if len(weights) > _MOST:
        raise InputError(f"{len(weights)} weights are given; give at most {_MOST}", option="weights")
    for weight in weights:
        if not (math.isfinite(weight) and _SMALLEST <= weight <= _LARGEST):
            raise InputError(
                f"a weight of {weight:g} is out of range; give {_SMALLEST:g} to {_LARGEST:g}",
                option="weights",
            )
    return weights


_SPLIT = BeforeValidator(partial(split_numbers, option="weights", example="2,1"))


class PseudoLabelConfig(InferenceConfig):
    """Views that the models are averaged over, and what becomes of pixels that they are not sure of."""

    flips: bool = True
    """Average over four mirror images."""
    scales: Scales = (0.75, 1.0, 1.25)
    """Average over the image at several sizes: factors of its sides, such as 0.75,1,1.25."""
    weights: Annotated[tuple[float, ...], _SPLIT, AfterValidator(_meant)] = ()
    """Weights of the models in the mean, in their order, such as 2,1; equal by default."""
    threshold: float = Field(0.0, ge=0, le=1)
    """Confidence under which a pixel is not sure, 0 to 1."""
    below: Literal["unknown", "keep"] = "unknown"
    """Fate of pixels under the threshold: they become 0, unknown, or keep their class."""
    probabilities: bool = False
    """Write the probabilities of all classes as bytes, too, for training on soft labels."""
