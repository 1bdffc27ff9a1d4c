"""The grid that an orthorectified scene is put on."""

import math

import numpy as np
from odc.geo.geobox import GeoBox
from pyproj import CRS
from pyproj.exceptions import CRSError

from oemsar.errors import InputError
from oemsar.geometry.footprint import Footprint
from oemsar.geometry.heights import GEOGRAPHIC
from oemsar.geometry.mapping import projection
from oemsar.raster.grid import grid_on_multiples, multiples_around

_LARGEST_GROWTH = 100
"""Pixels of the result for a pixel of the scene from which on the sampling distance must be a mistake."""


def metric_crs(name: str) -> str:
    """The CRS called `name` as WKT.

    Raises:
        InputError: there is no such CRS, or its coordinates are not metres on a map.
    """
    try:
        crs = CRS.from_user_input(name)
    except CRSError as error:
        raise InputError(f"--crs {name} is no CRS; give one such as EPSG:32654") from error
    if not crs.is_projected or any(axis.unit_conversion_factor != 1 for axis in crs.axis_info[:2]):
        raise InputError(
            f"--crs {name} ({crs.name}) is not a map in metres; give a projected CRS such as UTM"
        )
    return crs.to_2d().to_wkt()


def grid_over(footprint: Footprint, crs: str, gsd: float, scene_pixels: int) -> GeoBox:
    """The smallest grid over the ground of a scene whose edges lie on multiples of its sampling distance.

    Args:
        footprint: of the scene.
        crs: in metres, as WKT.
        gsd: ground sampling distance, metres.
        scene_pixels: how many the scene has.

    Raises:
        InputError: the sampling distance is not positive, or far too small for the scene, or the CRS does
            not reach there.
    """
    if not (math.isfinite(gsd) and gsd > 0):
        raise InputError(f"--gsd {gsd} is not a positive number of metres")
    east, north = projection(GEOGRAPHIC, crs)(footprint.lon, footprint.lat)
    if not np.isfinite([east, north]).all():
        raise InputError(
            f"--crs {CRS.from_wkt(crs).name} is not defined where the scene lies; choose another"
        )
    bounds = (east.min(), north.min(), east.max(), north.max())
    left, bottom, right, top = multiples_around(bounds, gsd)
    if (right - left) * (top - bottom) > _LARGEST_GROWTH * max(scene_pixels, 1 << 16):
        raise InputError(
            f"--gsd {gsd:g} would make {right - left} x {top - bottom} pixels from {scene_pixels}; "
            "give the ground sampling distance of the result in metres"
        )
    return grid_on_multiples(gsd, crs, (left, top), (top - bottom, right - left))
