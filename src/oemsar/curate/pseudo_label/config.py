"""Options of pseudo labels."""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from oemsar.errors import InputError
from oemsar.inference.config import InferenceConfig, Scales

_SMALLEST, _LARGEST, _MOST = 1e-3, 1e3, 64


def _split(given: Any) -> Any:  # noqa: ANN401 (anything may be given)
    """Split numbers that are written in one word, such as `2,1`."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        return (given,)
    if not isinstance(given, str):
        return given
    try:
        return tuple(float(part) for part in given.replace(",", " ").split())
    except ValueError as error:
        raise InputError(
            f"{given} is no list of weights; give numbers, such as 2,1", option="weights"
        ) from error


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


class PseudoLabelConfig(InferenceConfig):
    """Views that the models are averaged over, and what becomes of pixels that they are not sure of."""

    flips: bool = True
    """Average over four mirror images."""
    scales: Scales = (0.75, 1.0, 1.25)
    """Average over the image at several sizes: factors of its sides, such as 0.75,1,1.25."""
    weights: Annotated[tuple[float, ...], BeforeValidator(_split), AfterValidator(_meant)] = ()
    """Weights of the models in the mean, in their order, such as 2,1; equal by default."""
    threshold: float = Field(0.0, ge=0, le=1)
    """Confidence under which a pixel is not sure, 0 to 1."""
    below: Literal["unknown", "keep"] = "unknown"
    """Fate of pixels under the threshold: they become 0, unknown, or keep their class."""
    probabilities: bool = False
    """Write the probabilities of all classes as bytes, too, for training on soft labels."""
