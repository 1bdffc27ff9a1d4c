"""An 8-bit raster written rows by rows together with its overviews, then published as a COG.

The overviews are made from the rows while they are in memory; made by GDAL from the whole file, they slow
the last step down five times. Zstandard at its lowest level packs speckle as tightly as DEFLATE, more than
twice as fast (`benchmarks/radiometry.py --packing` measures both).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import Failure
from oemsar.raster.canvas import Canvas
from oemsar.raster.cog import TILE, copy_as_cog
from oemsar.raster.georeference import Georeference
from oemsar.raster.vrt import add_band, virtual_raster

_MOST_LEVELS = 9
ROWS = 1 << _MOST_LEVELS
"""Rows that are written at once: one of the smallest overview."""


@dataclass(frozen=True)
class Pyramid:
    """One or more bands of bytes and their overviews in a folder of scratch files; 0 carries no data.

    Attributes:
        levels: canvases of each level, the full resolution first; each level one canvas a band.
    """

    levels: tuple[tuple[Canvas, ...], ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the full resolution."""
        return self.levels[0][0].shape

    @classmethod
    def create(cls, folder: Path, shape: tuple[int, int], bands: int = 1) -> "Pyramid":
        """Scratch files in `folder` for `bands` bands of `shape`."""
        levels = []
        for level in range(_MOST_LEVELS + 1):
            levels.append(
                tuple(Canvas(folder / f"{level}_{band}.raw", shape, np.uint8) for band in range(bands))
            )
            if max(shape) <= TILE:
                break
            shape = (-(-shape[0] // 2), -(-shape[1] // 2))
        return cls(tuple(levels))

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
        return Rows(row, tuple(np.zeros(shape, np.uint8) for shape in shapes))

    def write(self, rows: "Rows") -> None:
        """Write rows into every level.

        Raises:
            Failure: the disk is full.
        """
        try:
            for level, (canvases, bands) in enumerate(zip(self.levels, rows.levels, strict=True)):
                for canvas, band in zip(canvases, bands, strict=True):
                    canvas.write_rows(rows.row >> level, band)
        except OSError as error:
            raise Failure(
                f"scratch files could not be written ({error.strerror}); free disk space"
            ) from error

    def publish(self, path: Path, place: Georeference, tags: Mapping[str, str]) -> None:
        """Write the Cloud Optimized GeoTIFF `path` from the scratch files and put it in place at once.

        Raises:
            Failure: the disk is full.
        """
        folder = self.levels[0][0].path.parent
        for level in range(len(self.levels) - 1, -1, -1):
            recipe = self._recipe(level, place if level == 0 else Georeference(), tags if level == 0 else {})
            (folder / f"{level}.vrt").write_text(recipe, encoding="utf-8")
        copy_as_cog(folder / "0.vrt", folder / "made.tif", path, COMPRESS="ZSTD", LEVEL="1", OVERVIEWS="AUTO")

    def _recipe(self, level: int, place: Georeference, tags: Mapping[str, str]) -> str:
        """A GDAL virtual raster of one level, which names the next levels as its overviews."""
        canvases = self.levels[level]
        root = virtual_raster(canvases[0].shape, place, tags)
        for number, canvas in enumerate(canvases, start=1):
            band = add_band(root, number, canvas)
            ET.SubElement(band, "NoDataValue").text = "0"
            if len(canvases) == 3:
                ET.SubElement(band, "ColorInterp").text = ("Red", "Green", "Blue")[number - 1]
            for overview in range(1, len(self.levels)) if level == 0 else ():
                element = ET.SubElement(band, "Overview")
                ET.SubElement(element, "SourceFilename", relativeToVRT="1").text = f"{overview}.vrt"
                ET.SubElement(element, "SourceBand").text = str(number)
        return ET.tostring(root, encoding="unicode")


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a pyramid in memory.

    Attributes:
        row: the first of them, at full resolution.
        levels: uint8 arrays, shape (bands, height, columns), of each level.
    """

    row: int
    levels: tuple[NDArray[np.uint8], ...]

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
            block = np.stack([halved(band) for band in block])


def halved(band: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Means of 2 x 2 pixels that carry data, rounded, shape halved upwards; 0 where none of the four does."""
    height, width = band.shape
    if height % 2 or width % 2:
        band = np.pad(band, ((0, height % 2), (0, width % 2)))
    total = _sums_of_four(band)
    mean = ((total + 2) >> 2).astype(np.uint8)
    if band.min() > 0:
        return mean
    number = _sums_of_four((band > 0).view(np.uint8))
    mixed = (number > 0) & (number < 4)
    mean[mixed] = (total[mixed] + number[mixed] // 2) // number[mixed]
    return mean


def _sums_of_four(band: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Sums of 2 x 2 pixels; two bytes are taken as one number, so that memory is read in order."""
    pairs = np.ascontiguousarray(band).view(np.uint16)
    across = (pairs & 0xFF) + (pairs >> 8)
    return across[0::2] + across[1::2]
