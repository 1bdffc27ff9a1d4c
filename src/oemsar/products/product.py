"""What a radar product says about its pixels, whoever made it."""

import math
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.geometry.look import Look


class Encoding(Enum):
    """How the value of a pixel becomes amplitude, before the product's scale factor."""

    MODULUS = "modulus"
    """Complex pixels: amplitude is |z|."""
    AMPLITUDE = "amplitude"
    """Real pixels that are amplitude."""
    POWER = "power"
    """Real pixels that are power (intensity): amplitude is the square root."""
    DECIBEL = "decibel"
    """Real pixels that are 10 log10(power): amplitude is 10^(value / 20)."""

    def amplitude(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Amplitude of pixel values (moduli for complex pixels), float64, NaN where a value can be none."""
        if self is Encoding.DECIBEL:
            return np.power(10.0, values / 20)
        positive = np.where(values >= 0, values, np.nan)
        return np.sqrt(positive) if self is Encoding.POWER else positive


@dataclass(frozen=True)
class GainPolynomial:
    """A gain on power that varies over the image, as SICD's SigmaZeroSFPoly.

    Attributes:
        coefficients: shape (order in row + 1, order in column + 1), for metres from the scene centre point.
        centre: row and column of the scene centre point in pixels.
        spacing: metres per row and per column.
    """

    coefficients: tuple[tuple[float, ...], ...]
    centre: tuple[float, float]
    spacing: tuple[float, float]

    def times(self, factor: float) -> "GainPolynomial":
        """The polynomial multiplied by a number."""
        rows = tuple(tuple(factor * value for value in row) for row in self.coefficients)
        return replace(self, coefficients=rows)

    def at(self, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gain on the grid of `rows` and `columns` (pixels), shape (len(rows), len(columns))."""
        across = (rows - self.centre[0]) * self.spacing[0]
        along = (columns - self.centre[1]) * self.spacing[1]
        gain: NDArray[np.float64] = np.polynomial.polynomial.polygrid2d(
            across, along, np.array(self.coefficients)
        )
        return gain


@dataclass(frozen=True)
class Calibration:
    """What the squared amplitude is, physically.

    Attributes:
        quantity: `sigma0` (per ground area), `beta0` (per slant range area) or `gamma0` (per area seen from
            the sensor).
        gain: factor from squared amplitude to the quantity: a number, or a polynomial over the image.
        quality: the provider's own word on the calibration, such as `full`; empty where it says none.
    """

    quantity: Literal["sigma0", "beta0", "gamma0"]
    gain: float | GainPolynomial = 1.0
    quality: str = ""


@dataclass(frozen=True)
class Product:
    """A radar product, as far as its file and the files beside it tell.

    Attributes:
        kind: name of the kind, such as `capella-slc`.
        encoding: how pixels become amplitude.
        scale: factor of the amplitude after `encoding`.
        display_tuned: the provider adapted the brightness for viewing, so amplitude is not proportional to
            the field that came back.
        calibration: what squared amplitude is; None where the file carries no calibration.
        look: look azimuth and incidence angle at the scene centre; None where unknown.
        projection_height: ellipsoidal metres of the plane a ground range product lies on; None where unknown.
        polarisation: transmitted and received, such as `VV`; one for each band, joined by commas.
        time: of the acquisition; None where unknown.
        attribution: what a publication of derived images must say.
        licence: terms of the data.
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
    """Factor from squared amplitude (scale factor included) to sigma nought.

    Beta nought becomes sigma nought by sigma0 = beta0 sin(incidence) (Small 2011, Flattening Gamma, IEEE
    TGRS 49(8), section II), with the incidence angle of the scene centre on flat ground.

    Args:
        product: what the file is.
        name: the file, for the message.

    Raises:
        InputError: the product carries no calibration that leads to sigma nought.
    """
    calibration = product.calibration
    if product.display_tuned:
        raise InputError(
            f"{name} ({product.kind}) is tuned for display and carries no calibration; leave --sigma0 out"
        )
    if calibration is None:
        raise InputError(f"{name} ({product.kind}) carries no calibration; leave --sigma0 out")
    if calibration.quantity == "sigma0":
        return calibration.gain
    if calibration.quantity == "beta0" and product.look is None:
        raise InputError(
            f"{name} is calibrated to beta nought and tells no incidence angle; add --incidence and "
            "--look-azimuth, or leave --sigma0 out"
        )
    if calibration.quantity == "beta0" and product.look is not None:
        factor = math.sin(math.radians(product.look.incidence))
        gain = calibration.gain
        return gain.times(factor) if isinstance(gain, GainPolynomial) else gain * factor
    raise InputError(
        f"{name} is calibrated to {_NAMES[calibration.quantity]}, which becomes sigma nought only with the "
        "local incidence angle of every pixel; leave --sigma0 out"
    )


_NAMES = {"sigma0": "sigma nought", "beta0": "beta nought", "gamma0": "gamma nought"}
