"""Boundaries between the patches of a strip of rows: chains of pixel sides from node to node.

The sides of pixels where the value changes are a planar graph. A chain runs between two nodes, where three or
more sides meet, and is the boundary of the same two patches all along: what is done to it is done to both.
Where a boundary crosses the line between two strips there is a node, so that each strip stands for itself.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles
from oemsar.polygons.following import Indices, order
from oemsar.polygons.parts import StripParts

EAST, SOUTH, WEST, NORTH = range(4)
"""Headings of a side, clockwise as the rows of an image run downwards."""


class Chains(NamedTuple):
    """Chains of a strip, with the patch of the greater value on their left.

    Attributes:
        points: Corners (column, row) of the raster, both ends of each chain included, float64 (points, 2).
        starts: Position in `points` at which each chain begins.
        left: Patch of the strip on the left.
        right: Patch on the right; -1 for nodata and outside.
        departure: Heading of the first side.
        arrival: Heading of the last side.
    """

    points: Doubles
    starts: Indices
    left: Indices
    right: Indices
    departure: NDArray[np.int8]
    arrival: NDArray[np.int8]

    @property
    def lengths(self) -> Indices:
        """Number of points of each chain."""
        return np.diff(np.append(self.starts, len(self.points)))


class _Segments(NamedTuple):
    """Straight pieces of boundary, directed: lattice indices of both ends, heading, pixels on both sides."""

    start: Indices
    end: Indices
    heading: NDArray[np.int8]
    left: Indices
    right: Indices


def trace(strip: StripParts, top: int) -> Chains:
    """Trace the boundaries of a strip: those within it and on the line above it.

    Args:
        strip: Patches of the strip.
        top: First row of the strip in the raster.
    """
    values = strip.values
    rows, columns = values.shape[0] - 1, values.shape[1]
    across = np.empty((rows + 1, columns + 1), np.bool_)  # sides between columns, the row above included
    np.not_equal(values[:, 1:], values[:, :-1], out=across[:, 1:-1])
    across[:, 0], across[:, -1] = values[:, 0] != 0, values[:, -1] != 0
    along = values[1:] != values[:-1]  # sides between rows, on the lines above each row of the strip
    touched_down = across[:-1] | across[1:]
    touched_along = np.zeros((rows, columns + 1), np.bool_)
    touched_along[:, :-1] = along
    touched_along[:, 1:] |= along
    segments = _joined(
        _level(values, along, touched_down), _upright(values, across, touched_along), columns + 1
    )
    nodes = np.zeros((rows + 1, columns + 1), np.bool_)
    nodes[:-1] = across[:-1] & across[1:] & touched_along
    nodes[:-1, 1:-1] |= along[:, 1:] & along[:, :-1] & touched_down[:, 1:-1]
    nodes[0] |= touched_down[0]
    nodes[-1] = across[-1]
    return _chains(segments, nodes.ravel(), strip, top)


def _level(
    values: NDArray[np.uint8], along: NDArray[np.bool_], touched: NDArray[np.bool_]
) -> tuple[Indices, Indices, NDArray[np.bool_], Indices, Indices]:
    """Find the straight pieces between rows: lattice indices of west and east end, direction, pixels."""
    columns = along.shape[1]
    first = along.copy()
    first[:, 1:] &= ~along[:, :-1] | touched[:, 1:-1]
    last = along.copy()
    last[:, :-1] &= ~along[:, 1:] | touched[:, 1:-1]
    begin, end = np.flatnonzero(first), np.flatnonzero(last)
    row = begin // columns
    flat = values.ravel()
    above, below = begin, begin + columns
    eastward = flat[above] > flat[below]
    return begin + row, end + row + 1, eastward, above, below


def _upright(
    values: NDArray[np.uint8], across: NDArray[np.bool_], touched: NDArray[np.bool_]
) -> tuple[Indices, Indices, NDArray[np.bool_], Indices, Indices]:
    """Find the straight pieces between columns: lattice indices of upper and lower end, direction, pixels.

    A pixel outside is -1.
    """
    rows, columns = values.shape[0] - 1, values.shape[1]
    own = across[1:]
    first = own.copy()
    first[1:] &= ~own[:-1] | touched[1:]
    last = own.copy()
    last[:-1] &= ~own[1:] | touched[1:]
    begin = np.flatnonzero(np.ascontiguousarray(first.T))
    end = np.flatnonzero(np.ascontiguousarray(last.T))
    column, row = np.divmod(begin, rows)
    bottom = end - column * rows + 1
    east = (row + 1) * columns + column
    outside = column == columns
    flat = values.ravel()
    right = np.where(outside, 0, flat[np.where(outside, 0, east)])
    left = np.where(column == 0, 0, flat[east - 1])
    downward = right > left
    lattice = columns + 1
    return (
        row * lattice + column,
        bottom * lattice + column,
        downward,
        np.where(outside, -1, east),
        np.where(column == 0, -1, east - 1),
    )


def _joined(
    level: tuple[Indices, Indices, NDArray[np.bool_], Indices, Indices],
    upright: tuple[Indices, Indices, NDArray[np.bool_], Indices, Indices],
    lattice: int,
) -> _Segments:
    """Direct straight pieces so that the greater value is on their left."""
    west, east, eastward, above, below = level
    upper, lower, downward, east_pixel, west_pixel = upright
    heading = np.concatenate([np.where(eastward, EAST, WEST), np.where(downward, SOUTH, NORTH)])
    return _Segments(
        np.concatenate([np.where(eastward, west, east), np.where(downward, upper, lower)]),
        np.concatenate([np.where(eastward, east, west), np.where(downward, lower, upper)]),
        heading.astype(np.int8),
        np.concatenate([np.where(eastward, above, below), np.where(downward, east_pixel, west_pixel)]),
        np.concatenate([np.where(eastward, below, above), np.where(downward, west_pixel, east_pixel)]),
    )


def _chains(segments: _Segments, nodes: NDArray[np.bool_], strip: StripParts, top: int) -> Chains:
    """Join straight pieces to chains from node to node."""
    leaving = np.full(nodes.size, -1, np.int32)
    leaving[segments.start] = np.arange(segments.start.size)
    following = leaving[segments.end].astype(np.int64)
    following[nodes[segments.end]] = -1
    ordered = order(following)
    first = ordered.elements[ordered.starts]
    last = ordered.elements[ordered.starts + ordered.lengths - 1]
    place = np.arange(ordered.elements.size) + np.repeat(np.arange(first.size), ordered.lengths)
    corners = np.empty(ordered.elements.size + first.size, np.int64)
    corners[place] = segments.start[ordered.elements]
    starts = ordered.starts + np.arange(first.size)
    corners[starts + ordered.lengths] = segments.end[last]
    row, column = np.divmod(corners, strip.values.shape[1] + 1)
    return Chains(
        np.column_stack([column, row + top]).astype(np.float64),
        starts,
        strip.part_at(segments.left[first]),
        strip.part_at(segments.right[first]),
        segments.heading[first],
        segments.heading[last],
    )
