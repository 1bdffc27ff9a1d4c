"""Options of every verb that runs a network."""

import math
from itertools import pairwise
from typing import Annotated, Any, TypedDict

from pydantic import AfterValidator, BeforeValidator

from oemsar.config_file import Config, split_numbers
from oemsar.errors import InputError
from oemsar.inference.options import DeviceKind, EngineKind

OWN_SIZE = (1.0,)
"""Scales of an image that is seen at its own size alone."""
_SMALLEST, _LARGEST, _MOST = 0.25, 4.0, 8
_SAME = 1e-6


def _numbers(given: Any) -> Any:  # noqa: ANN401 (anything may be given)
    """Split what is written in one word and refuse numbers that are not finite."""
    numbers = split_numbers(given, "scales", "0.75,1,1.25")
    for number in numbers if isinstance(numbers, list | tuple) else ():
        if isinstance(number, float) and not math.isfinite(number):
            raise InputError(f"{number} is not a finite number; give one", option="scales")
    return numbers


def _meant(scales: tuple[float, ...]) -> tuple[float, ...]:
    """Check that there are scales, few, each once, and near the size that a network was trained at."""
    if not 1 <= len(scales) <= _MOST:
        raise InputError(f"{len(scales)} scales are given; give 1 to {_MOST}", option="scales")
    if wrong := [scale for scale in scales if not _SMALLEST <= scale <= _LARGEST]:
        raise InputError(
            f"a scale of {wrong[0]:g} is out of range; give {_SMALLEST:g} to {_LARGEST:g}", option="scales"
        )
    ordered = sorted(scales)
    if any(larger - smaller <= _SAME for smaller, larger in pairwise(ordered)):
        raise InputError("a scale is given twice; give each once", option="scales")
    return scales


Scales = Annotated[tuple[float, ...], BeforeValidator(_numbers), AfterValidator(_meant)]
"""Factors of the size of an image; on the command line and in files also as `0.75,1,1.25`."""


class EngineOptions(TypedDict):
    """Options of `oemsar.inference.select.open_model`."""

    engine: EngineKind
    device: DeviceKind
    flips: bool
    scales: tuple[float, ...]


class InferenceConfig(Config):
    """Engine and device that run a network, and its test-time augmentation."""

    flips: bool = False
    """Average over four mirror images: slower, better."""
    scales: Scales = OWN_SIZE
    """Average over the image at several sizes: factors of its sides, such as 0.75,1,1.25."""
    engine: EngineKind = "auto"
    """Library that runs the network."""
    device: DeviceKind = "auto"
    """Device that runs the network."""

    @property
    def engine_options(self) -> EngineOptions:
        """Options with which a network is opened."""
        return {
            "engine": self.engine,
            "device": self.device,
            "flips": self.flips,
            "scales": self.scales,
        }

    @property
    def unrecorded(self) -> set[str]:
        """Names of options that a record leaves out, since they are at their default."""
        return {"scales"} if self.scales == OWN_SIZE else set()
