"""Probabilities that mean what they say: a scaling, and thresholds of prediction sets."""

import itertools
from typing import Annotated, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator

from oemsar.config_file import Value
from oemsar.errors import InputError
from oemsar.legend import NUM_CLASSES
from oemsar.models.calibration_kind import CalibrationKind

Eight = Annotated[tuple[float, ...], Field(min_length=NUM_CLASSES, max_length=NUM_CLASSES)]
Share = Annotated[float, Field(ge=0, le=1)]
_Scale = Annotated[float, Field(ge=1e-3, le=1e3)]
_Shift = Annotated[float, Field(ge=-100, le=100)]

LEAST = 1e-12
"""Probability that stands for 0, of which there is no logarithm."""
COVERAGES = (*tuple(round(0.5 + 0.01 * step, 2) for step in range(50)), 0.995, 0.999)
"""Coverages whose thresholds are kept; those between are interpolated."""


class Calibration(Value):
    """Scaling of the probabilities of a network, and thresholds of its prediction sets.

    The calibrated probability of class k is softmax(scale_k log p_k + shift_k) of the network's own p: with
    one scale 1/T and no shift it is temperature scaling, with eight of each vector scaling (Guo et al. 2017,
    arXiv 1706.04599).
    """

    kind: CalibrationKind
    """Number of values that were fitted."""
    scale: Annotated[tuple[_Scale, ...], Field(min_length=NUM_CLASSES, max_length=NUM_CLASSES)]
    """Factor of the logarithm of each class's probability, in legend order; 1/T of a temperature T."""
    shift: Annotated[tuple[_Shift, ...], Field(min_length=NUM_CLASSES, max_length=NUM_CLASSES)]
    """Summand of each class, in legend order."""
    coverages: tuple[Share, ...]
    """Promised coverages, rising, of the columns of `thresholds`."""
    thresholds: Annotated[
        tuple[tuple[Share, ...], ...], Field(min_length=NUM_CLASSES, max_length=NUM_CLASSES)
    ]
    """Least calibrated probability at which a class belongs to a set, by class and coverage."""
    regions: int = Field(ge=1)
    """Number of regions that it was fitted on; each counts the same."""
    pixels: int = Field(ge=1)
    """Number of pixels that it was fitted on."""
    split: str
    """Split of the tiles that it was fitted on."""
    likelihood: tuple[float, float]
    """Mean negative log-likelihood of the true class on those pixels, before and after."""
    flips: bool = False
    """Whether the probabilities were means over mirror images."""
    scales: tuple[float, ...] = (1.0,)
    """Sizes of the images that the probabilities were means over."""

    @model_validator(mode="after")
    def _thresholds_fit(self) -> Self:
        if any(len(row) != len(self.coverages) for row in self.thresholds) or len(self.coverages) < 2:
            raise InputError("a threshold for each class and coverage is needed")
        if any(low >= high for low, high in zip(self.coverages, self.coverages[1:], strict=False)):
            raise InputError("the coverages must rise")
        if any(low < high for row in self.thresholds for low, high in itertools.pairwise(row)):
            raise InputError("the thresholds must fall where the coverages rise")
        return self

    def apply(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scale probabilities, float32, shape (8, ...); they sum to 1 afterwards."""
        shape = (-1, *(1,) * (probabilities.ndim - 1))
        logits = torch.from_numpy(probabilities).clamp_min(LEAST).log()
        logits *= torch.tensor(self.scale).view(shape)
        logits += torch.tensor(self.shift).view(shape)
        scaled: NDArray[np.float32] = logits.softmax(0).numpy()
        return scaled

    def thresholds_at(self, coverage: float) -> NDArray[np.float32]:
        """Interpolate the thresholds of the eight classes at a coverage, float32, shape (8,).

        Raises:
            InputError: The coverage lies outside those that the thresholds were found for.
        """
        low, high = self.coverages[0], self.coverages[-1]
        if not low <= coverage <= high:
            raise InputError(
                f"a coverage of {coverage:g} cannot be promised; give {low:g} to {high:g}", option="sets"
            )
        return np.array([np.interp(coverage, self.coverages, row) for row in self.thresholds], np.float32)
