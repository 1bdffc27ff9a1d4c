"""The grid of an orthorectified scene."""

import logging
import math

import numpy as np
from odc.geo.geobox import GeoBox
from pyproj import CRS
from pyproj.exceptions import CRSError

from oemsar.errors import InputError
from oemsar.geometry.footprint import Footprint
from oemsar.geometry.ground import unit_size
from oemsar.geometry.heights import GEOGRAPHIC
from oemsar.geometry.mapping import projection
from oemsar.raster.grid import grid_on_multiples, multiples_around

log = logging.getLogger(__name__)

_TOLD, _REFUSED = 0.005, 0.02
"""Differences of a map's scale from 1 that are told, and that are refused."""
_LARGEST_GROWTH = 100
"""Pixels of the result for a pixel of the scene from which on the sampling distance must be a mistake."""


def metric_crs(name: str) -> str:
    """Give the CRS of a name as WKT.

    Raises:
        InputError: There is no such CRS, or its coordinates are not metres on a map.
    """
    try:
        crs = CRS.from_user_input(name)
    except CRSError as error:
        raise InputError(f"{name} is no CRS; give one such as EPSG:32654", option="crs") from error
    if not crs.is_projected or any(axis.unit_conversion_factor != 1 for axis in crs.axis_info[:2]):
        raise InputError(
            f"{name} ({crs.name}) is not a map in metres; give a projected CRS such as UTM", option="crs"
        )
    return crs.to_2d().to_wkt()


def require_true_scale(crs: str, x: float, y: float) -> None:
    """Check that a metre of a map is a metre on the ground at a point, as in UTM and not in Web Mercator.

    Args:
        crs: CRS in metres, as WKT.
        x: Coordinate to the east.
        y: Coordinate to the north.

    Raises:
        InputError: Lengths on the map are more than 2 % wrong there.
    """
    size = unit_size(crs, x, y)
    if size is None:
        return
    scale = 1 / math.sqrt(size.area)
    if abs(scale - 1) <= _TOLD:
        return
    name = CRS.from_wkt(crs).name
    if abs(scale - 1) <= _REFUSED:
        log.warning(
            "A metre on the ground is %.3f m on %s, which the sampling distance counts in", scale, name
        )
        return
    raise InputError(
        f"a metre on the ground is {scale:.3g} m on {name} there, so the sampling distance would be wrong; "
        "give a CRS that is true to scale, such as UTM",
        option="crs",
    )


def grid_over(footprint: Footprint, crs: str, gsd: float, scene_pixels: int) -> GeoBox:
    """Make the smallest grid over the ground of a scene with its edges on multiples of the sampling distance.

    Args:
        footprint: Outline of the scene on the ground.
        crs: CRS in metres, as WKT.
        gsd: Ground sampling distance in metres, above 0.
        scene_pixels: Number of pixels of the scene.

    Raises:
        InputError: The sampling distance is far too small for the scene, or the CRS does not reach there.
    """
    east, north = projection(GEOGRAPHIC, crs)(footprint.lon, footprint.lat)
    if not np.isfinite([east, north]).all():
        raise InputError(
            f"{CRS.from_wkt(crs).name} is not defined where the scene lies; choose another", option="crs"
        )
    bounds = (east.min(), north.min(), east.max(), north.max())
    require_true_scale(crs, float(east.mean()), float(north.mean()))
    left, bottom, right, top = multiples_around(bounds, gsd)
    if (right - left) * (top - bottom) > _LARGEST_GROWTH * max(scene_pixels, 1 << 16):
        raise InputError(
            f"{gsd:g} would make {right - left} x {top - bottom} pixels from {scene_pixels}; "
            "give the ground sampling distance of the result in metres",
            option="gsd",
        )
    return grid_on_multiples(gsd, crs, (left, top), (top - bottom, right - left))
