"""Maps from the pixels of one image to those of another: the affine ones, and how to chain them.

x counts columns and y counts rows; pixel CENTRES are at integers, so that the upper left corner of an image
is (-0.5, -0.5). NaN is nowhere.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from rasterio import Affine

from oemsar.arrays import Doubles

PixelMap: TypeAlias = Callable[[Doubles, Doubles], tuple[Doubles, Doubles]]
"""Maps (x, y) of destination pixels to (x, y) of source pixels, arrays of one shape."""

_TO_CORNER = Affine.translation(0.5, 0.5)


def affine_map(affine: Affine) -> PixelMap:
    """Make the map x' = a x + b y + c, y' = d x + e y + f of arrays that broadcast."""
    a, b, c, d, e, f = (float(value) for value in affine[:6])

    def mapping(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        return a * x + b * y + c, d * x + e * y + f

    return mapping


def compose(first: PixelMap, second: PixelMap) -> PixelMap:
    """Chain two maps, `second` after `first`."""

    def mapping(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        return second(*first(x, y))

    return mapping


def centre_affine(grid: GeoBox) -> Affine:
    """Give the affine from pixel centres at integers to coordinates in the CRS of `grid`."""
    return grid.affine @ _TO_CORNER


def crs_of(grid: GeoBox) -> str:
    """Give the CRS of a grid as WKT.

    Raises:
        ValueError: It has none.
    """
    if grid.crs is None:
        raise ValueError("the grid has no CRS")
    return str(grid.crs.to_wkt())


def between_grids(destination: GeoBox, source: GeoBox) -> PixelMap:
    """Map the pixels of one grid to those of another, by their georeferencing alone.

    Args:
        destination: Grid of any affine.
        source: Grid in any CRS; two grids without a CRS are taken to share one.

    Raises:
        ValueError: Only one of the two has a CRS.
    """
    if (destination.crs is None) != (source.crs is None):
        raise ValueError("one grid has a CRS and the other has none")
    to_world, to_source = centre_affine(destination), ~centre_affine(source)
    if destination.crs is None or source.crs is None or destination.crs == source.crs:
        return affine_map(to_source @ to_world)
    reproject = projection(crs_of(destination), crs_of(source))
    return compose(compose(affine_map(to_world), reproject), affine_map(to_source))


def projection(source: str, target: str) -> PixelMap:
    """Map horizontal coordinates of one CRS to another, x east and y north; NaN where it is not defined.

    Args:
        source: CRS as WKT or `EPSG:N`.
        target: CRS as WKT or `EPSG:N`.
    """
    transformer = Transformer.from_crs(source, target, always_xy=True)

    def mapping(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        easting, northing = transformer.transform(np.asarray(x, np.float64), np.asarray(y, np.float64))
        nowhere = ~(np.isfinite(easting) & np.isfinite(northing))
        return np.where(nowhere, np.nan, easting), np.where(nowhere, np.nan, northing)

    return mapping
