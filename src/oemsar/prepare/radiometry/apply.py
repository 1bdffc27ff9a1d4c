"""The second pass over a scene: every pixel through a table to a grey value, and onto disk."""

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oemsar.prepare.radiometry.amplitude_table import Levels
from oemsar.prepare.radiometry.scene_statistics import Survey, Workers, blocks
from oemsar.progress import Report
from oemsar.raster.pixels import Pixels
from oemsar.raster.pyramid import ROWS, Pyramid, Rows
from oemsar.raster.read import Extent


@dataclass(frozen=True, eq=False)
class Painter:
    """How pixels become grey values.

    Attributes:
        levels: the table of positions.
        table: uint8, grey value of every position; 0 where the position carries no data.
        surveyed: where the collect lies; None where only the file and the pixels say what carries data.
    """

    levels: Levels
    table: NDArray[np.uint8]
    surveyed: Survey | None = None

    def paint(self, crew: Workers, pyramid: Pyramid, report: Report) -> None:
        """Paint a whole scene; the rows of one row of blocks and of the next are held in memory.

        Args:
            crew: threads with the pixels.
            pyramid: where the grey values go.
            report: told the blocks done and in all.

        Raises:
            Failure: the disk is full.
        """
        in_all = len(blocks(pyramid.shape))
        done = 0
        waiting: deque[tuple[Rows, list[Future[None]]]] = deque()

        def finish() -> int:
            rows, running = waiting.popleft()
            for future in running:
                future.result()
            pyramid.write(rows)
            return len(running)

        try:
            for row in range(0, pyramid.shape[0], ROWS):
                rows = pyramid.rows(row)
                waiting.append((rows, self._start(crew, rows)))
                if len(waiting) > 1:
                    done += finish()
                    report(done, in_all)
            while waiting:
                done += finish()
                report(done, in_all)
        finally:
            for _, running in waiting:
                for future in running:
                    future.cancel()

    def _start(self, crew: Workers, rows: Rows) -> list[Future[None]]:
        def block(pixels: Pixels, extent: Extent) -> None:
            grey = self._grey(pixels, extent)
            if grey is not None:
                rows.fill(extent.column, grey)

        return [
            crew.submit(block, Extent(rows.row + part.row, part.column, part.height, part.width))
            for part in blocks(rows.levels[0].shape[1:])
        ]

    def _grey(self, pixels: Pixels, extent: Extent) -> NDArray[np.uint8] | None:
        """Grey values of a block, shape (bands, height, width); None where it carries no data."""
        padding = None if self.surveyed is None else self.surveyed.padding
        if padding is not None and padding.covers(extent):
            return None
        values, valid = pixels.read(extent)
        grey = np.empty(values.shape, np.uint8)
        np.take(self.table, self.levels.positions(values), mode="clip", out=grey)
        if valid is not None:
            grey[:, ~valid] = 0
        if self.surveyed is not None:
            inside = self.surveyed.valid(pixels, self.levels, extent)
            if inside is not None:
                grey[:, ~inside] = 0
        if len(grey) > 1:
            grey[:, ~grey.all(0)] = 0
        return grey
