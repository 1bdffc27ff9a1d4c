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
from oemsar.raster.grid import same_crs
from oemsar.raster.longitude import centre_x, near, turn_of

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
    if destination.crs is None or source.crs is None:
        return affine_map(to_source @ to_world)
    if same_crs(destination, source):
        shift = whole_turns(destination, source)
        if shift is not None:
            moved = Affine.translation(shift, 0) @ to_world if shift else to_world
            return affine_map(to_source @ moved)
    reproject = projection_onto(crs_of(destination), source)
    return compose(compose(affine_map(to_world), reproject), affine_map(to_source))


def whole_turns(destination: GeoBox, source: GeoBox) -> float | None:
    """Find the x that brings a grid into the turn of longitude of another grid of its CRS, mostly 0.

    Returns:
        Distance in the unit of the CRS; None where parts of the first lie in different turns.
    """
    turn, centre = turn_of(crs_of(source)), centre_x(source)
    if not turn:
        return 0.0
    box = destination.extent.boundingbox
    shifts = {float(near(np.array([x]), centre, turn)[0]) - x for x in (box.left, box.right)}
    low, high = min(shifts), max(shifts)
    return round(low / turn) * turn if high - low < turn / 2 else None


def projection_onto(source: str, grid: GeoBox) -> PixelMap:
    """Map horizontal coordinates of a CRS to those of a grid, in the turn of longitude that the grid lies in.

    Args:
        source: CRS as WKT or `EPSG:N`.
        grid: Grid with a CRS; it may lie across 180 degrees, or count its longitudes from 0 to 360.

    Raises:
        ValueError: The grid has no CRS.
    """
    target = crs_of(grid)
    project, turn, centre = projection(source, target), turn_of(target), centre_x(grid)

    def mapping(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        easting, northing = project(x, y)
        return near(easting, centre, turn), northing

    return mapping if turn else project


def projection(source: str, target: str) -> PixelMap:
    """Map horizontal coordinates of one CRS to another, x east and y north; NaN where it is not defined.

    Args:
        source: CRS as WKT or `EPSG:N`.
        target: CRS as WKT or `EPSG:N`; longitudes beyond 180 degrees are brought within.
    """
    turn = turn_of(target)
    transformer = Transformer.from_crs(source, target, always_xy=True)

    def mapping(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        easting, northing = transformer.transform(np.asarray(x, np.float64), np.asarray(y, np.float64))
        if turn and np.any(np.abs(easting) > turn / 2 * (1 + 1e-12)):
            easting = near(easting, 0.0, turn)
        nowhere = ~(np.isfinite(easting) & np.isfinite(northing))
        return np.where(nowhere, np.nan, easting), np.where(nowhere, np.nan, northing)

    return mapping
