"""Ground that a map gives to each class, by the areas of the pixels where they lie."""

import logging
from collections.abc import Sequence

import numpy as np
from odc.geo.geobox import GeoBox

from oemsar.geometry.ground import PixelAreas, pixel_areas
from oemsar.legend import NUM_CLASSES
from oemsar.raster.raw_raster import RawRaster

log = logging.getLogger(__name__)

_VALUES = NUM_CLASSES + 1
_PIXELS = 1 << 20
"""Pixels that are counted at once."""


def class_hectares(classes: RawRaster, grid: GeoBox | None, pixels: Sequence[int]) -> list[float] | None:
    """Measure the area of each class on the ellipsoid, hectares, in legend order.

    Where the scale of the map varies over the scene, every pixel counts with the area that it has there; the
    map is read strip by strip for it.

    Args:
        classes: Class ids, 0 without data.
        grid: Grid of the map; None without georeferencing.
        pixels: Number of pixels of each class, in legend order.

    Returns:
        Hectares; None where the map does not lie on the earth.
    """
    if grid is None or grid.crs is None:
        return None
    areas = pixel_areas(grid)
    if areas is None:
        log.warning("The CRS of the scene does not tell where on the earth it lies: no areas in hectares")
        return None
    if areas.is_even():
        return [count * areas.middle / 10_000 for count in pixels]
    return [float(value) / 10_000 for value in _summed(classes, areas)]


def _summed(classes: RawRaster, areas: PixelAreas) -> Sequence[float]:
    """Sum the areas of the pixels of each class, square metres."""
    rows, columns = classes.shape
    cells = -(-columns // areas.cell)
    first = (np.arange(columns) // areas.cell * _VALUES).astype(np.int32)
    step = max(1, _PIXELS // columns)
    total = np.zeros(NUM_CLASSES)
    for number in range(areas.strips):
        top, bottom = number * areas.cell, min((number + 1) * areas.cell, rows)
        counts = np.zeros(cells * _VALUES, np.int64)
        for row in range(top, bottom, step):
            ids = classes.read_rows(row, min(step, bottom - row))
            counts += np.bincount((ids + first).ravel(), minlength=counts.size)
        total += areas.strip(number) @ counts.reshape(cells, _VALUES)[:, 1:]
    return [float(value) for value in total]
