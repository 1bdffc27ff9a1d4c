"""The first pass over a scene: its histogram, and the ground the collect covers."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from queue import Queue
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from oemsar.prepare.radiometry.amplitude_table import Levels
from oemsar.prepare.radiometry.histogram import Histogram
from oemsar.progress import Report
from oemsar.raster.collect import CELL, Padding, padding_of
from oemsar.raster.pixels import Opener, Pixels
from oemsar.raster.pyramid import ROWS
from oemsar.raster.read import Extent

BLOCK = (ROWS, 2 * ROWS)
"""Rows and columns of the blocks a scene is worked through in; multiples of `CELL`."""
_FRINGE = 128
"""Side of the squares in which the edge of the collect is followed."""
_MOST_WORKERS = 8

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Survey:
    """What the first pass found.

    Attributes:
        histogram: amplitudes of the pixels that carry data.
        padding: the zeros around the collect; None where the file tells its own nodata or has none.
        pixels: number of pixels of the raster.
    """

    histogram: Histogram
    padding: Padding | None
    pixels: int

    def valid(self, pixels: Pixels, levels: Levels, extent: Extent) -> NDArray[np.bool_] | None:
        """Which pixels of `extent` lie inside the collect; None where all do."""
        if self.padding is None or not self.padding.touches(extent):
            return None
        return _inside(pixels, levels, self.padding, extent)


def blocks(shape: tuple[int, int]) -> list[Extent]:
    """The blocks of a raster, row by row; those at the right and lower edge are smaller."""
    height, width = shape
    return [
        Extent(row, column, min(BLOCK[0], height - row), min(BLOCK[1], width - column))
        for row in range(0, height, BLOCK[0])
        for column in range(0, width, BLOCK[1])
    ]


@contextmanager
def workers(opener: Opener) -> Iterator["Workers"]:
    """Yield threads, as many as there are cores to use, each with the pixels opened for itself."""
    number = min(_MOST_WORKERS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
    with ExitStack() as stack:
        idle: Queue[Pixels] = Queue()
        for _ in range(number):
            idle.put(stack.enter_context(opener()))
        pool = stack.enter_context(ThreadPoolExecutor(number))
        yield Workers(pool, idle, number)


@dataclass(frozen=True)
class Workers:
    """Threads that work through blocks."""

    pool: ThreadPoolExecutor
    idle: "Queue[Pixels]"
    number: int

    def describe(self) -> tuple[tuple[int, int], np.dtype[Any]]:
        """Rows and columns of the pixels, and their type."""
        pixels = self.idle.queue[0]
        return pixels.shape, pixels.dtype

    def submit(self, work: Callable[[Pixels, Extent], Result], extent: Extent) -> "Future[Result]":
        """Start `work` on a block, with pixels that no other thread uses."""

        def one() -> Result:
            pixels = self.idle.get()
            try:
                return work(pixels, extent)
            finally:
                self.idle.put(pixels)

        return self.pool.submit(one)

    def each(
        self, extents: list[Extent], work: Callable[[Pixels, Extent], Result], report: Report
    ) -> Iterator[Result]:
        """Results of `work` on every extent, in order; a few for each thread are under way at once."""
        running: deque[Future[Result]] = deque()
        try:
            for done, extent in enumerate(extents):
                running.append(self.submit(work, extent))
                if len(running) > 3 * self.number:
                    yield running.popleft().result()
                    report(done + 1 - len(running), len(extents))
            while running:
                yield running.popleft().result()
                report(len(extents) - len(running), len(extents))
        finally:
            for future in running:
                future.cancel()


def survey(crew: Workers, levels: Levels, report: Report) -> Survey:
    """Count the amplitudes of a scene, streamed; memory is that of a few blocks and the table.

    A thousandth of the raster, one bit for every cell of 32 x 32 pixels, is kept to find the padding.

    Args:
        crew: threads with the pixels.
        levels: the table of amplitudes.
        report: told the blocks done and in all.
    """
    shape, _ = crew.describe()
    searched = not crew.idle.queue[0].tells_nodata
    counts = np.zeros(levels.amplitudes.size, np.int64)
    empty = np.zeros((-(-shape[0] // CELL), -(-shape[1] // CELL)), bool)

    def count(pixels: Pixels, extent: Extent) -> tuple[Extent, NDArray[np.int64], NDArray[np.bool_] | None]:
        values, valid = pixels.read(extent)
        positions = levels.positions(values)
        cells = _empty_cells(positions[0]) if searched else None
        return extent, _count(positions if valid is None else positions[:, valid], counts.size), cells

    for extent, part, cells in crew.each(blocks(shape), count, report):
        counts[: part.size] += part
        if cells is not None:
            row, column = extent.row // CELL, extent.column // CELL
            empty[row : row + cells.shape[0], column : column + cells.shape[1]] = cells
    padding = padding_of(empty) if searched and empty.any() else None
    if padding is not None and padding.cells.any():
        counts[0] -= _padded(crew, levels, padding, shape)
    else:
        padding = None
    histogram = Histogram.of_table(levels.amplitudes, counts, levels.relative_error)
    return Survey(histogram, padding, shape[0] * shape[1])


def _count(positions: NDArray[Any], size: int) -> NDArray[np.int64]:
    """Histogram of table positions. Pairs of bytes are counted as one number: half the additions."""
    flat = positions.ravel()
    if flat.dtype == np.uint8 and flat.size % 2 == 0:
        pairs = np.bincount(flat.view(np.uint16), minlength=1 << 16).reshape(256, 256)
        counts: NDArray[np.int64] = pairs.sum(0) + pairs.sum(1)
        return counts
    return np.bincount(flat, minlength=size if size <= 1 << 16 else 0)


def _empty_cells(positions: NDArray[Any]) -> NDArray[np.bool_]:
    """Cells of `CELL` x `CELL` pixels that are all zero; those over the edge count what lies inside."""
    height, width = positions.shape
    rows, columns = -(-height // CELL), -(-width // CELL)
    if (height % CELL, width % CELL) != (0, 0):
        wide = np.zeros((rows * CELL, columns * CELL), positions.dtype)
        wide[:height, :width] = positions
        positions = wide
    words = np.ascontiguousarray(positions).view(np.uint64)
    lines = np.bitwise_or.reduce(words.reshape(rows, CELL, -1), axis=1)
    empty: NDArray[np.bool_] = np.bitwise_or.reduce(lines.reshape(rows, columns, -1), axis=2) == 0
    return empty


def _zeros(pixels: Pixels, levels: Levels, extent: Extent) -> NDArray[np.bool_]:
    """Which pixels of a rectangle are zero; those over the edge of the raster are."""
    zeros = np.ones((extent.height, extent.width), bool)
    part = extent.clipped(pixels.shape)
    zeros[part.slices_in(extent)] = levels.positions(pixels.read(part)[0][0]) == 0
    return zeros


def _inside(pixels: Pixels, levels: Levels, padding: Padding, extent: Extent) -> NDArray[np.bool_]:
    """Which pixels of a block lie inside the collect; only squares that padding touches are looked at."""
    inside = np.ones((extent.height, extent.width), bool)
    for row in range(0, extent.height, _FRINGE):
        for column in range(0, extent.width, _FRINGE):
            height, width = min(_FRINGE, extent.height - row), min(_FRINGE, extent.width - column)
            square = Extent(extent.row + row, extent.column + column, height, width)
            if padding.covers(square):
                inside[row : row + height, column : column + width] = False
            elif padding.touches(square):
                inside[row : row + height, column : column + width] = padding.inside(
                    square, lambda wide: _zeros(pixels, levels, wide)
                )
    return inside


def _padded(crew: Workers, levels: Levels, padding: Padding, shape: tuple[int, int]) -> int:
    """Number of pixels of padding: whole cells are counted, blocks at the edge of the collect read again."""
    total = 0
    fringe = []
    for extent in blocks(shape):
        if padding.covers(extent):
            total += extent.height * extent.width
        elif padding.touches(extent):
            fringe.append(extent)

    def count(pixels: Pixels, extent: Extent) -> int:
        return int(np.count_nonzero(~_inside(pixels, levels, padding, extent)))

    return total + sum(crew.each(fringe, count, lambda done, of: None))
