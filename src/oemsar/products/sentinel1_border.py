"""The border of Sentinel-1 GRDs of old processors, whose pixels carry noise of processing, no data.

Since version 2.90 of ESA's processor pixels without data are 0; before, they hold small values (MPC-0243,
Masking No-value Pixels on GRD Products). Here the border is what no signal stands out of: from each edge
inward, until a pixel and the mean of the pixels behind it exceed the thermal noise, 500 pixels at most, the
limit that the Sentinel application platform (SNAP) uses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles
from oemsar.raster.read import Extent

_MOST = 500
"""Greatest width of the border, in pixels."""
_BEHIND = 8
"""Number of pixels behind one whose mean power must exceed the noise, too."""
_CHUNK = 512

Excess: TypeAlias = Callable[[Extent], Doubles]
"""Gives the power of the pixels of a rectangle above the thermal noise, shape (height, width)."""


@dataclass(frozen=True, eq=False)
class Border:
    """Pixels of an image that lie inside its border.

    Attributes:
        left: Number of pixels of the border at the beginning of each row.
        right: Number of pixels of the border at the end of each row.
        top: Number of pixels of the border at the top of each column.
        bottom: Number of pixels of the border at the bottom of each column.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    top: NDArray[np.int64]
    bottom: NDArray[np.int64]

    def inside(self, extent: Extent) -> NDArray[np.bool_]:
        """Tell which pixels of a rectangle lie inside, shape (height, width)."""
        rows = np.arange(extent.row, extent.row + extent.height)
        columns = np.arange(extent.column, extent.column + extent.width)
        height, width = self.left.size, self.top.size
        along = (columns >= self.left[rows, None]) & (columns < width - self.right[rows, None])
        across = (rows[:, None] >= self.top[columns]) & (rows[:, None] < height - self.bottom[columns])
        return along & across


def find_border(excess: Excess, shape: tuple[int, int]) -> Border:
    """Find the border of an image; its margins are read once, by pieces.

    Args:
        excess: Power above the noise.
        shape: Rows and columns of the image.
    """
    height, width = shape
    deep, wide = min(_MOST, height), min(_MOST, width)
    rows = [(row, min(_CHUNK, height - row)) for row in range(0, height, _CHUNK)]
    columns = [(column, min(_CHUNK, width - column)) for column in range(0, width, _CHUNK)]
    left = [_runs(excess(Extent(row, 0, count, wide))) for row, count in rows]
    right = [_runs(excess(Extent(row, width - wide, count, wide))[:, ::-1]) for row, count in rows]
    top = [_runs(excess(Extent(0, column, deep, count)).T) for column, count in columns]
    bottom = [_runs(excess(Extent(height - deep, column, deep, count))[::-1].T) for column, count in columns]
    return Border(*(np.concatenate(runs) for runs in (left, right, top, bottom)))


def _runs(excess: Doubles) -> NDArray[np.int64]:
    """Count the pixels before the first signal of each row, all where there is none.

    Args:
        excess: Power above the noise from the edge inward, shape (rows, width).
    """
    width = excess.shape[1]
    sums = np.concatenate([np.zeros((len(excess), 1)), np.cumsum(excess, axis=1)], axis=1)
    places = np.arange(width)
    behind = sums[:, np.minimum(places + 1 + _BEHIND, width)] - sums[:, np.minimum(places + 1, width)]
    signal = (excess > 0) & ((behind > 0) | (places == width - 1))
    runs: NDArray[np.int64] = np.where(signal.any(1), signal.argmax(1), width).astype(np.int64)
    return runs
