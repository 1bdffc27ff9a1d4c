"""An 8-bit raster and its overviews in scratch files, for publication as a COG.

The overviews are made from rows in memory; made by GDAL from the whole file, they slow publication down
five times.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oemsar.disk import disk_errors
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
        levels: Raw rasters of each level, one a band, the full resolution first.
        halve: Makes a level from the one below it.
    """

    levels: tuple[tuple[RawRaster, ...], ...]
    halve: Halving

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the full resolution."""
        return self.levels[0][0].shape

    @staticmethod
    def bytes_needed(shape: tuple[int, int], bands: int = 1) -> int:
        """Compute the bytes that a pyramid of `shape` takes on the disk, rounding of odd sizes left out."""
        return bands * shape[0] * shape[1] * 4 // 3

    @classmethod
    def create(cls, folder: Path, shape: tuple[int, int], bands: int = 1) -> "Pyramid":
        """Make scratch files in `folder` for `bands` bands of `shape`, to be written rows by rows."""
        names = [folder / f"band{band}.raw" for band in range(bands)]
        return cls._above([RawRaster(name, shape, np.uint8) for name in names], means)

    @classmethod
    def over(cls, bands: Sequence[RawRaster], halve: Halving) -> "Pyramid":
        """Make the overviews of bands of bytes that are complete, in files beside them.

        Args:
            bands: Raw rasters, one a band.
            halve: Makes a level from the one below it.

        Raises:
            DiskFull: The disk is full.
        """
        pyramid = cls._above(bands, halve)
        try:
            with disk_errors(bands[0].path):
                pyramid._fill()
        except BaseException:
            pyramid.remove_overviews()
            raise
        return pyramid

    def _fill(self) -> None:
        """Make every level from the one below it."""
        for below, above in itertools.pairwise(self.levels):
            for source, target in zip(below, above, strict=True):
                for row in range(0, source.shape[0], _STRIP):
                    strip = source.read_rows(row, min(_STRIP, source.shape[0] - row))
                    target.write_rows(row // 2, self.halve(strip))

    def remove_overviews(self) -> None:
        """Remove the files of every level but the full resolution."""
        for level in self.levels[1:]:
            for raster in level:
                raster.path.unlink(missing_ok=True)

    @classmethod
    def _above(cls, bands: Sequence[RawRaster], halve: Halving) -> "Pyramid":
        """Take raw rasters as the full resolution, under overviews that are not written yet."""
        levels = [tuple(bands)]
        shape = bands[0].shape
        while max(shape) > TILE and len(levels) <= _MOST_LEVELS:
            shape = (-(-shape[0] // 2), -(-shape[1] // 2))
            names = [band.path.with_suffix(f".{len(levels)}.raw") for band in bands]
            levels.append(tuple(RawRaster(name, shape, np.uint8) for name in names))
        return cls(tuple(levels), halve)

    def rows(self, row: int) -> "Rows":
        """Make room for the `ROWS` rows from `row` on, fewer at the lower edge, in every level; all zero.

        Args:
            row: A multiple of `ROWS`.
        """
        height = min(ROWS, self.shape[0] - row)
        bands = len(self.levels[0])
        shapes = [
            (bands, -(-height // (1 << level)), rasters[0].shape[1])
            for level, rasters in enumerate(self.levels)
        ]
        return Rows(row, tuple(np.zeros(shape, np.uint8) for shape in shapes), self.halve)

    def write(self, rows: "Rows") -> None:
        """Write rows into every level.

        Raises:
            DiskFull: The disk is full.
        """
        with disk_errors(self.levels[0][0].path):
            for level, (rasters, bands) in enumerate(zip(self.levels, rows.levels, strict=True)):
                for raster, band in zip(rasters, bands, strict=True):
                    raster.write_rows(rows.row >> level, band)


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a pyramid in memory.

    Attributes:
        row: First row, at full resolution.
        levels: Arrays of each level, uint8, shape (bands, height, columns).
        halve: Makes a level from the one below it.
    """

    row: int
    levels: tuple[NDArray[np.uint8], ...]
    halve: Halving

    def fill(self, column: int, block: NDArray[np.uint8]) -> None:
        """Put a block into every level; threads may put different blocks at once.

        Args:
            column: Column of the block's first pixel, a multiple of `ROWS`.
            block: Pixels (bands, height, width); the height is that of the rows, the width a multiple of
                `ROWS` too, but for the block at the right edge.
        """
        for level, bands in enumerate(self.levels):
            start = column >> level
            bands[:, :, start : start + block.shape[2]] = block
            block = np.stack([self.halve(band) for band in block])
