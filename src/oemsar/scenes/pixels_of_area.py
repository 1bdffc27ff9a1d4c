"""The pixels of a grid that an area in degrees covers."""

import math
from functools import lru_cache

import numpy as np
import shapely
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from rasterio import Affine
from shapely.geometry.base import BaseGeometry

from oemsar.arrays import Doubles
from oemsar.raster.read import Extent

_STEP_DEGREES = 0.01
_MOST_POINTS = 10_000
"""Points along an outline, beyond which they are further apart."""
_TOLERANCE = 1e-3
"""Part of a pixel by which an edge may miss a pixel's edge and still lie on it."""


def extent_of(area: BaseGeometry, crs: str, affine: Affine, *, dense: bool = True) -> Extent:
    """Find the rectangle of whole pixels around an area; of no size where the area lies off the map.

    Args:
        area: Area in EPSG:4326.
        crs: CRS of the pixels as WKT or `EPSG:N`.
        affine: From columns and rows to the CRS.
        dense: Whether the edges of the area are straight in degrees, and so bend on the map; otherwise its
            corners alone count.
    """
    step = max(_STEP_DEGREES, area.length / _MOST_POINTS)
    outline = shapely.segmentize(area, step) if dense else area
    lon, lat = shapely.get_coordinates(outline).T
    x, y = _from_degrees(crs).transform(lon, lat)
    columns, rows = _apply(~affine, np.asarray(x), np.asarray(y))
    known = np.isfinite(columns) & np.isfinite(rows)
    if not known.any():
        return Extent(0, 0, 0, 0)
    left, top = (math.floor(values[known].min() + _TOLERANCE) for values in (columns, rows))
    right, bottom = (math.ceil(values[known].max() - _TOLERANCE) for values in (columns, rows))
    return Extent(top, left, max(1, bottom - top), max(1, right - left))


def part_of(crs: str, affine: Affine, extent: Extent) -> GeoBox:
    """Make the grid of a rectangle of pixels."""
    return GeoBox((extent.height, extent.width), affine @ Affine.translation(extent.column, extent.row), crs)


@lru_cache(maxsize=16)
def _from_degrees(crs: str) -> Transformer:
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True)


def _apply(affine: Affine, x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
    a, b, c, d, e, f = affine[:6]
    return a * x + b * y + c, d * x + e * y + f
