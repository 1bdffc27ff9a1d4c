"""Histogram of the amplitudes of a scene of any size, and the statistics of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles


@dataclass(frozen=True, eq=False)
class Histogram:
    """Number of pixels of each amplitude.

    Attributes:
        amplitudes: Amplitudes, float64, ascending.
        counts: Number of pixels of each amplitude, int64, none of them 0.
        relative_error: Largest relative difference between an amplitude and that of the pixels counted for
            it, which bounds the error of every statistic; 0 for pixels of 8 and 16 bits.
    """

    amplitudes: Doubles
    counts: NDArray[np.int64]
    relative_error: float

    @classmethod
    def from_table(cls, table: Doubles, counts: NDArray[np.int64], relative_error: float) -> Self:
        """Sort an unordered table of amplitudes, NaN where there is none, and the count of each."""
        used = (counts > 0) & np.isfinite(table)
        order = np.argsort(table[used], kind="stable")
        return cls(table[used][order], counts[used][order], relative_error)

    @property
    def count(self) -> int:
        """Number of pixels."""
        return int(self.counts.sum())

    @property
    def minimum(self) -> float:
        """Smallest amplitude."""
        return float(self.amplitudes[0])

    @property
    def maximum(self) -> float:
        """Largest amplitude."""
        return float(self.amplitudes[-1])

    @property
    def least_positive(self) -> float:
        """Smallest amplitude above zero; zero where there is none."""
        positive = self.amplitudes[self.amplitudes > 0]
        return float(positive[0]) if positive.size else 0.0

    @property
    def mean(self) -> float:
        """Mean amplitude; infinite where the sum is beyond 64-bit floats."""
        with np.errstate(over="ignore"):
            return float((self.amplitudes * self.counts).sum() / self.count)

    @cached_property
    def _cumulative(self) -> NDArray[np.int64]:
        return np.cumsum(self.counts)

    def quantile(self, percent: float) -> float:
        """Find the amplitude that `percent` percent of the pixels do not exceed.

        The inverted distribution function, numpy's `inverted_cdf` (Hyndman & Fan 1996, definition 1).
        """
        wanted = max(1, int(np.ceil(percent / 100 * self.count)))
        return float(self.amplitudes[np.searchsorted(self._cumulative, wanted)])
