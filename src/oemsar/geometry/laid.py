"""Pixels laid onto another grid as they are read, each with its own word on where it carries data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from oemsar.geometry.mapping import PixelMap, between_grids
from oemsar.geometry.resample import pixel_positions
from oemsar.geometry.sampler import Sampler
from oemsar.geometry.smooth import smoothly
from oemsar.raster.pixels import Pixels
from oemsar.raster.read import Extent

_TOLERANCE = 0.01
"""Pixels by which a position may be off for the sake of speed."""


@dataclass(frozen=True, eq=False)
class LaidPixels:
    """Pixels seen on another grid, interpolated bilinearly among those that carry data.

    Attributes:
        sampler: Reader of the pixels.
        mapping: Map from the grid to the pixels.
        shape: Rows and columns of the grid.
    """

    sampler: Sampler
    mapping: PixelMap
    shape: tuple[int, int]
    tells_nodata = True

    @property
    def name(self) -> str:
        """Name of the file, for messages."""
        return self.sampler.source.name

    @property
    def count(self) -> int:
        """Number of bands."""
        return self.sampler.source.count

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels that `read` returns."""
        return self.sampler.source.dtype

    def read(self, extent: Extent) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Read a rectangle of the grid and where it carries data; integers are rounded."""
        positions = pixel_positions(extent.row, extent.column, extent.height, extent.width)
        values, valid = self.sampler.at(*self.mapping(*positions))
        whole = np.rint(values) if self.dtype.kind in "iu" else values
        return whole.astype(self.dtype), valid


def laid_on(pixels: Pixels, source: GeoBox, grid: GeoBox) -> LaidPixels:
    """Lay pixels of one grid onto another, both with a CRS.

    Args:
        pixels: Pixels, open for reading.
        source: Grid of the pixels.
        grid: Grid that they are seen on.
    """
    rows, columns = grid.shape
    mapping = smoothly(between_grids(grid, source), _TOLERANCE)
    return LaidPixels(Sampler(pixels, kernel="bilinear"), mapping, (rows, columns))
