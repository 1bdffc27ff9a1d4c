"""Facts that a radar product states about its pixels, whoever made it."""

import math
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Floats
from oemsar.errors import InputError
from oemsar.geometry.look import Look


class Encoding(Enum):
    """Relation of the value of a pixel to amplitude, before the product's scale factor."""

    MODULUS = "modulus"
    """Complex pixels: amplitude is |z|."""
    AMPLITUDE = "amplitude"
    """Real pixels that are amplitude."""
    POWER = "power"
    """Real pixels that are power (intensity): amplitude is the square root."""
    DECIBEL = "decibel"
    """Real pixels that are 10 log10(power): amplitude is 10^(value / 20)."""

    def amplitude(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert pixel values (moduli for complex pixels) to amplitude, float64; NaN where impossible."""
        if self is Encoding.DECIBEL:
            return np.power(10.0, values / 20)
        positive = np.where(values >= 0, values, np.nan)
        return np.sqrt(positive) if self is Encoding.POWER else positive

    def of_pixels(self, pixels: NDArray[Any]) -> Floats:
        """Convert pixels of any type, complex ones too, to amplitude, float32; NaN where impossible."""
        moduli = np.abs(pixels) if np.iscomplexobj(pixels) else pixels
        return self.amplitude(moduli.astype(np.float64)).astype(np.float32)


@dataclass(frozen=True)
class GainPolynomial:
    """A gain on power that varies over the image, as SICD's SigmaZeroSFPoly.

    Attributes:
        coefficients: Coefficients for metres from the scene centre point, shape (order in row + 1, order in
            column + 1).
        centre: Row and column of the scene centre point in pixels.
        spacing: Metres per row and per column.
    """

    coefficients: tuple[tuple[float, ...], ...]
    centre: tuple[float, float]
    spacing: tuple[float, float]

    def times(self, factor: float) -> "GainPolynomial":
        """Multiply the polynomial by a number."""
        rows = tuple(tuple(factor * value for value in row) for row in self.coefficients)
        return replace(self, coefficients=rows)

    def at(self, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Evaluate on the grid of `rows` and `columns` (pixels), shape (len(rows), len(columns))."""
        across = (rows - self.centre[0]) * self.spacing[0]
        along = (columns - self.centre[1]) * self.spacing[1]
        gain: NDArray[np.float64] = np.polynomial.polynomial.polygrid2d(
            across, along, np.array(self.coefficients)
        )
        return gain


@dataclass(frozen=True)
class Calibration:
    """Physical meaning of the squared amplitude.

    Attributes:
        quantity: `sigma0` (per ground area), `beta0` (per slant range area) or `gamma0` (per area seen from
            the sensor).
        gain: Factor from squared amplitude to the quantity: a number, or a polynomial over the image.
        quality: Provider's own word on the calibration, such as `full`; empty where there is none.
    """

    quantity: Literal["sigma0", "beta0", "gamma0"]
    gain: float | GainPolynomial = 1.0
    quality: str = ""


@dataclass(frozen=True)
class Product:
    """Facts of a radar product, as far as its file and the files beside it state them.

    Attributes:
        kind: Name of the kind, such as `capella-slc`.
        encoding: Relation of pixels to amplitude.
        scale: Factor of the amplitude after `encoding`.
        display_tuned: Whether the provider adapted the brightness for viewing, so that amplitude is not
            proportional to the field that came back.
        calibration: Meaning of the squared amplitude; None where the file carries no calibration.
        look: Look azimuth and incidence angle at the scene centre; None where unknown.
        projection_height: Ellipsoidal metres of the plane a ground range product lies on; None where unknown.
        polarisation: Transmitted and received, such as `VV`; one for each band, joined by commas.
        time: Time of the acquisition; None where unknown.
        attribution: Words that a publication of derived images must carry.
        licence: Terms of the data.
    """

    kind: str
    encoding: Encoding
    scale: float = 1.0
    display_tuned: bool = False
    calibration: Calibration | None = None
    look: Look | None = None
    projection_height: float | None = None
    polarisation: str | None = None
    time: datetime | None = None
    attribution: str = ""
    licence: str = ""


def sigma_nought_gain(product: Product, name: str) -> float | GainPolynomial:
    """Find the factor from squared amplitude (scale factor included) to sigma nought.

    Beta nought becomes sigma nought by sigma0 = beta0 sin(incidence) (Small 2011, Flattening Gamma, IEEE
    TGRS 49(8), section II), with the incidence angle of the scene centre on flat ground.

    Args:
        product: Facts of the product.
        name: File, for messages.

    Raises:
        InputError: The product carries no calibration that leads to sigma nought.
    """
    calibration = product.calibration
    if product.display_tuned:
        raise InputError(
            f"{name} ({product.kind}) is tuned for display and carries no calibration; use amplitude",
            option="sigma0",
        )
    if calibration is None:
        raise InputError(f"{name} ({product.kind}) carries no calibration; use amplitude", option="sigma0")
    if calibration.quantity == "sigma0":
        return calibration.gain
    if calibration.quantity == "beta0" and product.look is None:
        raise InputError(
            f"{name} is calibrated to beta nought and states no incidence angle; give both angles, or use "
            "amplitude",
            option=("incidence", "look_azimuth", "sigma0"),
        )
    if calibration.quantity == "beta0" and product.look is not None:
        factor = math.sin(math.radians(product.look.incidence))
        gain = calibration.gain
        return gain.times(factor) if isinstance(gain, GainPolynomial) else gain * factor
    raise InputError(
        f"{name} is calibrated to {_NAMES[calibration.quantity]}, which becomes sigma nought only with the "
        "local incidence angle of every pixel; use amplitude",
        option="sigma0",
    )


_NAMES = {"sigma0": "sigma nought", "beta0": "beta nought", "gamma0": "gamma nought"}
