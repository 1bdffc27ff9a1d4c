"""An 8-bit raster and its overviews in scratch files, for publication as a COG.

The overviews are made from rows in memory; made by GDAL from the whole file, they slow publication down
five times.
"""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import Failure
from oemsar.raster.halving import Halving, means
from oemsar.raster.raw_raster import RawRaster

TILE = 512
"""Side of the tiles of a published file; no overview is smaller than half of it."""
_STRIP = 64
_MOST_LEVELS = 9
ROWS = 1 << _MOST_LEVELS
"""Rows that are written at once: one of the smallest overview."""


@dataclass(frozen=True)
class Pyramid:
    """One or more bands of bytes and their overviews in a folder of scratch files; 0 carries no data.

    Attributes:
        levels: canvases of each level, the full resolution first; each level one canvas a band.
        halve: makes a level from the one below it.
    """

    levels: tuple[tuple[RawRaster, ...], ...]
    halve: Halving

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the full resolution."""
        return self.levels[0][0].shape

    @classmethod
    def create(cls, folder: Path, shape: tuple[int, int], bands: int = 1) -> "Pyramid":
        """Scratch files in `folder` for `bands` bands of `shape`, to be written rows by rows."""
        names = [folder / f"band{band}.raw" for band in range(bands)]
        return cls._above([RawRaster(name, shape, np.uint8) for name in names], means)

    @classmethod
    def over(cls, canvases: Sequence[RawRaster], halve: Halving) -> "Pyramid":
        """Bands of bytes that are complete, one a canvas, and their overviews in files beside them.

        Raises:
            Failure: the disk is full.
        """
        pyramid = cls._above(canvases, halve)
        with _full_disk_told():
            for below, above in itertools.pairwise(pyramid.levels):
                for source, target in zip(below, above, strict=True):
                    for row in range(0, source.shape[0], _STRIP):
                        strip = source.read_rows(row, min(_STRIP, source.shape[0] - row))
                        target.write_rows(row // 2, halve(strip))
        return pyramid

    @classmethod
    def _above(cls, canvases: Sequence[RawRaster], halve: Halving) -> "Pyramid":
        """The canvases as full resolution, under overviews not yet written."""
        levels = [tuple(canvases)]
        shape = canvases[0].shape
        while max(shape) > TILE and len(levels) <= _MOST_LEVELS:
            shape = (-(-shape[0] // 2), -(-shape[1] // 2))
            names = [canvas.path.with_suffix(f".{len(levels)}.raw") for canvas in canvases]
            levels.append(tuple(RawRaster(name, shape, np.uint8) for name in names))
        return cls(tuple(levels), halve)

    def rows(self, row: int) -> "Rows":
        """Room for the `ROWS` rows from `row` on, fewer at the lower edge, in every level; all zero.

        Args:
            row: a multiple of `ROWS`.
        """
        height = min(ROWS, self.shape[0] - row)
        bands = len(self.levels[0])
        shapes = [
            (bands, -(-height // (1 << level)), canvases[0].shape[1])
            for level, canvases in enumerate(self.levels)
        ]
        return Rows(row, tuple(np.zeros(shape, np.uint8) for shape in shapes), self.halve)

    def write(self, rows: "Rows") -> None:
        """Write rows into every level.

        Raises:
            Failure: the disk is full.
        """
        with _full_disk_told():
            for level, (canvases, bands) in enumerate(zip(self.levels, rows.levels, strict=True)):
                for canvas, band in zip(canvases, bands, strict=True):
                    canvas.write_rows(rows.row >> level, band)


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a pyramid in memory.

    Attributes:
        row: the first of them, at full resolution.
        levels: uint8 arrays, shape (bands, height, columns), of each level.
        halve: makes a level from the one below it.
    """

    row: int
    levels: tuple[NDArray[np.uint8], ...]
    halve: Halving

    def fill(self, column: int, block: NDArray[np.uint8]) -> None:
        """Put a block into every level; threads may put different blocks at once.

        Args:
            column: of the block's first pixel; a multiple of `ROWS`.
            block: shape (bands, height, width), the height that of the rows; its width is such a multiple
                too, but for the block at the right edge.
        """
        for level, bands in enumerate(self.levels):
            start = column >> level
            bands[:, :, start : start + block.shape[2]] = block
            block = np.stack([self.halve(band) for band in block])


@contextmanager
def _full_disk_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Failure(f"scratch files could not be written ({error.strerror}); free disk space") from error
