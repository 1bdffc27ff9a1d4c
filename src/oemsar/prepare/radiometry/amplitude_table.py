"""Pixels as positions in a table of amplitudes, so that statistics and remaps are one table look-up.

Pixels of 8 and 16 bits are their own position: the table is exact. For floating-point pixels the position
is the upper 20 bits of the 32-bit pattern of the value (of the modulus, for complex pixels): sign,
exponent and 11 bits of mantissa. All values of one position agree within a factor of 1 + 2^-11; the table
holds the middle, so an amplitude is kept to half of 2^-11, 0.024 % or 0.002 dB. What is not finite has
positions of its own.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oemsar.products.product import Encoding

_SHIFT = 12
_POSITIONS = 1 << (32 - _SHIFT)


@dataclass(frozen=True, eq=False)
class Levels:
    """The table of a scene.

    Attributes:
        amplitudes: float64, amplitude of every position, NaN where the position is no amplitude.
        zero: amplitude of the pixel value 0, which pads a raster around the collect: position 0.
        relative_error: by how much an amplitude of the table can differ from the pixel's, relatively.
    """

    amplitudes: NDArray[np.float64]
    relative_error: float
    exact: bool

    def positions(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Position of each pixel in the table: unsigned integers of the same shape."""
        if self.exact:
            return pixels
        values = np.abs(pixels) if np.iscomplexobj(pixels) else pixels
        bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
        return bits >> np.uint32(_SHIFT)


def levels_of(dtype: np.dtype[Any], encoding: Encoding, scale: float) -> Levels:
    """The table for pixels of `dtype`.

    Args:
        dtype: type of the pixels.
        encoding: how they become amplitude.
        scale: factor of the amplitude.
    """
    if dtype in (np.uint8, np.uint16):
        values = np.arange(np.iinfo(dtype).max + 1, dtype=np.float64)
        return Levels(encoding.amplitude(values) * scale, 0.0, exact=True)
    lower = (np.arange(_POSITIONS, dtype=np.uint32) << np.uint32(_SHIFT)).view(np.float32)
    upper = (np.arange(_POSITIONS, dtype=np.uint32) << np.uint32(_SHIFT) | np.uint32(0xFFF)).view(np.float32)
    with np.errstate(all="ignore"):
        middle = (lower.astype(np.float64) + upper) / 2
        middle[[0, _POSITIONS // 2]] = 0
        amplitudes = encoding.amplitude(middle) * scale
    amplitudes[~np.isfinite(lower) | ~np.isfinite(amplitudes)] = np.nan
    return Levels(amplitudes, _RELATIVE_ERROR[encoding], exact=False)


_HALF_STEP = 2.0**-12
_RELATIVE_ERROR = {
    Encoding.MODULUS: _HALF_STEP,
    Encoding.AMPLITUDE: _HALF_STEP,
    Encoding.POWER: _HALF_STEP / 2,
    # of the value in dB, at 40 dB: 10^(40 * 2^-12 / 20) - 1
    Encoding.DECIBEL: 10 ** (40 * _HALF_STEP / 20) - 1,
}
