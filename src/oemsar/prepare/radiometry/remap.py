"""Amplitude to 8 bits by name.

A remap is a curve from amplitude to grey values 0..255 whose parameters are taken once from the statistics
of a whole scene. Grey values are cut to whole numbers, as in NGA's `sarpy` 2.1.1 (module
`sarpy.visualization.remap`, `clip_cast`), whose formulas linear, log, density, PEDF and NRL follow; the
lowest grey value given to a pixel that carries data is 1, because 0 means no data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.prepare.radiometry.histogram import Histogram

Amplitude = NDArray[np.float64]
Parameters = Mapping[str, float]

_TOP = 255.0
_DENSITY_FLOOR = 30.0
_DENSITY_RATIO = 40.0
_DENSITY_LOW = 0.8
_NRL_KNEE = 0.8 * _TOP
_NRL_PERCENT = 99.0


def identity(amplitude: Amplitude) -> Amplitude:
    """Grey value = amplitude, for products that the provider tuned for display already."""
    return amplitude


def linear(amplitude: Amplitude, *, minimum: float, maximum: float) -> Amplitude:
    """Grey value = 255 (a - minimum) / (maximum - minimum); minimum and maximum of the scene.

    Source: sarpy `Linear`.
    """
    return _TOP * _fraction(amplitude, minimum, maximum)


def log(amplitude: Amplitude, *, minimum: float, maximum: float) -> Amplitude:
    """Grey value = 255 log2(1 + (a - minimum) / (maximum - minimum)); minimum above zero and maximum.

    Source: sarpy `Logarithmic`.
    """
    grey: Amplitude = _TOP * np.log2(1 + _fraction(amplitude, minimum, maximum))
    return grey


def density(amplitude: Amplitude, *, mean: float) -> Amplitude:
    """Logarithmic between 0.8 of the mean (grey value 30) and 40 times that (grey value 255).

    With C_L = 0.8 mean and C_H = 40 C_L: grey value = 30 + (255 - 30) log10(a / C_L) / log10(C_H / C_L).
    Source: sarpy `amplitude_to_density` (dmin 30, mmult 40), after K. Mangis 1994, "Softcopy Display of
    SAR Data".
    """
    low = _DENSITY_LOW * mean
    with np.errstate(divide="ignore"):
        above = np.log10(amplitude / low)
    grey: Amplitude = _DENSITY_FLOOR + (_TOP - _DENSITY_FLOOR) * above / np.log10(_DENSITY_RATIO)
    return grey


def pedf(amplitude: Amplitude, *, mean: float) -> Amplitude:
    """Piecewise Extended Density Format: density, whose upper half is compressed by two.

    Grey value = d up to 127.5 and (d + 127.5) / 2 above, d the grey value of `density`. Bright targets that
    `density` saturates keep their differences. Source: sarpy `PEDF`.
    """
    dense = density(amplitude, mean=mean)
    return np.where(dense > _TOP / 2, (dense + _TOP / 2) / 2, dense)


def nrl(amplitude: Amplitude, *, minimum: float, maximum: float, changeover: float) -> Amplitude:
    """Linear up to the 99th percentile, logarithmic above it (Naval Research Laboratory's lin-log).

    With the knee k = 0.8 x 255 = 204 at the changeover c: grey value = k (a - minimum) / (c - minimum) up
    to c, and k + (255 - k) log2(1 + (a - c) / (maximum - c)) above it. Source: sarpy `NRL`.
    """
    below = _NRL_KNEE * _fraction(amplitude, minimum, changeover)
    above = _NRL_KNEE + (_TOP - _NRL_KNEE) * np.log2(1 + _fraction(amplitude, changeover, maximum))
    return np.where(amplitude <= changeover, below, above)


def percentile(amplitude: Amplitude, *, low: float, high: float) -> Amplitude:
    """Grey value = 255 (a - low) / (high - low), low and high two percentiles of the scene.

    The cumulative count cut of GIS programs (QGIS user manual, raster symbology).
    """
    return _TOP * _fraction(amplitude, low, high)


def db_clip(amplitude: Amplitude, *, low_db: float, high_db: float) -> Amplitude:
    """Grey value = 255 (20 log10(a) - low) / (high - low) with low and high in dB.

    Power in dB, P = 10 log10(a^2), cut to an interval: the usual display of calibrated backscatter.
    """
    with np.errstate(divide="ignore"):
        decibel = 20 * np.log10(amplitude)
    return _TOP * _fraction(decibel, low_db, high_db)


@dataclass(frozen=True)
class Choice:
    """What a person may set of a remap.

    Attributes:
        percentiles: the low and the high percentile of `percentile` and `db-clip`.
        decibels: limits of `db-clip` in dB; None takes the percentiles of the scene.
    """

    percentiles: tuple[float, float] = (1.0, 99.0)
    decibels: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        low, high = self.percentiles
        if not 0 <= low < high <= 100:
            raise InputError(f"percentiles {low:g} {high:g} are not two rising numbers between 0 and 100")
        if self.decibels is not None and not self.decibels[0] < self.decibels[1]:
            raise InputError(f"dB limits {self.decibels[0]:g} {self.decibels[1]:g} do not rise")


@dataclass(frozen=True)
class Remap:
    """A curve and how its parameters are taken from a scene.

    Attributes:
        name: as given to `--remap`.
        curve: amplitude and parameters to grey values.
        fit: statistics of the scene to parameters.
    """

    name: str
    curve: Callable[..., Amplitude]
    fit: Callable[[Histogram, Choice], dict[str, float]]

    def grey(self, amplitude: Amplitude, parameters: Parameters) -> NDArray[np.uint8]:
        """Grey values 1..255 of amplitudes, 0 where the amplitude is NaN; uint8 of the same shape."""
        with np.errstate(invalid="ignore"):
            values = np.clip(self.curve(amplitude, **parameters), 1, _TOP)
        grey: NDArray[np.uint8] = np.where(np.isnan(amplitude), 0, values).astype(np.uint8)
        return grey


def _fraction(values: Amplitude, low: float, high: float) -> Amplitude:
    if low == high:
        return np.where(values > high, 1.0, 0.0)
    return np.clip((values - low) / (high - low), 0, 1)


def _decibels(histogram: Histogram, choice: Choice) -> dict[str, float]:
    if choice.decibels is not None:
        return {"low_db": choice.decibels[0], "high_db": choice.decibels[1]}
    low, high = (max(histogram.quantile(percent), histogram.least_positive) for percent in choice.percentiles)
    return {"low_db": float(20 * np.log10(low)), "high_db": float(20 * np.log10(high))}


def _percentiles(histogram: Histogram, choice: Choice) -> dict[str, float]:
    low, high = (histogram.quantile(percent) for percent in choice.percentiles)
    return {"low": low, "high": high}


def _nrl_parameters(histogram: Histogram, _: Choice) -> dict[str, float]:
    return {
        "minimum": histogram.minimum,
        "maximum": histogram.maximum,
        "changeover": histogram.quantile(_NRL_PERCENT),
    }


REMAPS = {
    remap.name: remap
    for remap in (
        Remap("identity", identity, lambda histogram, _: {}),
        Remap(
            "linear",
            linear,
            lambda histogram, _: {"minimum": histogram.minimum, "maximum": histogram.maximum},
        ),
        Remap(
            "log",
            log,
            lambda histogram, _: {"minimum": histogram.least_positive, "maximum": histogram.maximum},
        ),
        Remap("density", density, lambda histogram, _: {"mean": histogram.mean}),
        Remap("nrl", nrl, _nrl_parameters),
        Remap("pedf", pedf, lambda histogram, _: {"mean": histogram.mean}),
        Remap("percentile", percentile, _percentiles),
        Remap("db-clip", db_clip, _decibels),
    )
}
"""The remaps by name."""


def find_remap(name: str) -> Remap:
    """The remap called `name`; case, blanks, hyphens and underscores do not matter.

    Raises:
        InputError: there is none of that name.
    """
    wanted = _plain(name)
    for remap in REMAPS.values():
        if _plain(remap.name) == wanted:
            return remap
    raise InputError(f"remap {name} is not known; choose one of {', '.join(REMAPS)}")


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
