"""Statistics of a scene's amplitude from counts, however large the scene is."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many pixels have which amplitude.

    Attributes:
        amplitudes: float64, ascending.
        counts: int64, of each amplitude, none of them 0.
        relative_error: by how much an amplitude can differ from the pixels' own, relatively: the bound of
            the error of every statistic below. 0 for 8 and 16 bit pixels.
    """

    amplitudes: NDArray[np.float64]
    counts: NDArray[np.int64]
    relative_error: float

    @classmethod
    def of_table(
        cls, table: NDArray[np.float64], counts: NDArray[np.int64], relative_error: float
    ) -> "Histogram":
        """From an unordered table of amplitudes, NaN where there is none, and the count of each."""
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
        """Mean amplitude."""
        return float((self.amplitudes * self.counts).sum() / self.count)

    @cached_property
    def _cumulative(self) -> NDArray[np.int64]:
        return np.cumsum(self.counts)

    def quantile(self, percent: float) -> float:
        """Amplitude that `percent` percent of the pixels do not exceed: the inverted distribution function.

        The definition is numpy's `inverted_cdf` (Hyndman & Fan 1996, definition 1).
        """
        wanted = max(1, int(np.ceil(percent / 100 * self.count)))
        return float(self.amplitudes[np.searchsorted(self._cumulative, wanted)])
