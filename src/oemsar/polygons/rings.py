"""Polygons from the chains around patches."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from oemsar.arrays import Doubles
from oemsar.polygons.boundaries import Chains
from oemsar.polygons.following import Indices, order

Polygons = NDArray[np.object_]


class Sides(NamedTuple):
    """Chains in the direction that has a patch on their left, each with its own points.

    Attributes:
        patch: Number of the patch on the left.
        start: Lattice index of the first point in the raster.
        end: Lattice index of the last point.
        departure: Heading at the first point.
        arrival: Heading at the last point.
        points: Points of all, one after the other, float64 (points, 2).
        lengths: Number of points of each.
    """

    patch: Indices
    start: Indices
    end: Indices
    departure: NDArray[np.int8]
    arrival: NDArray[np.int8]
    points: Doubles
    lengths: Indices

    def chosen(self, index: Indices) -> "Sides":
        """Take some of them, in the order of `index`."""
        begin = np.cumsum(self.lengths) - self.lengths
        points = self.points[ranges(begin[index], self.lengths[index])]
        return Sides(
            self.patch[index],
            self.start[index],
            self.end[index],
            self.departure[index],
            self.arrival[index],
            points,
            self.lengths[index],
        )


def sides_of(chains: Chains, columns: int) -> Sides:
    """Give every chain to the patch on its left and, turned round, to that on its right.

    Args:
        chains: Chains of a strip; the patches of the sides are numbered in the strip.
        columns: Columns of the raster.
    """
    lengths = chains.lengths
    stops = chains.starts + lengths
    first, last = chains.points[chains.starts], chains.points[stops - 1]
    start, end = (np.rint(p[:, 1] * (columns + 1) + p[:, 0]).astype(np.int64) for p in (first, last))
    back = np.flatnonzero(chains.right >= 0)
    turned = stops[back] - 1
    points = chains.points[np.concatenate([np.arange(len(chains.points)), ranges(turned, lengths[back], -1)])]
    return Sides(
        np.concatenate([chains.left, chains.right[back]]),
        np.concatenate([start, end[back]]),
        np.concatenate([end, start[back]]),
        np.concatenate([chains.departure, (chains.arrival[back] + 2) % 4]),
        np.concatenate([chains.arrival, (chains.departure[back] + 2) % 4]),
        points,
        np.concatenate([lengths, lengths[back]]),
    )


def together(parts: Sequence[Sides]) -> Sides:
    """Put sides one after the other."""
    return Sides(*(np.concatenate(field) for field in zip(*parts, strict=True)))


def polygons(sides: Sides, count: int, nodes: int) -> tuple[Polygons, Doubles]:
    """Put the sides of whole patches together to polygons.

    Where a patch touches itself at a corner, its boundary is split there, so that holes touch the outline in
    a point and no ring meets itself.

    Args:
        sides: All sides of the patches, which are numbered from 0.
        count: Number of patches.
        nodes: Number of lattice points of the raster.

    Returns:
        A polygon for each patch, columns and rows as x and y, and their areas in pixels.
    """
    ordered = order(_following(sides, nodes))
    patch = sides.patch[ordered.elements[ordered.starts]]
    begin = np.cumsum(sides.lengths) - sides.lengths
    used = sides.lengths[ordered.elements] - 1  # the last point is the first of the next
    points = sides.points[ranges(begin[ordered.elements], used)]
    corners = np.add.reduceat(used, ordered.starts)
    starts = np.cumsum(corners) - corners
    areas = _ring_areas(points, starts, corners)
    arranged = np.lexsort((areas < 0, patch))  # the outline, which is around the patch, before its holes
    corners, patch = corners[arranged], patch[arranged]
    points = points[ranges(starts[arranged], corners)]
    rings = shapely.linearrings(points, indices=np.repeat(np.arange(patch.size), corners))
    made: Polygons = shapely.polygons(rings, indices=patch)
    return made, np.asarray(np.bincount(patch, areas[arranged], minlength=count), np.float64)


def _following(sides: Sides, nodes: int) -> Indices:
    """Find the side that follows each around its patch: at a node where two leave, the one to the right."""
    leaving = sides.patch * nodes + sides.start
    by_start = np.argsort(leaving, kind="stable")
    leaving = leaving[by_start]
    arriving = sides.patch * nodes + sides.end
    place = np.searchsorted(leaving, arriving)
    one = by_start[place]
    after = np.minimum(place + 1, leaving.size - 1)
    other = by_start[after]
    both = (after > place) & (leaving[after] == arriving)
    right = (sides.departure[other] - sides.arrival) % 4 == 1
    return np.where(both & right, other, one)


def _ring_areas(points: Doubles, starts: Indices, corners: Indices) -> Doubles:
    """Compute the areas of rings, positive where the patch is inside, in pixels."""
    x, y = (points - np.repeat(points[starts], corners, axis=0)).T
    following = np.arange(1, len(points) + 1)
    following[starts + corners - 1] = starts
    cross = x[following] * y - x * y[following]  # rows run downwards
    summed: Doubles = np.add.reduceat(cross, starts) / 2
    return summed


def ranges(begin: Indices, lengths: Indices, step: int = 1) -> Indices:
    """Put the indices of ranges one after the other, each counted from its beginning by `step`."""
    stops = np.cumsum(lengths)
    within = np.arange(int(stops[-1]) if stops.size else 0) - np.repeat(stops - lengths, lengths)
    return np.repeat(begin, lengths) + step * within
