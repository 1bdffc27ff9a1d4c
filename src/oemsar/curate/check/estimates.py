"""Accuracy of a map and area of its classes, estimated from a stratified probability sample of tiles.

The sampling unit is a tile, whose pixels are all compared: a cluster. Every figure is a ratio y / x of two
totals over the population, such as pixels of a class that are mapped right to pixels of the class, estimated
by sum N_h mean(y_h) / sum N_h mean(x_h) with the variance of the combined ratio estimator (Cochran 1977,
Sampling techniques, 6.11 and 6.12; Stehman 2014, Estimating area and map accuracy for stratified random
sampling when the strata are different from the map classes). Where units are single pixels and strata the
classes of the map, these are the estimators of Olofsson et al. (2014, Good practices for estimating area and
assessing accuracy of land change).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from oemsar.arrays import Doubles
from oemsar.config_file import Value
from oemsar.legend import NAMES

_Z = 1.959963984540054
"""Quantile of the normal distribution for an interval of 95 %."""


class Estimate(Value):
    """An estimate and its interval of 95 %."""

    value: float
    """Estimate, 0..1."""
    standard_error: float | None
    """Standard error; None where a stratum has a single tile of several."""
    low: float | None
    """Lower end of the interval."""
    high: float | None
    """Upper end of the interval."""


class ClassEstimates(Value):
    """Estimates of one class; None where the sample says nothing of it."""

    area_share: Estimate | None
    """Share of the ground that is the class, by the reference."""
    hectares: float | None
    """Area of the class in hectares; None where the size of the tiles is not known."""
    hectares_low: float | None
    """Lower end of its interval."""
    hectares_high: float | None
    """Upper end of its interval."""
    users_accuracy: Estimate | None
    """Share of the ground mapped as the class that is the class."""
    producers_accuracy: Estimate | None
    """Share of the ground of the class that is mapped as such."""


class Estimates(Value):
    """Design-based estimates from a probability sample."""

    tiles: int
    """Number of tiles in the sample that are labelled."""
    population: float
    """Number of tiles that the sample stands for."""
    overall_accuracy: Estimate | None
    """Share of the ground that is mapped right."""
    classes: dict[str, ClassEstimates]
    """Estimates of each class by its name, in legend order."""


@dataclass(frozen=True, eq=False)
class Unit:
    """A tile of a sample.

    Attributes:
        stratum: Stratum that it was drawn in.
        confusion: Pixels, rows reference and columns map, shape (classes, classes).
    """

    stratum: str
    confusion: Doubles


def estimate(units: Sequence[Unit], sizes: Mapping[str, float], hectares: float | None = None) -> Estimates:
    """Estimate accuracies and areas.

    Args:
        units: Labelled tiles of the sample.
        sizes: Number of tiles of each stratum in the population.
        hectares: Area of the population; None where it is not known.
    """
    design = _Design.of(units, sizes)
    matrices = np.stack([unit.confusion for unit in units])
    total = matrices.sum((1, 2))
    classes = {}
    for index, name in enumerate(NAMES):
        hits, reference, mapped = (
            matrices[:, index, index],
            matrices[:, index].sum(1),
            matrices[:, :, index].sum(1),
        )
        share = design.ratio(reference, total)
        ends = (None, None, None) if share is None else (share.value, share.low, share.high)
        areas = [None if hectares is None or end is None else end * hectares for end in ends]
        classes[name] = ClassEstimates(
            area_share=share,
            hectares=areas[0],
            hectares_low=areas[1],
            hectares_high=areas[2],
            users_accuracy=design.ratio(hits, mapped),
            producers_accuracy=design.ratio(hits, reference),
        )
    return Estimates(
        tiles=len(units),
        population=sum(sizes[name] for name in design.names),
        overall_accuracy=design.ratio(np.trace(matrices, axis1=1, axis2=2), total),
        classes=classes,
    )


@dataclass(frozen=True, eq=False)
class _Design:
    """Strata of a sample.

    Attributes:
        names: Names of the strata.
        members: Indices of the units of each.
        sizes: Number of tiles of each in the population.
    """

    names: tuple[str, ...]
    members: tuple[list[int], ...]
    sizes: tuple[float, ...]

    @classmethod
    def of(cls, units: Sequence[Unit], sizes: Mapping[str, float]) -> "_Design":
        names = tuple(dict.fromkeys(unit.stratum for unit in units))
        members = tuple([n for n, unit in enumerate(units) if unit.stratum == name] for name in names)
        return cls(names, members, tuple(sizes[name] for name in names))

    def ratio(self, y: Doubles, x: Doubles) -> Estimate | None:
        """Estimate the ratio of two totals; None where the second is 0."""
        totals = [
            sum(
                size * float(values[chosen].mean())
                for chosen, size in zip(self.members, self.sizes, strict=True)
            )
            for values in (y, x)
        ]
        if not totals[1]:
            return None
        value = totals[0] / totals[1]
        variance = self._variance(y - value * x)
        if variance is None:
            return Estimate(value=value, standard_error=None, low=None, high=None)
        error = math.sqrt(variance) / totals[1]
        low, high = max(0.0, value - _Z * error), min(1.0, value + _Z * error)
        return Estimate(value=value, standard_error=error, low=low, high=high)

    def _variance(self, residuals: Doubles) -> float | None:
        """Compute the variance of an estimated total; None where a stratum has one unit of several."""
        variance = 0.0
        for chosen, size in zip(self.members, self.sizes, strict=True):
            number = len(chosen)
            if number >= size:
                continue
            if number < 2:
                return None
            spread = float(residuals[chosen].var(ddof=1))
            variance += size**2 * (1 - number / size) * spread / number
        return variance
