"""The sensor model of a ground range product: an affine, and heights displaced towards the radar."""

from dataclasses import dataclass

import numpy as np
from odc.geo.geobox import GeoBox
from pyproj import Geod

from oemsar.arrays import Doubles
from oemsar.geometry.look import Look
from oemsar.geometry.mapping import (
    PixelMap,
    affine_map,
    centre_affine,
    compose,
    crs_of,
    projection,
    projection_onto,
)
from oemsar.geometry.smooth import smoothly

_GEOGRAPHIC = "EPSG:4326"
_STEP = 100.0
"""Metres along the ground over which a direction is carried into the image."""


@dataclass(frozen=True, eq=False)
class GroundRangeModel:
    """A radar image projected on a plane of one height (GEC), where heights are displaced to the radar.

    Attributes:
        to_plane: Longitude and latitude to column and row, for points of the plane.
        from_plane: Column and row to longitude and latitude.
        height: Height of the plane, metres above the ellipsoid.
        displacement: Columns and rows by which a point moves for each metre above the plane.
    """

    to_plane: PixelMap
    from_plane: PixelMap
    height: float
    displacement: tuple[float, float]

    @classmethod
    def from_grid(cls, grid: GeoBox, look: Look, height: float) -> "GroundRangeModel":
        """Make the model of an image on `grid`, seen along `look` and projected on `height`.

        Args:
            grid: Grid with a CRS and any affine.
            look: Azimuth from true north, and incidence.
            height: Height of the plane, metres above the ellipsoid.

        Raises:
            ValueError: The grid has no CRS.
        """
        affine, crs = centre_affine(grid), crs_of(grid)
        to_plane = smoothly(compose(projection_onto(_GEOGRAPHIC, grid), affine_map(~affine)))
        from_plane = compose(affine_map(affine), projection(crs, _GEOGRAPHIC))
        centre = (grid.shape[1] - 1) / 2, (grid.shape[0] - 1) / 2
        lon, lat = (float(each[0]) for each in from_plane(np.array([centre[0]]), np.array([centre[1]])))
        nearer = Geod(ellps="WGS84").fwd(lon, lat, look.azimuth + 180, _STEP)
        column, row = to_plane(np.array([nearer[0]]), np.array([nearer[1]]))
        metre = float(look.displacement(1.0)) / _STEP
        displacement = (float(column[0]) - centre[0]) * metre, (float(row[0]) - centre[1]) * metre
        return cls(to_plane, from_plane, height, displacement)

    def to_image(self, lon: Doubles, lat: Doubles, height: Doubles) -> tuple[Doubles, Doubles]:
        """Project points to line and sample, pixel centres at integers.

        Args:
            lon: Longitude, degrees, any shape.
            lat: Latitude, degrees.
            height: Metres above the ellipsoid.
        """
        column, row = self.to_plane(lon, lat)
        above = height - self.height
        return row + above * self.displacement[1], column + above * self.displacement[0]

    def to_ground(self, line: Doubles, sample: Doubles, height: Doubles) -> tuple[Doubles, Doubles]:
        """Find longitude and latitude, degrees, at which a pixel meets a height above the ellipsoid."""
        above = height - self.height
        return self.from_plane(sample - above * self.displacement[0], line - above * self.displacement[1])
