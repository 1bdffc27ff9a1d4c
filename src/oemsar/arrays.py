"""Arrays: their types, and the linear stretch of their values to 8 bits."""

import zipfile
import zlib
from dataclasses import dataclass
from struct import error as StructError
from tokenize import TokenError
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Doubles: TypeAlias = NDArray[np.float64]
Imagery: TypeAlias = NDArray[np.uint8] | NDArray[np.float32]
"""Images that a network sees: grey values, or values in the unit of each input, NaN where there are none."""

ARRAY_FAULTS = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    EOFError,
    SyntaxError,
    TokenError,
    StructError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""Exceptions of numpy and of the standard library for a damaged .npy or .npz file."""


@dataclass(frozen=True)
class Stretch:
    """Linear stretch to 8 bits, clipped outside; complex pixels by their modulus.

    Attributes:
        low: Value that becomes 0.
        high: Value that becomes 255.
    """

    low: float
    high: float

    def apply(self, pixels: NDArray[Any]) -> NDArray[np.uint8]:
        """Stretch pixels to uint8 of the same shape; pixels that are not finite become 0."""
        values = amplitude(pixels)
        with np.errstate(over="ignore", invalid="ignore"):  # beyond float32 is beyond the limits, too
            scaled = (values - np.float32(self.low)) * np.float32(255 / (self.high - self.low))
        scaled = np.nan_to_num(scaled, nan=0, posinf=255, neginf=0)
        stretched: NDArray[np.uint8] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
        return stretched


def pick(bands: NDArray[Any], where: NDArray[np.bool_]) -> NDArray[Any]:
    """Take the marked pixels of every band, shape (bands, pixels).

    Band by band, which is many times faster than numpy's index of all bands at once.

    Args:
        bands: Shape (bands, *shape).
        where: Marked pixels, of that shape.
    """
    return np.stack([band[where] for band in bands])


def put(bands: NDArray[Any], where: NDArray[Any], values: NDArray[Any]) -> None:
    """Write values (bands, pixels) into pixels of every band, band by band as `pick` takes them.

    Args:
        bands: Shape (bands, *shape), written in place.
        where: Marked pixels, of that shape, or indices of pixels of flat bands.
        values: A value for each of them.
    """
    for band, own in zip(bands, values, strict=True):
        band[where] = own


def amplitude(pixels: NDArray[Any]) -> Floats:
    """Take the modulus of complex pixels, float32; real pixels keep their values."""
    with np.errstate(over="ignore"):  # a modulus beyond float32 is infinite
        return (np.abs(pixels) if np.iscomplexobj(pixels) else pixels).astype(np.float32)
