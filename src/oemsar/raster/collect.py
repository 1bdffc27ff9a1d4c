"""The ground a radar collect covers, where the file does not say: zeros around it are no data.

Products geocoded to a grid that is not theirs are padded with zeros and often carry no nodata value
(Umbra GEC is one). A zero inside the collect is a dark pixel. The two are told apart by where they lie:
padding is a solid area of zeros that reaches the border of the raster.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.raster.changed_pixels import ChangedPixels
from oemsar.raster.pixels import Pixels, Validity, read_window
from oemsar.raster.read import Extent

CELL = 32
"""Side in pixels of the cells in which solid areas are looked for; speckle leaves none of them all zero."""
_CELLS_PER_READ = 32


@dataclass(frozen=True, eq=False)
class Padding:
    """The zeros that pad a raster around its collect.

    Attributes:
        cells: Boolean, one value for every `CELL` x `CELL` pixels: all zero and connected to the border
            of the raster through such cells.
    """

    cells: NDArray[np.bool_]

    def inside(self, extent: Extent, zeros: Callable[[Extent], NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Find the pixels of a rectangle that lie inside the collect, boolean (height, width).

        Zero pixels connected to a cell of padding lie outside.

        Args:
            extent: Rectangle inside the raster.
            zeros: Reads which pixels of a rectangle are zero; the rectangle can reach over the edge of
                the raster, where they are.
        """
        wide = extent.grown(CELL)
        areas, number = ndimage.label(zeros(wide))
        padding = np.zeros(number + 1, bool)
        padding[areas[self._seeds(wide)]] = True
        padding[0] = False
        return ~padding[areas[extent.slices_in(wide)]]

    def touches(self, extent: Extent) -> bool:
        """Check whether padding lies in `extent` or within a cell of it."""
        return bool(self._part(extent.grown(CELL)).any())

    def covers(self, extent: Extent) -> bool:
        """Check whether every pixel of `extent` is padding."""
        return bool(self._part(extent).all())

    def _part(self, extent: Extent) -> NDArray[np.bool_]:
        """Cut out the cells that `extent` has a share in."""
        top, left = max(0, extent.row) // CELL, max(0, extent.column) // CELL
        bottom, right = -(-(extent.row + extent.height) // CELL), -(-(extent.column + extent.width) // CELL)
        return self.cells[top:bottom, left:right]

    def _seeds(self, extent: Extent) -> NDArray[np.bool_]:
        """Mark the cells of padding as pixels of `extent`; nothing outside the raster."""
        rows = np.arange(extent.row, extent.row + extent.height) // CELL
        columns = np.arange(extent.column, extent.column + extent.width) // CELL
        inside_rows = (rows >= 0) & (rows < self.cells.shape[0])
        inside_columns = (columns >= 0) & (columns < self.cells.shape[1])
        seeds = np.zeros((extent.height, extent.width), bool)
        seeds[np.ix_(inside_rows, inside_columns)] = self.cells[
            np.ix_(rows[inside_rows], columns[inside_columns])
        ]
        return seeds


def within_collect(pixels: Pixels, padding: Padding | None) -> Pixels:
    """Set the zeros around a collect aside; None leaves the pixels as they are."""
    if padding is None:
        return pixels

    def zeros(extent: Extent) -> NDArray[np.bool_]:
        empty: NDArray[np.bool_] = (read_window(pixels, extent)[0] == 0).all(0)
        return empty

    def change(extent: Extent, values: NDArray[Any], valid: Validity) -> tuple[NDArray[Any], Validity]:
        if not padding.touches(extent):
            return values, valid
        inside = padding.inside(extent, zeros)
        return values, inside if valid is None else valid & inside

    return ChangedPixels(pixels, change, tells_nodata=True)


def find_padding(pixels: Pixels) -> Padding:
    """Find the padding of a raster in one pass over it; a thousandth of its size is held in memory."""
    return padding_of(~_cells_where(pixels, lambda values, _: (values != 0).any(0)))


def filled_cells(pixels: Pixels) -> NDArray[np.bool_]:
    """Find the cells of `CELL` x `CELL` pixels in which any pixel carries data, by the file's own nodata."""
    return _cells_where(pixels, lambda _, valid: valid)


def padding_of(empty: NDArray[np.bool_]) -> Padding:
    """Find the padding among the cells that are all zero: those connected to the border of the raster."""
    border = np.ones(empty.shape, bool)
    border[1:-1, 1:-1] = False
    return Padding(ndimage.binary_propagation(empty & border, mask=empty))


def _cells_where(
    pixels: Pixels, holds: Callable[[NDArray[Any], NDArray[np.bool_]], NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """Find the cells in which a condition holds for any pixel; nothing holds outside the raster.

    Args:
        pixels: Open for reading.
        holds: From pixels (bands, height, width) and where they carry data (height, width), to where the
            condition holds (height, width).
    """
    found = np.zeros(tuple(-(-size // CELL) for size in pixels.shape), bool)
    side = _CELLS_PER_READ * CELL
    for row in range(0, pixels.shape[0], side):
        for column in range(0, pixels.shape[1], side):
            flags = holds(*read_window(pixels, Extent(row, column, side, side)))
            blocks = flags.reshape(_CELLS_PER_READ, CELL, _CELLS_PER_READ, CELL)
            cells: NDArray[np.bool_] = np.any(blocks, axis=(1, 3))
            part = found[row // CELL :, column // CELL :][:_CELLS_PER_READ, :_CELLS_PER_READ]
            part[:] = cells[: part.shape[0], : part.shape[1]]
    return found
