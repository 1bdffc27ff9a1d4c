"""The second pass over a scene: every pixel through a look-up table to a grey value, and onto disk."""

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oemsar.prepare.radiometry.amplitude_table import AmplitudeTable
from oemsar.prepare.radiometry.scene_statistics import SceneStatistics, Workers, blocks
from oemsar.progress import Report
from oemsar.raster.pixels import Pixels
from oemsar.raster.pyramid import ROWS, Pyramid, Rows
from oemsar.raster.read import Extent


@dataclass(frozen=True, eq=False)
class LookupTable:
    """Grey values of the pixel values of a scene.

    Attributes:
        table: Amplitudes of the pixel values.
        grey: Grey value of every index of `table`, uint8; 0 where the index carries no data.
        statistics: Statistics of the scene, which tell where the collect lies; None where only the file and
            the pixels say which pixels carry data.
    """

    table: AmplitudeTable
    grey: NDArray[np.uint8]
    statistics: SceneStatistics | None = None

    def apply(self, workers: Workers, pyramid: Pyramid, report: Report) -> None:
        """Write the grey values of a whole scene; two rows of blocks are held in memory.

        Args:
            workers: Threads with the pixels.
            pyramid: Destination of the grey values, of the shape of the scene.
            report: Called with the blocks done and in all.

        Raises:
            Failure: The disk is full.
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
                waiting.append((rows, self._start(workers, rows)))
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

    def _start(self, workers: Workers, rows: Rows) -> list[Future[None]]:
        def block(pixels: Pixels, extent: Extent) -> None:
            grey = self._look_up(pixels, extent)
            if grey is not None:
                rows.fill(extent.column, grey)

        return [
            workers.submit(block, Extent(rows.row + part.row, part.column, part.height, part.width))
            for part in blocks(rows.levels[0].shape[1:])
        ]

    def _look_up(self, pixels: Pixels, extent: Extent) -> NDArray[np.uint8] | None:
        """Look up the grey values of a block, (bands, height, width); None where it carries no data."""
        padding = None if self.statistics is None else self.statistics.padding
        if padding is not None and padding.covers(extent):
            return None
        values, valid = pixels.read(extent)
        grey = np.empty(values.shape, np.uint8)
        np.take(self.grey, self.table.indices(values), mode="clip", out=grey)
        if valid is not None:
            np.copyto(grey, 0, where=~valid)
        if self.statistics is not None:
            inside = self.statistics.inside(pixels, self.table, extent)
            if inside is not None:
                np.copyto(grey, 0, where=~inside)
        if len(grey) > 1:
            np.copyto(grey, 0, where=~grey.all(0))
        return grey
