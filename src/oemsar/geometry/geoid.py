"""The geoid: its height above the ellipsoid, read from a grid on disk."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from odc.geo.geobox import GeoBox

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.geometry.globe import values_at
from oemsar.geometry.mapping import affine_map, centre_affine
from oemsar.raster.longitude import centre_x, near
from oemsar.raster.pixels import RasterPixels

_TURN = 360.0


@dataclass(frozen=True, eq=False)
class Geoid:
    """An open grid of undulations: the geoid's height above the ellipsoid, metres.

    Attributes:
        path: Path of the file.
        raster: Undulations, its first band.
        grid: Affine of the file, in degrees; longitudes of any turn.
    """

    path: Path
    raster: RasterPixels
    grid: GeoBox

    def at(self, lon: Doubles, lat: Doubles) -> Doubles:
        """Read undulations, metres, at points in degrees.

        Raises:
            InputError: The grid does not reach there.
        """
        there = near(lon, centre_x(self.grid), _TURN)  # grids count from 0 or from -180
        x, y = affine_map(~centre_affine(self.grid))(there, lat)
        found = values_at(self.raster, self.grid, x, y, "bicubic")
        if np.isnan(found[np.isfinite(x) & np.isfinite(y)]).any():
            raise InputError(f"{self.path} gives no geoid for the whole scene; give a grid that covers it")
        return found
