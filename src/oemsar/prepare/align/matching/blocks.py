"""Blocks of windows that are read and prepared together."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oemsar.raster.read import Extent

_BLOCK = 448
"""Pixels between the first windows of a block and the last."""


class WindowBlock(NamedTuple):
    """Windows that are prepared together.

    Attributes:
        extent: Rectangle around the windows, pixels of the level.
        windows: Rows and columns of the windows on the lattice.
    """

    extent: Extent
    windows: list[tuple[int, int]]

    def grown(self, margin: int) -> "WindowBlock":
        """Widen the rectangle by a margin on every side."""
        return WindowBlock(self.extent.grown(margin), self.windows)


def blocks_of(rows: NDArray[np.intp], columns: NDArray[np.intp], window: int) -> Iterator[WindowBlock]:
    """Group the windows of a lattice into blocks.

    Args:
        rows: First row of each row of windows, rising.
        columns: First column of each column of windows, rising.
        window: Side of the windows in pixels.
    """
    for down in _groups(rows):
        for right in _groups(columns):
            top, left = int(rows[down[0]]), int(columns[right[0]])
            height = int(rows[down[-1]]) - top + window
            width = int(columns[right[-1]]) - left + window
            indices = [(row, column) for row in down for column in right]
            yield WindowBlock(Extent(top, left, height, width), indices)


def _groups(firsts: NDArray[np.intp]) -> Iterator[list[int]]:
    """Group the indices of neighbouring windows; windows that lie far apart stay alone."""
    group: list[int] = []
    for index, first in enumerate(firsts):
        if group and first - firsts[group[0]] > _BLOCK:
            yield group
            group = []
        group.append(index)
    yield group
