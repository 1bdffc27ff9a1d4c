"""Values of rasters in degrees that may reach around the whole earth, across the seam between two columns."""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from oemsar.arrays import Doubles
from oemsar.geometry.interpolate import PAD, Kernel
from oemsar.geometry.mapping import crs_of
from oemsar.geometry.sampler import Sampler
from oemsar.raster.longitude import turn_of
from oemsar.raster.pixels import Pixels, Validity
from oemsar.raster.read import Extent


@dataclass(frozen=True, eq=False)
class AroundGlobe:
    """Pixels of a raster whose last column borders on its first, with columns added at both sides.

    Attributes:
        pixels: Pixels of one turn.
        margin: Columns added at either side.
    """

    pixels: Pixels
    margin: int = PAD

    @property
    def name(self) -> str:
        """Name of the file, for messages."""
        return self.pixels.name

    @property
    def count(self) -> int:
        """Number of bands."""
        return self.pixels.count

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, those added included."""
        rows, columns = self.pixels.shape
        return rows, columns + 2 * self.margin

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels that `read` returns."""
        return self.pixels.dtype

    @property
    def tells_nodata(self) -> bool:
        """Whether the file itself says which pixels carry data."""
        return self.pixels.tells_nodata

    def read(self, extent: Extent) -> tuple[NDArray[Any], Validity]:
        """Read a rectangle inside the widened raster and where it carries data."""
        columns = self.pixels.shape[1]
        start, stop = extent.column - self.margin, extent.column - self.margin + extent.width
        edges = [start, *(edge for edge in (0, columns) if start < edge < stop), stop]
        parts = [
            self.pixels.read(extent._replace(column=left % columns, width=right - left))
            for left, right in itertools.pairwise(edges)
        ]
        valid = [np.ones(part.shape[1:], bool) if known is None else known for part, known in parts]
        whole = all(known is None for _, known in parts)
        return np.concatenate([part for part, _ in parts], 2), None if whole else np.concatenate(valid, 1)


def goes_round(grid: GeoBox) -> bool:
    """Tell whether the last column of a grid borders on its first, all around the earth."""
    if grid.crs is None or grid.affine.b or grid.affine.d:
        return False
    turn = turn_of(crs_of(grid))
    missing = turn - grid.shape[1] * abs(float(grid.affine.a))
    return bool(turn) and abs(missing) < abs(float(grid.affine.a)) / 2


def values_at(raster: Pixels, grid: GeoBox, x: Doubles, y: Doubles, kernel: Kernel) -> Doubles:
    """Read the first band of a raster at points of any order; NaN where there are none.

    Args:
        raster: Pixels, open for reading.
        grid: Grid of the raster.
        x: Columns, any shape; pixel centres at integers; NaN is nowhere.
        y: Rows, of the same shape.
        kernel: Nearest, bilinear or bicubic.
    """
    margin = 0
    if goes_round(grid):
        margin = PAD
        raster = AroundGlobe(raster, margin)
    flat = x.ndim != 2
    places = (each.reshape(1, -1) if flat else each for each in (x + margin, y))
    values, valid = Sampler(raster, kernel=kernel, averaging=False).at(*places)
    found: NDArray[np.float64] = np.where(valid, values[0].astype(np.float64), np.nan)
    return found.reshape(x.shape)
