"""The border of a raster: what lies there decides whether the zeros around an image carry data."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from oemsar.raster.pixels import Pixels, read_window
from oemsar.raster.read import Extent
from oemsar.raster.stored import stored

log = logging.getLogger(__name__)

CELL = 32
"""Side in pixels of the cells in which solid areas are looked for; speckle leaves none of them all zero."""
_CELLS_PER_READ = 32
_MOST_CELLS = 64
"""Cells that are looked at along the left and the right side: rows of a file often cost a whole strip."""
_SENTINELS = (-9999.0, -99999.0, -999.0, -32767.0)
"""Numbers that stand for no data by habit, beside the limits of a type."""
_HUGE = 1e20
"""Modulus from which on a floating-point number is no measurement."""


@dataclass(frozen=True)
class Border:
    """Solid cells of `CELL` x `CELL` pixels at the border of a raster.

    Attributes:
        empty: Whether a cell with data is all zero.
        excluded: Whether a cell carries no data at all, by the file or by a person.
        solid: Value of a cell with data that has no other and that often stands for no data, such as -9999
            or the largest of an integer type; None without such a cell.
    """

    empty: bool
    excluded: bool
    solid: float | None

    @classmethod
    def from_pixels(cls, pixels: Pixels) -> Self:
        """Look at the first and last row of cells, and at 64 cells or more of the left and right side."""
        empty = excluded = False
        solid = None
        for numbers, valid in _cells(stored(pixels)):
            if not valid.any():
                excluded = True
            elif not (numbers != 0).any():
                empty = True
            elif valid.all() and solid is None:
                solid = _sentinel(numbers)
        return cls(empty, excluded, solid)


def tell_solid(pixels: Pixels, border: Border, option: str) -> None:
    """Warn of a solid block of a value that often stands for no data, and that nothing excludes.

    Args:
        pixels: Pixels of the image.
        border: Border of the image.
        option: Name of the option that would exclude the block.
    """
    if border.solid is not None:
        log.warning(
            "%s: a solid block of %.10g reaches the border and counts as data; if it carries none, give "
            "%s %.10g",
            pixels.name,
            border.solid,
            option.replace("_", " "),
            border.solid,
        )


def _sentinel(numbers: NDArray[Any]) -> float | None:
    first = numbers.flat[0]
    if numbers.shape[1:] != (CELL, CELL) or np.iscomplexobj(numbers) or (numbers != first).any():
        return None
    value = float(first)
    kind = numbers.dtype
    limits = (np.iinfo(kind).min, np.iinfo(kind).max) if kind.kind in "iu" else ()
    return value if value in limits or value in _SENTINELS or value == -32768 or abs(value) >= _HUGE else None


def _cells(pixels: Pixels) -> Iterator[tuple[NDArray[Any], NDArray[np.bool_]]]:
    """Yield numbers (bands, rows, columns) and validity of cells at the border, cut at the raster's edge."""
    rows, columns = (-(-size // CELL) for size in pixels.shape)
    for row in sorted({0, rows - 1}):
        for first in range(0, columns, _CELLS_PER_READ):
            strip = Extent(row * CELL, first * CELL, CELL, CELL * _CELLS_PER_READ).clipped(pixels.shape)
            numbers, valid = read_window(pixels, strip)
            for start in range(0, strip.width, CELL):
                yield numbers[..., start : start + CELL], valid[:, start : start + CELL]
    step = max(1, rows // _MOST_CELLS)
    for row in range(step, rows - 1, step):
        for column in sorted({0, columns - 1}):
            yield read_window(pixels, Extent(row * CELL, column * CELL, CELL, CELL).clipped(pixels.shape))
