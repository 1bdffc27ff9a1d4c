"""Resampled bands on disk as pixels that statistics and remaps read."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oemsar.raster.pixels import Opener
from oemsar.raster.raw_raster import RawRaster
from oemsar.raster.read import Extent


@dataclass(frozen=True)
class CanvasPixels:
    """Canvases of one shape and type, one a band, and where they carry data.

    Attributes:
        canvases: the bands; a single one is read as (height, width), several as (bands, height, width).
        validity: uint8, 1 where there is data.
    """

    canvases: Sequence[RawRaster]
    validity: RawRaster
    tells_nodata = True

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.validity.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of what `read` returns."""
        return self.canvases[0].dtype

    def read(self, extent: Extent) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """Pixels of a rectangle inside the canvases, and where they carry data."""
        bands = [self._part(canvas, extent) for canvas in self.canvases]
        valid = self._part(self.validity, extent) == 1
        if len(bands) == 1:
            return bands[0], valid
        pixels = np.stack(bands)
        return pixels, np.broadcast_to(valid, pixels.shape)

    @staticmethod
    def _part(canvas: RawRaster, extent: Extent) -> NDArray[Any]:
        rows = canvas.read_rows(extent.row, extent.height)
        return np.ascontiguousarray(rows[:, extent.column : extent.column + extent.width])


def opener_of(canvases: Sequence[RawRaster], validity: RawRaster) -> Opener:
    """Opens canvases as pixels; every thread reads for itself."""
    return lambda: nullcontext(CanvasPixels(canvases, validity))
