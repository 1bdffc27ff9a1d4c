"""Segments of a label: connected pixels of one class within a tile.

The paper counts segments without naming the connectivity. Here pixels touch by sides and by corners (8): a
road or a stream that runs obliquely across the pixels stays one segment where it is one pixel wide.

Every class is counted in one pass over the horizontal runs of equal pixels, of which a label has some ten
thousands where it has a million pixels. A run hangs from the run of its class above it, which makes trees;
the touching runs that the trees leave out join trees to segments.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from oemsar.legend import MAX_ID

Connectivity = Literal[4, 8]
"""Number of neighbours of a pixel: those that share a side (4), or a side or corner (8)."""

_WORD = 64
"""Number of bits counted at once."""

Indices = NDArray[np.int32]


@dataclass(frozen=True)
class LabelCounts:
    """Counts of one label by class id, unknown first.

    Attributes:
        pixels: Number of pixels of each id, int64, shape (ids,).
        segments: Number of segments of each id, int64, shape (ids,).
    """

    pixels: NDArray[np.int64]
    segments: NDArray[np.int64]


@dataclass(frozen=True)
class _Runs:
    """Horizontal runs of equal pixels in reading order; positions are indices into the raveled label.

    Attributes:
        label: Raveled label, uint8.
        width: Pixels in a row.
        begins: Whether a run begins at a pixel, padded with False to whole words of 64.
        first: Position of the first pixel of each run.
        last: Position of the last pixel of each run.
        ids: Class id of each run.
    """

    label: NDArray[np.uint8]
    width: int
    begins: NDArray[np.bool_]
    first: Indices
    last: Indices
    ids: NDArray[np.uint8]

    def at(self, positions: Indices) -> Indices:
        """Find the run that each position lies in, by counting the begins up to there."""
        words = np.packbits(self.begins, bitorder="little").view("<u8")
        upto = np.cumsum(_bit_count(words), dtype=np.int32) - np.int32(1)
        word = positions // _WORD
        beyond = words[word] >> (positions % _WORD).astype(np.uint64) >> np.uint64(1)
        run: Indices = upto[word] - _bit_count(beyond)
        return run


def _bit_count(words: NDArray[Any]) -> NDArray[np.uint8]:
    """Count the bits that are set in each word of 64."""
    counts: NDArray[np.uint8]
    if hasattr(np, "bitwise_count"):  # from NumPy 2.0
        counts = np.bitwise_count(words)
    else:
        counts = np.unpackbits(words.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=1, dtype=np.uint8)
    return counts


def count_label(label: NDArray[np.uint8], connectivity: Connectivity = 8) -> LabelCounts:
    """Count the pixels and the segments of every class in one label.

    Args:
        label: Class ids and 0 = unknown, uint8, shape (height, width), not empty.
        connectivity: Whether pixels that share only a corner touch (8) or not (4).

    Returns:
        Pixels and segments of each id; equal to `scipy.ndimage.label` of each id by itself.

    Raises:
        ValueError: The label is empty, not two-dimensional, not uint8, has other ids or 2**31 pixels.
    """
    if label.ndim != 2 or label.dtype != np.uint8 or not 0 < label.size < 2**31:
        raise ValueError(f"a label of shape {label.shape} and type {label.dtype} cannot be counted")
    if label.max() > MAX_ID:
        raise ValueError(f"the label has id {label.max()}, outside 0..{MAX_ID}")
    runs = _find_runs(label)
    lengths = runs.last - runs.first + 1
    pixels = np.bincount(runs.ids, lengths, MAX_ID + 1).astype(np.int64)
    return LabelCounts(pixels, _count_segments(runs, connectivity))


def _find_runs(label: NDArray[np.uint8]) -> _Runs:
    height, width = label.shape
    flat = label.ravel()
    begins = np.zeros(-(-flat.size // _WORD) * _WORD, np.bool_)
    np.not_equal(flat[1:], flat[:-1], out=begins[1 : flat.size])
    begins[: height * width : width] = True
    first: Indices = np.flatnonzero(begins).astype(np.int32)
    last: Indices = np.append(first[1:], np.int32(flat.size)) - np.int32(1)
    return _Runs(flat, width, begins, first, last, flat[first])


def _count_segments(runs: _Runs, connectivity: Connectivity) -> NDArray[np.int64]:
    """Count the segments of each id: trees of runs, joined by the links that the trees leave out."""
    parents, runs_joined, others = _links(runs, connectivity)
    while not np.array_equal(grandparents := parents[parents], parents):
        parents = grandparents
    run, other = parents[runs_joined], parents[others]
    apart = np.flatnonzero(run != other)
    roots = np.flatnonzero(parents == np.arange(parents.size, dtype=np.int32))
    number = np.empty(parents.size, np.int32)
    number[roots] = np.arange(roots.size, dtype=np.int32)
    joined = np.ones(apart.size, np.int8), (number[run[apart]], number[other[apart]])
    segments, segment = connected_components(coo_array(joined, (roots.size,) * 2), directed=False)
    ids = np.empty(segments, np.uint8)
    ids[segment] = runs.ids[roots]
    return np.bincount(ids, minlength=MAX_ID + 1).astype(np.int64)


def _links(runs: _Runs, connectivity: Connectivity) -> tuple[Indices, NDArray[np.intp], Indices]:
    """Find the runs of one class that touch.

    Two runs in rows one above the other share a side exactly where the one that begins later begins, and
    share only a corner at the begin or at the end of the lower one.

    Returns:
        For each run one that it touches in the row above, or itself; and the links beyond these, as the
        runs on both sides.
    """
    label, width = runs.label, np.int32(runs.width)
    lower, upper = np.searchsorted(runs.first, np.array((width, label.size - width), np.int32))
    first, last, ids = runs.first[lower:], runs.last[lower:], runs.ids[lower:]
    above = first - width
    hangs = label[above] == ids
    below = runs.first[:upper] + width
    sides = np.flatnonzero((label[below] == runs.ids[:upper]) & ~runs.begins[below])
    run, positions = [sides], [below[sides]]
    if connectivity == 8:
        corner = np.flatnonzero(~hangs & (label[above - 1] == ids))
        corner = corner[first[corner] % width != 0]
        above[corner] -= 1
        hangs[corner] = True
        right = last - width
        corner = np.flatnonzero((label[right] != ids) & (label[right + 1] == ids))
        corner = corner[(last[corner] + 1) % width != 0]
        run.append(corner + lower)
        positions.append(right[corner] + np.int32(1))
    hanging = np.flatnonzero(hangs)
    found = runs.at(np.concatenate((above[hanging], *positions)))
    parents = np.arange(runs.first.size, dtype=np.int32)
    parents[hanging + lower] = found[: hanging.size]
    return parents, np.concatenate(run), found[hanging.size :]
