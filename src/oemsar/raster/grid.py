"""The georeferenced grid of a raster: short pure functions over odc-geo's `GeoBox`."""

import math

import numpy as np
from odc.geo.geobox import GeoBox
from pyproj import CRS
from rasterio import Affine
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from shapely.geometry.base import BaseGeometry

from oemsar.errors import InputError
from oemsar.raster.longitude import outline


def grid_of(dataset: DatasetReader | WarpedVRT) -> GeoBox | None:
    """Read the grid of an open dataset, any affine; None where the file has no affine.

    Raises:
        InputError: All pixels lie on a line or a point.
    """
    if dataset.transform == Affine.identity():
        return None
    if dataset.transform.is_degenerate:
        raise InputError(
            f"{dataset.name} puts all of its pixels on a line or a point (affine "
            f"{', '.join(f'{value:g}' for value in dataset.transform[:6])}); mend its georeferencing"
        )
    crs = None if dataset.crs is None else dataset.crs.to_wkt()
    return GeoBox(dataset.shape, dataset.transform, crs)


def same_grid(first: GeoBox, second: GeoBox, tolerance: float = 0.01) -> bool:
    """Check whether two grids share shape and CRS, and their corners agree within `tolerance` pixels.

    A vertical axis that only one CRS has makes no difference.
    """
    if first.shape != second.shape or not same_crs(first, second):
        return False
    to_first = ~first.affine @ second.affine
    rows, columns = first.shape
    corners = [(0, 0), (columns, 0), (0, rows), (columns, rows)]
    return all(np.allclose(to_first @ corner, corner, rtol=0, atol=tolerance) for corner in corners)


def same_crs(first: GeoBox, second: GeoBox) -> bool:
    """Check whether two grids share their horizontal CRS, or have none."""
    if first.crs is None or second.crs is None or first.crs == second.crs:
        return bool(first.crs == second.crs)
    return bool(CRS(first.crs.to_wkt()).to_2d() == CRS(second.crs.to_wkt()).to_2d())


def footprint(grid: GeoBox) -> BaseGeometry | None:
    """Trace the outline of the grid in EPSG:4326; None where the grid has no CRS.

    A polygon, or where it lies across the antimeridian two, one on either side.
    """
    return None if grid.crs is None else outline(grid)


def multiples_around(
    bounds: tuple[float, float, float, float], gsd: float, tolerance: float = 0.0
) -> tuple[int, int, int, int]:
    """Snap bounds outwards to multiples of the ground sampling distance.

    Args:
        bounds: Left, bottom, right and top.
        gsd: Ground sampling distance in the same unit.
        tolerance: Pixels by which a bound may miss a multiple and still lie on it.

    Returns:
        The multiples of `gsd` at left, bottom, right and top.
    """
    left, bottom = (math.floor(value / gsd + tolerance) for value in bounds[:2])
    right, top = (math.ceil(value / gsd - tolerance) for value in bounds[2:])
    return left, bottom, right, top


def grid_on_multiples(gsd: float, crs: str, first: tuple[int, int], shape: tuple[int, int]) -> GeoBox:
    """Make the north-up grid whose left and upper edge are multiples of its sampling distance.

    Args:
        gsd: Ground sampling distance in the unit of the CRS.
        crs: CRS as WKT.
        first: Multiples of `gsd` at the left and at the upper edge.
        shape: Rows and columns.
    """
    return GeoBox(shape, Affine(gsd, 0, first[0] * gsd, 0, -gsd, first[1] * gsd), crs)
