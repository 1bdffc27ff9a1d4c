"""The first pass over a scene: its histogram, and the ground that the collect covers."""

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

from oemsar.arrays import pick
from oemsar.prepare.radiometry.amplitude_table import AmplitudeTable
from oemsar.prepare.radiometry.histogram import Histogram
from oemsar.processes import thread_pool
from oemsar.progress import Report
from oemsar.raster.border import CELL
from oemsar.raster.collect import Padding, padding_of
from oemsar.raster.pixels import Opener, Pixels
from oemsar.raster.pyramid import ROWS
from oemsar.raster.read import Extent

BLOCK = (ROWS, 2 * ROWS)
"""Rows and columns of the blocks that a scene is read in, multiples of `CELL`."""
_FRINGE = 128
"""Side in pixels of the squares in which the edge of the collect is followed."""
_MOST_WORKERS = 8

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class SceneStatistics:
    """Amplitudes of a scene, and the zeros around its collect.

    Attributes:
        histogram: Amplitudes of the pixels that carry data.
        padding: Zeros around the collect; None where the file itself marks nodata, or has no padding.
        pixels: Number of pixels of the raster.
    """

    histogram: Histogram
    padding: Padding | None
    pixels: int

    def inside(self, pixels: Pixels, table: AmplitudeTable, extent: Extent) -> NDArray[np.bool_] | None:
        """Mark the pixels of a block that lie inside the collect, (height, width); None where all do."""
        if self.padding is None or not self.padding.touches(extent):
            return None
        return _inside(pixels, table, self.padding, extent)


def blocks(shape: tuple[int, int]) -> list[Extent]:
    """Cut a raster into blocks, row by row; those at the right and lower edge are smaller."""
    height, width = shape
    return [
        Extent(row, column, min(BLOCK[0], height - row), min(BLOCK[1], width - column))
        for row in range(0, height, BLOCK[0])
        for column in range(0, width, BLOCK[1])
    ]


@contextmanager
def open_workers(opener: Opener) -> Iterator["Workers"]:
    """Yield one thread a core, 8 at most, each with the pixels opened for itself."""
    number = min(_MOST_WORKERS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
    with ExitStack() as stack:
        idle: Queue[Pixels] = Queue()
        for _ in range(number):
            idle.put(stack.enter_context(opener()))
        pool = stack.enter_context(thread_pool(number))
        yield Workers(pool, idle, number)


@dataclass(frozen=True)
class Workers:
    """Threads that work on the blocks of one raster.

    Attributes:
        pool: Threads.
        idle: Open pixels that no thread uses at present.
        number: Number of threads.
    """

    pool: ThreadPoolExecutor
    idle: "Queue[Pixels]"
    number: int

    def describe(self) -> tuple[tuple[int, int], np.dtype[Any]]:
        """Tell rows and columns of the pixels, and their type."""
        pixels = self.idle.queue[0]
        return pixels.shape, pixels.dtype

    def tells_nodata(self) -> bool:
        """Tell whether the file itself says which pixels carry data."""
        pixels: Pixels = self.idle.queue[0]
        return pixels.tells_nodata

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
        """Yield the results of `work` on every extent, in order; a few a thread are under way at once."""
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


def scene_statistics(workers: Workers, table: AmplitudeTable, report: Report) -> SceneStatistics:
    """Count the amplitudes of a scene block by block; memory does not grow with the scene.

    One bit for every cell of 32 x 32 pixels is kept to find the padding.

    Args:
        workers: Threads with the pixels.
        table: Amplitudes of the pixel values.
        report: Called with the blocks done and in all.
    """
    shape, _ = workers.describe()
    searched = not workers.tells_nodata()
    counts = np.zeros(table.amplitudes.size, np.int64)
    empty = np.zeros((-(-shape[0] // CELL), -(-shape[1] // CELL)), bool)

    def count(pixels: Pixels, extent: Extent) -> tuple[Extent, NDArray[np.int64], NDArray[np.bool_] | None]:
        values, valid = pixels.read(extent)
        indices = table.indices(values)
        cells = _empty_cells(indices[0]) if searched else None
        return extent, _count(indices if valid is None else pick(indices, valid), counts.size), cells

    for extent, part, cells in workers.each(blocks(shape), count, report):
        counts[: part.size] += part
        if cells is not None:
            row, column = extent.row // CELL, extent.column // CELL
            empty[row : row + cells.shape[0], column : column + cells.shape[1]] = cells
    padding = padding_of(empty) if searched and empty.any() else None
    if padding is not None and padding.cells.any():
        counts[0] -= _padded(workers, table, padding, shape)
    else:
        padding = None
    histogram = Histogram.from_table(table.amplitudes, counts, table.relative_error)
    return SceneStatistics(histogram, padding, shape[0] * shape[1])


def _count(indices: NDArray[Any], size: int) -> NDArray[np.int64]:
    """Count table indices. Pairs of bytes are counted as one number: half the additions."""
    flat = indices.ravel()
    if flat.dtype == np.uint8 and flat.size % 2 == 0:
        pairs = np.bincount(flat.view(np.uint16), minlength=1 << 16).reshape(256, 256)
        counts: NDArray[np.int64] = pairs.sum(0) + pairs.sum(1)
        return counts
    return np.bincount(flat, minlength=size if size <= 1 << 16 else 0)


def _empty_cells(indices: NDArray[Any]) -> NDArray[np.bool_]:
    """Mark cells of `CELL` x `CELL` pixels whose pixels inside the raster are all zero."""
    height, width = indices.shape
    rows, columns = -(-height // CELL), -(-width // CELL)
    if (height % CELL, width % CELL) != (0, 0):
        wide = np.zeros((rows * CELL, columns * CELL), indices.dtype)
        wide[:height, :width] = indices
        indices = wide
    words = np.ascontiguousarray(indices).view(np.uint64)
    lines = np.bitwise_or.reduce(words.reshape(rows, CELL, -1), axis=1)
    empty: NDArray[np.bool_] = np.bitwise_or.reduce(lines.reshape(rows, columns, -1), axis=2) == 0
    return empty


def _zeros(pixels: Pixels, table: AmplitudeTable, extent: Extent) -> NDArray[np.bool_]:
    """Mark the pixels of a rectangle that are zero; those beyond the edge of the raster count as zero."""
    zeros = np.ones((extent.height, extent.width), bool)
    part = extent.clipped(pixels.shape)
    zeros[part.slices_in(extent)] = table.indices(pixels.read(part)[0][0]) == 0
    return zeros


def _inside(pixels: Pixels, table: AmplitudeTable, padding: Padding, extent: Extent) -> NDArray[np.bool_]:
    """Mark the pixels of a block inside the collect; only squares that padding touches are read."""
    inside = np.ones((extent.height, extent.width), bool)
    for row in range(0, extent.height, _FRINGE):
        for column in range(0, extent.width, _FRINGE):
            height, width = min(_FRINGE, extent.height - row), min(_FRINGE, extent.width - column)
            square = Extent(extent.row + row, extent.column + column, height, width)
            if padding.covers(square):
                inside[row : row + height, column : column + width] = False
            elif padding.touches(square):
                inside[row : row + height, column : column + width] = padding.inside(
                    square, lambda wide: _zeros(pixels, table, wide)
                )
    return inside


def _padded(workers: Workers, table: AmplitudeTable, padding: Padding, shape: tuple[int, int]) -> int:
    """Count the pixels of padding: whole blocks at once, blocks at the edge of the collect read again."""
    total = 0
    fringe = []
    for extent in blocks(shape):
        if padding.covers(extent):
            total += extent.height * extent.width
        elif padding.touches(extent):
            fringe.append(extent)

    def count(pixels: Pixels, extent: Extent) -> int:
        return int(np.count_nonzero(~_inside(pixels, table, padding, extent)))

    return total + sum(workers.each(fringe, count, lambda done, of: None))
