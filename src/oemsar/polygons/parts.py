"""Patches of one value in a raster that is read strip by strip: the runs of its rows, and what they join to.

Two pixels are of one patch where they share a side and have one value. Patches that reach the last row of a
strip stay open; memory is that of a strip and its open patches.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class StripParts:
    """Patches of a strip of rows, and of the row above it.

    Attributes:
        values: Values of the pixels, the row above the strip first, uint8 (rows + 1, columns); 0 belongs to
            no patch.
        run_of: Index of the run that each pixel lies in, int32 (rows + 1, columns).
        starts: Index of the first pixel of each run in `values`, flat.
        lengths: Number of pixels of each run.
        part: Patch of each run, numbered in the strip; -1 for value 0.
        ids: Number of each patch, the same in every strip that it reaches.
        value: Value of each patch.
        is_open: Whether each patch reaches the last row.
        joined: Numbers of the patches that were open above.
        joined_to: Patch of this strip that each of them belongs to.
    """

    values: NDArray[np.uint8]
    run_of: NDArray[np.int32]
    starts: Indices
    lengths: Indices
    part: Indices
    ids: Indices
    value: NDArray[np.uint8]
    is_open: NDArray[np.bool_]
    joined: Indices
    joined_to: Indices

    @property
    def first_run(self) -> int:
        """First run of the strip itself, behind those of the row above."""
        return int(self.run_of[1, 0])

    def part_at(self, pixels: Indices) -> Indices:
        """Find the patches of pixels by their flat indices; -1 for value 0 and for negative indices."""
        found = self.part[self.run_of.ravel()[np.maximum(pixels, 0)]]
        return np.where(pixels < 0, -1, found)


class PartSweep:
    """Patches of a raster, strip by strip from the top."""

    def __init__(self, columns: int) -> None:
        """Begin above the first row.

        Args:
            columns: Columns of the raster.
        """
        self._above = np.zeros(columns, np.uint8)
        self._above_ids = np.full(1, -1, np.int64)
        self._next = 0

    def advance(self, rows: NDArray[np.uint8]) -> StripParts:
        """Take the next rows, shape (rows, columns), and find their patches."""
        values = np.concatenate([self._above[None], rows])
        width = values.shape[1]
        flat = values.ravel()
        begins = np.empty(flat.size, np.bool_)
        begins[0] = True
        np.not_equal(flat[1:], flat[:-1], out=begins[1:])
        begins[::width] = True
        starts = np.flatnonzero(begins)
        run_of = np.cumsum(begins, dtype=np.int32)
        run_of -= 1
        lengths = np.diff(np.append(starts, flat.size))
        of_run = flat[starts]
        labels = self._labels(flat, begins, run_of, starts.size)
        known = np.flatnonzero(of_run)
        found, part_of_known = np.unique(labels[known], return_inverse=True)
        part = np.full(starts.size, -1, np.int64)
        part[known] = part_of_known.ravel()
        count = found.size
        value = np.zeros(count, np.uint8)
        value[part[known]] = of_run[known]
        above = self._above_ids.size
        joined, first = np.unique(self._above_ids, return_index=True)
        first, joined = first[joined >= 0], joined[joined >= 0]
        joined_to = part[:above][first]
        ids = np.full(count, np.iinfo(np.int64).max, np.int64)
        np.minimum.at(ids, joined_to, joined)
        fresh = np.flatnonzero(ids == np.iinfo(np.int64).max)
        ids[fresh] = self._next + np.arange(fresh.size)
        self._next += fresh.size
        is_open = np.zeros(count, np.bool_)
        last_part = part[run_of.ravel()[-width] :]
        is_open[last_part[last_part >= 0]] = True
        self._above = values[-1].copy()
        self._above_ids = np.where(last_part < 0, -1, ids[last_part] if count else -1)
        return StripParts(
            values,
            run_of.reshape(values.shape),
            starts,
            lengths,
            part,
            ids,
            value,
            is_open,
            joined,
            joined_to,
        )

    def _labels(
        self, flat: NDArray[np.uint8], begins: NDArray[np.bool_], run_of: NDArray[np.int32], runs: int
    ) -> NDArray[np.int32]:
        """Label runs that are joined, through the strip or through patches that were open above."""
        width = self._above.size
        touching = (flat[width:] == flat[:-width]) & (begins[width:] | begins[:-width])
        lower = np.flatnonzero(touching) + width
        one, other = run_of[lower - width], run_of[lower]
        open_runs = np.flatnonzero(self._above_ids >= 0)
        _, number = np.unique(self._above_ids[open_runs], return_inverse=True)
        one = np.concatenate([one, open_runs.astype(np.int32)])
        other = np.concatenate([other, (runs + number.ravel()).astype(np.int32)])
        nodes = runs + (int(number.max()) + 1 if number.size else 0)
        links = coo_array((np.ones(one.size, np.int8), (one, other)), shape=(nodes, nodes))
        labels: NDArray[np.int32] = connected_components(links, directed=False)[1]
        return labels[:runs]
