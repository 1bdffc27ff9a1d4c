"""The ground a radar collect covers, where the file does not say: zeros around it are no data.

Products geocoded to a grid that is not theirs are padded with zeros and often carry no nodata value
(Umbra GEC is one). A zero inside the collect is a dark pixel. The two are told apart by where they lie:
padding is a solid area of zeros that reaches the border of the raster.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.raster.read import Dataset, Extent, read_window

CELL = 32
"""Side in pixels of the cells in which solid areas are looked for; speckle leaves none of them all zero."""
_CELLS_PER_READ = 32


@dataclass(frozen=True, eq=False)
class Padding:
    """Where a raster is padded with zeros.

    Attributes:
        cells: boolean, one value for every `CELL` x `CELL` pixels: all zero and connected to the border
            of the raster through such cells.
    """

    cells: NDArray[np.bool_]

    def valid(self, dataset: Dataset, extent: Extent, bands: int) -> NDArray[np.bool_]:
        """Which pixels of `extent` (inside the raster) carry data: boolean (height, width).

        Zero pixels connected to a cell of padding carry none.
        """
        if not self.touches(extent):
            return np.ones((extent.height, extent.width), bool)

        def zeros(wide: Extent) -> NDArray[np.bool_]:
            empty: NDArray[np.bool_] = (read_window(dataset, wide, bands)[0] == 0).all(0)
            return empty

        return self.inside(extent, zeros)

    def inside(self, extent: Extent, zeros: Callable[[Extent], NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Which pixels of `extent` lie inside the collect: boolean (height, width).

        Args:
            extent: a rectangle of the raster.
            zeros: reads which pixels of a rectangle are zero; the rectangle can reach over the edge of
                the raster, where they are.
        """
        wide = Extent(
            extent.row - CELL, extent.column - CELL, extent.height + 2 * CELL, extent.width + 2 * CELL
        )
        areas, number = ndimage.label(zeros(wide))
        padding = np.zeros(number + 1, bool)
        padding[areas[self._seeds(wide)]] = True
        padding[0] = False
        return ~padding[areas[CELL : CELL + extent.height, CELL : CELL + extent.width]]

    def touches(self, extent: Extent) -> bool:
        """Whether padding lies in `extent` or within a cell of it."""
        return bool(self._part(extent, CELL).any())

    def covers(self, extent: Extent) -> bool:
        """Whether every pixel of `extent` is padding."""
        return bool(self._part(extent, 0).all())

    def _part(self, extent: Extent, margin: int) -> NDArray[np.bool_]:
        """The cells that `extent`, grown by `margin` pixels, has a share in."""
        top, left = max(0, extent.row - margin) // CELL, max(0, extent.column - margin) // CELL
        bottom = -(-(extent.row + extent.height + margin) // CELL)
        right = -(-(extent.column + extent.width + margin) // CELL)
        return self.cells[top:bottom, left:right]

    def _seeds(self, extent: Extent) -> NDArray[np.bool_]:
        """The cells of padding as pixels of `extent`; nothing outside the raster."""
        rows = np.arange(extent.row, extent.row + extent.height) // CELL
        columns = np.arange(extent.column, extent.column + extent.width) // CELL
        inside_rows = (rows >= 0) & (rows < self.cells.shape[0])
        inside_columns = (columns >= 0) & (columns < self.cells.shape[1])
        seeds = np.zeros((extent.height, extent.width), bool)
        seeds[np.ix_(inside_rows, inside_columns)] = self.cells[
            np.ix_(rows[inside_rows], columns[inside_columns])
        ]
        return seeds


def find_padding(dataset: Dataset, bands: int) -> Padding:
    """Find the padding of a raster in one pass over it; a thousandth of its size is held in memory."""
    shape = (-(-dataset.height // CELL), -(-dataset.width // CELL))
    empty = np.zeros(shape, bool)
    side = _CELLS_PER_READ * CELL
    for row in range(0, dataset.height, side):
        for column in range(0, dataset.width, side):
            pixels, _ = read_window(dataset, Extent(row, column, side, side), bands)
            cells = (pixels != 0).any(0).reshape(_CELLS_PER_READ, CELL, _CELLS_PER_READ, CELL).any((1, 3))
            part = empty[row // CELL :, column // CELL :][:_CELLS_PER_READ, :_CELLS_PER_READ]
            part[:] = ~cells[: part.shape[0], : part.shape[1]]
    return padding_of(empty)


def padding_of(empty: NDArray[np.bool_]) -> Padding:
    """The padding among the cells that are all zero: those connected to the border of the raster."""
    border = np.ones(empty.shape, bool)
    border[1:-1, 1:-1] = False
    return Padding(ndimage.binary_propagation(empty & border, mask=empty))
