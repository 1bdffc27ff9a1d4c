"""Remaps of amplitude to 8 bits.

A remap is a curve from amplitude to grey values 0..255 whose parameters are taken once from the statistics
of a whole scene. Grey values are cut to whole numbers, as in NGA's `sarpy` 2.1.1 (module
`sarpy.visualization.remap`, `clip_cast`), whose formulas linear, log, density, PEDF and NRL follow; the
lowest grey value given to a pixel that carries data is 1, because 0 means no data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles
from oemsar.prepare.radiometry.histogram import Histogram

Parameters = Mapping[str, float]

_TOP = 255.0
_DENSITY_FLOOR = 30.0
_DENSITY_RATIO = 40.0
_DENSITY_LOW = 0.8
_NRL_KNEE = 0.8 * _TOP
_NRL_PERCENT = 99.0


def identity(amplitude: Doubles) -> Doubles:
    """Keep the amplitude as grey value, for products that the provider tuned for display already."""
    return amplitude


def linear(amplitude: Doubles, *, minimum: float, maximum: float) -> Doubles:
    """Stretch amplitudes from the minimum to the maximum of the scene linearly.

    Grey value = 255 (a - minimum) / (maximum - minimum).

    Source: sarpy `Linear`.
    """
    return _TOP * _fraction(amplitude, minimum, maximum)


def log(amplitude: Doubles, *, minimum: float, maximum: float) -> Doubles:
    """Stretch amplitudes from the least above zero to the maximum of the scene logarithmically.

    Grey value = 255 log2(1 + (a - minimum) / (maximum - minimum)).

    Source: sarpy `Logarithmic`.
    """
    grey: Doubles = _TOP * np.log2(1 + _fraction(amplitude, minimum, maximum))
    return grey


def density(amplitude: Doubles, *, mean: float) -> Doubles:
    """Stretch the logarithm between 0.8 of the mean (grey value 30) and 40 times that (grey value 255).

    With C_L = 0.8 mean and C_H = 40 C_L: grey value = 30 + (255 - 30) log10(a / C_L) / log10(C_H / C_L).
    Source: sarpy `amplitude_to_density` (dmin 30, mmult 40), after K. Mangis 1994, "Softcopy Display of
    SAR Data".
    """
    low = _DENSITY_LOW * mean
    with np.errstate(divide="ignore", over="ignore"):
        above = np.log10(amplitude / low)
    grey: Doubles = _DENSITY_FLOOR + (_TOP - _DENSITY_FLOOR) * above / np.log10(_DENSITY_RATIO)
    return grey


def pedf(amplitude: Doubles, *, mean: float) -> Doubles:
    """Apply the Piecewise Extended Density Format: density, its upper half compressed by two.

    Grey value = d up to 127.5 and (d + 127.5) / 2 above, d the grey value of `density`. Bright targets that
    `density` saturates keep their differences. Source: sarpy `PEDF`.
    """
    dense = density(amplitude, mean=mean)
    return np.where(dense > _TOP / 2, (dense + _TOP / 2) / 2, dense)


def nrl(amplitude: Doubles, *, minimum: float, maximum: float, changeover: float) -> Doubles:
    """Stretch linearly up to the 99th percentile and logarithmically above it.

    The lin-log remap of the Naval Research Laboratory.

    With the knee k = 0.8 x 255 = 204 at the changeover c: grey value = k (a - minimum) / (c - minimum) up
    to c, and k + (255 - k) log2(1 + (a - c) / (maximum - c)) above it. Source: sarpy `NRL`.
    """
    below = _NRL_KNEE * _fraction(amplitude, minimum, changeover)
    above = _NRL_KNEE + (_TOP - _NRL_KNEE) * np.log2(1 + _fraction(amplitude, changeover, maximum))
    return np.where(amplitude <= changeover, below, above)


def percentile(amplitude: Doubles, *, low: float, high: float) -> Doubles:
    """Stretch amplitudes between two percentiles of the scene linearly.

    Grey value = 255 (a - low) / (high - low). The cumulative count cut of GIS programs (QGIS user manual,
    raster symbology).
    """
    return _TOP * _fraction(amplitude, low, high)


def db_clip(amplitude: Doubles, *, low_db: float, high_db: float) -> Doubles:
    """Stretch amplitudes in dB between two limits linearly.

    Grey value = 255 (20 log10(a) - low) / (high - low). Power in dB, P = 10 log10(a^2), cut to an interval is
    the usual display of calibrated backscatter.
    """
    with np.errstate(divide="ignore"):
        decibel = 20 * np.log10(amplitude)
    return _TOP * _fraction(decibel, low_db, high_db)


class RemapLimits(Protocol):
    """Limits that a person sets, such as `RemapOptions`."""

    @property
    def percentiles(self) -> tuple[float, float]:
        """Low and high percentile of the scene, in percent."""

    @property
    def db(self) -> tuple[float, float] | None:
        """Low and high limit in dB; None takes the percentiles of the scene."""


@dataclass(frozen=True)
class Remap:
    """A curve, and the way its parameters are taken from a scene.

    Attributes:
        name: Name that chooses the remap.
        summary: One line for lists of remaps.
        curve: Grey values from amplitudes and parameters, float64 of the same shape.
        fit: Parameters from the statistics of a scene and the limits that a person sets.
    """

    name: str
    summary: str
    curve: Callable[..., Doubles]
    fit: Callable[[Histogram, RemapLimits], dict[str, float]]

    def grey(self, amplitude: Doubles, parameters: Parameters) -> NDArray[np.uint8]:
        """Remap amplitudes to grey values 1..255, 0 where the amplitude is NaN; uint8 of the same shape."""
        # an infinite grey value, of an amplitude far above those of the scene, is cut to 255 as others are
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            values = np.clip(self.curve(amplitude, **parameters), 1, _TOP)
        grey: NDArray[np.uint8] = np.where(np.isnan(amplitude), 0, values).astype(np.uint8)
        return grey


def _fraction(values: Doubles, low: float, high: float) -> Doubles:
    if low == high:
        return np.where(values > high, 1.0, 0.0)
    return np.clip((values - low) / (high - low), 0, 1)


def _decibels(histogram: Histogram, limits: RemapLimits) -> dict[str, float]:
    if limits.db is not None:
        return {"low_db": limits.db[0], "high_db": limits.db[1]}
    low, high = (max(histogram.quantile(percent), histogram.least_positive) for percent in limits.percentiles)
    return {"low_db": float(20 * np.log10(low)), "high_db": float(20 * np.log10(high))}


def _percentiles(histogram: Histogram, limits: RemapLimits) -> dict[str, float]:
    low, high = (histogram.quantile(percent) for percent in limits.percentiles)
    return {"low": low, "high": high}


def _nrl_parameters(histogram: Histogram, _: RemapLimits) -> dict[str, float]:
    return {
        "minimum": histogram.minimum,
        "maximum": histogram.maximum,
        "changeover": histogram.quantile(_NRL_PERCENT),
    }


IDENTITY = Remap(
    "identity", "amplitude as it is, for bytes that the provider tuned for display", identity, lambda *_: {}
)
LINEAR = Remap(
    "linear",
    "linear from the minimum to the maximum of the scene",
    linear,
    lambda histogram, _: {"minimum": histogram.minimum, "maximum": histogram.maximum},
)
LOG = Remap(
    "log",
    "logarithmic from the least amplitude above zero to the maximum of the scene",
    log,
    lambda histogram, _: {"minimum": histogram.least_positive, "maximum": histogram.maximum},
)
DENSITY = Remap(
    "density",
    "logarithmic from 0.8 of the mean to 40 times that",
    density,
    lambda histogram, _: {"mean": histogram.mean},
)
NRL = Remap("nrl", "linear up to the 99th percentile, logarithmic above it", nrl, _nrl_parameters)
PEDF = Remap(
    "pedf", "density, its upper half compressed by two", pedf, lambda histogram, _: {"mean": histogram.mean}
)
PERCENTILE = Remap("percentile", "linear between two percentiles of the scene", percentile, _percentiles)
DB_CLIP = Remap("db-clip", "decibels between two limits", db_clip, _decibels)
