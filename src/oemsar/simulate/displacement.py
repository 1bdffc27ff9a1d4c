"""Exact truth of where the ground appears in the radar image, before and after orthorectification."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.simulate.acquisition import Acquisition
from oemsar.simulate.noise import Raster

Doubles = NDArray[np.float64]

_ITERATIONS = 12
_ARRIVED = 0.005
"""Metres within which the place after orthorectification is found."""
_FOLDED = 0.05
"""Derivative of ground range by ground distance under which terrain counts as folded over itself."""


def displacement(acquisition: Acquisition, ground: Raster) -> Raster:
    """Column and row (pixel centres at integers) of the radar image at which the ground appears.

    Args:
        acquisition: the geometry.
        ground: of the canvas over the site's base, metres.

    Returns:
        float32, (2, rows, columns) of the orthophoto.
    """
    easting, northing, height = _points(acquisition, ground)
    return np.stack(acquisition.to_image(easting, northing, height)).astype(np.float32)


def ortho_residual(acquisition: Acquisition, ground: Raster) -> Raster:
    """Metres (east, north) from where ground is to where it lies after orthorectification.

    An orthorectification with the bare ground puts at a place G what the image shows where the metadata,
    with their error e, say that G appears: the pixel of the point e^-1(G) of the height z(G). A point Q
    appears at the pixel p(Q), hence at the G with G = e(g(p(Q), z(G))), where g gives the point of a height
    that a pixel shows. It is found by Newton's iteration in G, whose derivative is that of z.

    Args:
        acquisition: the geometry.
        ground: of the canvas over the site's base, metres; read bilinearly.

    Returns:
        float32, (2, rows, columns) of the orthophoto; NaN where the terrain folds over itself in the
        image or G lies off the canvas.
    """
    site = acquisition.site
    east, north, height = _points(acquisition, ground)
    column, row = acquisition.to_image(east, north, height)
    slope_north, slope_east = np.gradient(ground, site.config.gsd)
    slope_north = -slope_north
    at_east, at_north = site.error.claimed(east, north)
    far = np.full(east.shape, np.inf)
    for _ in range(_ITERATIONS):
        places = _canvas_places(acquisition, at_east, at_north)
        level = ndimage.map_coordinates(ground, places, order=1, cval=np.nan) + site.base
        found = site.error.claimed(*acquisition.to_ground(column, row, level))
        lifted = site.error.claimed(*acquisition.to_ground(column, row, level + 1))
        miss = (at_east - found[0], at_north - found[1])
        far = np.hypot(*miss)
        if not (far > _ARRIVED / 10).any():
            break
        # Sherman and Morrison (1950) for the derivative 1 - a (grad z)^T, with a the change by height.
        a_east, a_north = lifted[0] - found[0], lifted[1] - found[1]
        z_east = ndimage.map_coordinates(slope_east, places, order=1, cval=np.nan)
        z_north = ndimage.map_coordinates(slope_north, places, order=1, cval=np.nan)
        stretch = 1 - a_east * z_east - a_north * z_north
        stretch = np.where(stretch > _FOLDED, stretch, np.nan)
        climb = (z_east * miss[0] + z_north * miss[1]) / stretch
        at_east = at_east - miss[0] - a_east * climb
        at_north = at_north - miss[1] - a_north * climb
    residual = np.stack([at_east - east, at_north - north]).astype(np.float32)
    residual[:, ~(far <= _ARRIVED)] = np.nan
    return residual


def _points(acquisition: Acquisition, ground: Raster) -> tuple[Doubles, Doubles, Doubles]:
    """Easting, northing and ellipsoidal height of the pixel centres of the orthophoto, each (rows, columns)."""
    site = acquisition.site
    rows, columns = site.core
    row, column = np.mgrid[rows, columns].astype(np.float64)
    easting, northing = site.on_map(column, row)
    return easting, northing, ground[site.core].astype(np.float64) + site.base


def _canvas_places(acquisition: Acquisition, easting: Doubles, northing: Doubles) -> Doubles:
    """Row and column of the canvas, pixel centres at integers, of places on the map: (2, rows, columns)."""
    site = acquisition.site
    affine, gsd = site.canvas.affine, site.config.gsd
    return np.stack([(affine.f - northing) / gsd - 0.5, (easting - affine.c) / gsd - 0.5])
