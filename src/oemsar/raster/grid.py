"""The georeferenced grid of a raster: short pure functions over odc-geo's `GeoBox`."""

import numpy as np
from odc.geo.geobox import GeoBox
from rasterio import Affine
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from shapely.geometry.base import BaseGeometry


def grid_of(dataset: DatasetReader | WarpedVRT) -> GeoBox | None:
    """Grid of an open rasterio dataset, any affine; None where the file has neither CRS nor affine."""
    if dataset.crs is None and dataset.transform == Affine.identity():
        return None
    crs = None if dataset.crs is None else dataset.crs.to_wkt()
    return GeoBox(dataset.shape, dataset.transform, crs)


def same_grid(first: GeoBox, second: GeoBox, tolerance: float = 0.01) -> bool:
    """Whether two grids have the same shape and CRS and their corners agree within `tolerance` pixels."""
    if first.shape != second.shape or first.crs != second.crs:
        return False
    to_first = ~first.affine @ second.affine
    rows, columns = first.shape
    corners = [(0, 0), (columns, 0), (0, rows), (columns, rows)]
    return all(np.allclose(to_first @ corner, corner, rtol=0, atol=tolerance) for corner in corners)


def footprint(grid: GeoBox) -> BaseGeometry | None:
    """Outline of the grid in EPSG:4326 as a shapely polygon; None where the grid has no CRS."""
    if grid.crs is None:
        return None
    return grid.extent.to_crs("EPSG:4326").geom
