"""Chains with fewer points, still free of crossings: each once, so that both its patches share it.

Points are left out by Douglas and Peucker (Cartographica 10, 1973, 112-122), as GEOS does it; the points that
stay are then moved along the normals by one distance for each chain, so that the area on either side is that
of the pixels. Chains that would touch or cross another one, or themselves, are made again with half the
tolerance, and then left as the sides of the pixels, which cross nowhere: what results is free of crossings.
`shapely.coverage_simplify` needs whole polygons in memory and takes 9 s for a million pixels of a noisy map.
"""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from oemsar.arrays import Doubles
from oemsar.polygons.boundaries import Chains
from oemsar.polygons.following import Indices

_MARGIN = 1e-6
"""Pixels up to which two pieces touch."""
_FURTHEST = 0.5
"""Pixels by which points are moved at most."""
_STEPS = 3
_NOTICED = 0.3
"""Pixels of area that a chain may take from one side; a straight one gets a point to give back more."""
_OF_RING = 0.005
"""Share of its area that a closed chain may lose."""


def simplify(chains: Chains, tolerance: float, band: tuple[int, int], columns: int) -> Chains:
    """Leave out points of the chains of a strip.

    Args:
        chains: Chains along the sides of pixels.
        tolerance: Distance in pixels that a point left out may have; 0 leaves out none.
        band: First row of the strip, and the row behind its last.
        columns: Columns of the raster.
    """
    if tolerance <= 0 or not chains.left.size:
        return chains
    wanted = _areas(chains.points, chains.starts)
    levels = [_moved(chains, wanted, level, band, columns) for level in (tolerance, tolerance / 2)]
    levels.append((chains.points, chains.lengths))
    level = _finest(levels, wanted)
    flat = _on_lines(chains, band)
    while True:
        points, starts = _chosen(levels, level)
        found = _conflicts(points, starts, level < len(levels) - 1, flat, (band, columns))
        if not found.size:
            return chains._replace(points=points, starts=starts)
        level[found] = np.minimum(level[found] + 1, len(levels) - 1)


def _finest(levels: list[tuple[Doubles, Indices]], wanted: Doubles) -> Indices:
    """Choose for each chain the first level of detail that keeps the area beside it."""
    level = np.full(wanted.size, len(levels) - 1)
    for number in range(len(levels) - 2, -1, -1):
        points, lengths = levels[number]
        starts = np.cumsum(lengths) - lengths
        lacking = np.abs(wanted - _areas(points, starts))
        closed = (points[starts] == points[starts + lengths - 1]).all(1)
        allowed = np.where(closed, np.minimum(_NOTICED, _OF_RING * np.abs(wanted)), _NOTICED)
        level[lacking <= allowed] = number
    return level


def _moved(
    chains: Chains, wanted: Doubles, tolerance: float, band: tuple[int, int], columns: int
) -> tuple[Doubles, Indices]:
    """Leave out points by distance, and move the others so that areas stay; returns points and counts."""
    number = np.repeat(np.arange(chains.left.size), chains.lengths)
    lines = shapely.linestrings(chains.points, indices=number)
    reduced = shapely.simplify(lines, tolerance, preserve_topology=False)
    points, number = shapely.get_coordinates(reduced, return_index=True)
    lengths = np.bincount(number, minlength=chains.left.size)
    return _balanced(points, lengths, wanted, band, columns)


def _areas(points: Doubles, starts: Indices) -> Doubles:
    """Compute the signed area between each chain and the straight line of its ends, in pixels."""
    lengths = np.diff(np.append(starts, len(points)))
    origin = np.repeat(points[starts], lengths, axis=0)
    x, y = (points - origin).T
    cross = np.zeros(len(points))
    cross[:-1] = x[:-1] * y[1:] - x[1:] * y[:-1]
    cross[starts + lengths - 1] = 0
    summed: Doubles = np.add.reduceat(cross, starts) / 2
    return summed


def _balanced(
    points: Doubles, lengths: Indices, wanted: Doubles, band: tuple[int, int], columns: int
) -> tuple[Doubles, Indices]:
    """Move the inner points of chains so that the area beside them is the one that is wanted.

    A straight chain that lacks more than a part of a pixel gets a point in its middle.
    """
    starts = np.cumsum(lengths) - lengths
    lacking = wanted - _areas(points, starts)
    furthest = np.full(lengths.size, _FURTHEST)
    straight = np.flatnonzero((lengths == 2) & (np.abs(lacking) > _NOTICED))
    if straight.size:
        ends = points[starts[straight]], points[starts[straight] + 1]
        points = np.insert(points, starts[straight] + 1, (ends[0] + ends[1]) / 2, axis=0)
        lengths = lengths.copy()
        lengths[straight] += 1
        furthest[straight] = 1.0  # as far as the corner of a pixel
        starts = np.cumsum(lengths) - lengths
    inner = np.ones(len(points), np.bool_)
    inner[starts] = inner[starts + lengths - 1] = False
    index = np.flatnonzero(inner)
    chain = np.repeat(np.arange(lengths.size), lengths)[index]
    moved = np.zeros(lengths.size)
    for _ in range(_STEPS):
        lacking = wanted - _areas(points, starts)
        chord = points[index + 1] - points[index - 1]
        length = np.maximum(np.hypot(*chord.T), 1e-12)
        gain = np.bincount(chain, length / 2, minlength=lengths.size)
        step = np.clip(lacking / np.maximum(gain, 0.5), -furthest - moved, furthest - moved)
        moved += step
        normal = np.column_stack([chord[:, 1], -chord[:, 0]]) / length[:, None]
        points[index] += normal * step[chain][:, None]
    points[:, 0] = np.clip(points[:, 0], 0, columns)
    points[:, 1] = np.clip(points[:, 1], *band)
    return points, lengths


def _on_lines(chains: Chains, band: tuple[int, int]) -> NDArray[np.bool_]:
    """Tell which chains run along the line between two strips, where they are straight."""
    first, last = chains.points[chains.starts, 1], chains.points[chains.starts + chains.lengths - 1, 1]
    level = (chains.lengths == 2) & (first == last)
    return np.asarray(level & ((first == band[0]) | (first == band[1])))


def _chosen(levels: list[tuple[Doubles, Indices]], level: Indices) -> tuple[Doubles, Indices]:
    """Put together the chains, each at its own level of detail."""
    counts = np.array([lengths for _, lengths in levels])
    lengths = counts[level, np.arange(level.size)]
    starts = np.cumsum(lengths) - lengths
    points = np.empty((int(lengths.sum()), 2))
    for number, (source, source_lengths) in enumerate(levels):
        wanted = level == number
        points[np.repeat(wanted, lengths)] = source[np.repeat(wanted, source_lengths)]
    return points, starts


def _conflicts(
    points: Doubles,
    starts: Indices,
    reduced: NDArray[np.bool_],
    flat: NDArray[np.bool_],
    place: tuple[tuple[int, int], int],
) -> Indices:
    """Find the reduced chains that touch others, or themselves, elsewhere than at the nodes they share."""
    band, columns = place
    lengths = np.diff(np.append(starts, len(points)))
    chain = np.repeat(np.arange(starts.size), lengths)
    last = np.zeros(len(points), np.bool_)
    last[starts + lengths - 1] = True
    name = -1 - np.arange(len(points))  # points are the same where they are one node
    for end in (starts, starts + lengths - 1):
        name[end] = np.rint(points[end, 1] * (columns + 1) + points[end, 0])
    begin = np.flatnonzero(~last)
    one, other = points[begin], points[begin + 1]
    of = chain[begin]
    bad = np.zeros(starts.size, np.bool_)
    on_line = (one[:, 1] == other[:, 1]) & ((one[:, 1] == band[0]) | (one[:, 1] == band[1]))
    bad[of[on_line & ~flat[of]]] = True
    bad[of[np.hypot(*(other - one).T) <= _MARGIN]] = True
    segments = shapely.linestrings(np.stack([one, other], axis=1))
    first, second = shapely.STRtree(segments).query(segments)
    pairs = (first < second) & (reduced[of[first]] | reduced[of[second]])
    first, second = first[pairs], second[pairs]
    names = name[begin], name[begin + 1]
    clash = _touch(_Pieces(one, other, *names).at(first), _Pieces(one, other, *names).at(second))
    bad[of[first[clash]]] = bad[of[second[clash]]] = True
    return np.flatnonzero(bad & reduced)


class _Pieces(NamedTuple):
    """Straight pieces of chains: their ends, and the names of these."""

    begin: Doubles
    end: Doubles
    begin_name: Indices
    end_name: Indices

    def at(self, index: Indices) -> "_Pieces":
        """Take some of them."""
        return _Pieces(self.begin[index], self.end[index], self.begin_name[index], self.end_name[index])


def _touch(one: _Pieces, other: _Pieces) -> NDArray[np.bool_]:
    """Tell which pieces meet elsewhere than at one point they share."""
    ac, ad = one.begin_name == other.begin_name, one.begin_name == other.end_name
    bc, bd = one.end_name == other.begin_name, one.end_name == other.end_name
    twice = (ac & bd) | (ad & bc)
    meeting = np.where((ac | ad)[:, None], one.begin, one.end)
    u = np.where((ac | ad)[:, None], one.end, one.begin) - meeting
    v = np.where((ac | bc)[:, None], other.end, other.begin) - meeting
    scale = np.hypot(*u.T) * np.hypot(*v.T)
    spike = (np.abs(_cross(u, v)) <= _MARGIN * scale) & ((u * v).sum(1) > 0)
    apart = _one_side(one.begin, one.end, other.begin, other.end)
    apart |= _one_side(other.begin, other.end, one.begin, one.end)
    return np.where(ac | ad | bc | bd, twice | spike, ~apart)


def _one_side(a: Doubles, b: Doubles, c: Doubles, d: Doubles) -> NDArray[np.bool_]:
    """Tell where c and d lie clearly on one side of the line through a and b."""
    line = b - a
    margin = _MARGIN * np.hypot(*line.T)
    c_side, d_side = _cross(line, c - a), _cross(line, d - a)
    return np.asarray(((c_side > margin) & (d_side > margin)) | ((c_side < -margin) & (d_side < -margin)))


def _cross(u: Doubles, v: Doubles) -> Doubles:
    product: Doubles = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    return product
