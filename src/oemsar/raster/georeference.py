"""Georeferencing of a raster file: affine, rational polynomials, control points, or none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from odc.geo.geobox import GeoBox
from pyproj import CRS
from rasterio.control import GroundControlPoint
from rasterio.io import DatasetReader
from rasterio.rpc import RPC

from oemsar.raster.grid import grid_of


@dataclass(frozen=True)
class Georeference:
    """Georeferencing that a file carries, all of it.

    Attributes:
        grid: CRS and affine; None without.
        rpcs: Rational polynomial coefficients; None without.
        gcps: Ground control points; empty without.
        gcps_crs: CRS of the control points as WKT; None without.
    """

    grid: GeoBox | None = None
    rpcs: RPC | None = None
    gcps: tuple[GroundControlPoint, ...] = field(default=())
    gcps_crs: str | None = None

    def in_words(self) -> str:
        """Name the georeferencing that decides where pixels lie."""
        if self.grid is not None and self.grid.crs is not None:
            return "affine"
        if self.rpcs is not None:
            return "RPC"
        if self.gcps:
            crs = "" if self.gcps_crs is None else f" ({CRS.from_wkt(self.gcps_crs).name})"
            return f"{len(self.gcps)} control points{crs}"
        return "affine without CRS" if self.grid is not None else "none"

    def rpc_items(self) -> dict[str, str]:
        """Give the rational polynomials as items of GDAL's metadata domain RPC; empty without."""
        if self.rpcs is None:
            return {}
        items: Mapping[str, Any] = self.rpcs.to_gdal()
        return {key: str(value) for key, value in items.items() if value is not None}


def georeference_of(dataset: DatasetReader) -> Georeference:
    """Read the georeferencing of an open raster, all of it."""
    gcps, crs = dataset.gcps
    return Georeference(grid_of(dataset), dataset.rpcs, tuple(gcps), None if crs is None else crs.to_wkt())
