"""Table of amplitudes that pixels are indices of, so that statistics and remaps are one table look-up.

Pixels of 8 and 16 bits are their own index: the table is exact. For floating-point pixels the index is the
upper 20 bits of the 32-bit pattern of the value (of the modulus, for complex pixels): sign, exponent and 11
bits of mantissa. All values of one index agree within a factor of 1 + 2^-11; the table holds the middle, so
an amplitude is kept to half of 2^-11, 0.024 % or 0.002 dB. Values that are not finite have indices of their
own.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles
from oemsar.products.product import Encoding

_SHIFT = 12
_SIZE = 1 << (32 - _SHIFT)


_HALF_STEP = 2.0**-12
_RELATIVE_ERROR = {
    Encoding.MODULUS: _HALF_STEP,
    Encoding.AMPLITUDE: _HALF_STEP,
    Encoding.POWER: _HALF_STEP / 2,
    # of the value in dB, at 40 dB: 10^(40 * 2^-12 / 20) - 1
    Encoding.DECIBEL: 10 ** (40 * _HALF_STEP / 20) - 1,
}


@dataclass(frozen=True, eq=False)
class AmplitudeTable:
    """Amplitudes of the pixel values of a scene. The pixel value 0 has index 0.

    Attributes:
        amplitudes: Amplitude of every index, float64, NaN where there is none.
        relative_error: Largest relative difference between the amplitude of a pixel and that of its index.
        exact: Whether pixels are their own indices.
    """

    amplitudes: Doubles
    relative_error: float
    exact: bool

    @classmethod
    def build(cls, dtype: np.dtype[Any], encoding: Encoding, scale: float) -> Self:
        """Build the table for one type of pixels.

        Args:
            dtype: Type of the pixels.
            encoding: Relation of pixel values to amplitude.
            scale: Factor of the amplitude.
        """
        if dtype in (np.uint8, np.uint16):
            values = np.arange(np.iinfo(dtype).max + 1, dtype=np.float64)
            with np.errstate(over="ignore"):  # decibels of thousands are no amplitude of 64 bits
                amplitudes = encoding.amplitude(values) * scale
            return cls(np.where(np.isfinite(amplitudes), amplitudes, np.nan), 0.0, exact=True)
        lower = (np.arange(_SIZE, dtype=np.uint32) << np.uint32(_SHIFT)).view(np.float32)
        upper = (np.arange(_SIZE, dtype=np.uint32) << np.uint32(_SHIFT) | np.uint32(0xFFF)).view(np.float32)
        with np.errstate(all="ignore"):
            middle = (lower.astype(np.float64) + upper) / 2
            middle[[0, _SIZE // 2]] = 0
            amplitudes = encoding.amplitude(middle) * scale
        amplitudes[~np.isfinite(lower) | ~np.isfinite(amplitudes)] = np.nan
        return cls(amplitudes, _RELATIVE_ERROR[encoding], exact=False)

    def indices(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Find the index of each pixel in the table: unsigned integers of the same shape."""
        if self.exact:
            return pixels
        values = np.abs(pixels) if np.iscomplexobj(pixels) else pixels
        bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
        return bits >> np.uint32(_SHIFT)
