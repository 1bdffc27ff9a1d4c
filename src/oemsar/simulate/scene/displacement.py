"""Exact truth of where the ground appears in the radar image, before and after orthorectification."""

from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from oemsar.arrays import Doubles
from oemsar.geometry.mapping import affine_map
from oemsar.simulate.noise import Raster
from oemsar.simulate.scene.acquisition import Acquisition
from oemsar.simulate.world.terrain import gradient

_STRIP = 256
"""Rows of the orthophoto computed at once."""
_ITERATIONS = 12
_ARRIVED = 0.005
"""Metres within which the position after orthorectification is found."""
_FOLDED = 0.05
"""Derivative of ground range by ground distance under which terrain counts as folded over itself."""


def displacement(acquisition: Acquisition, ground: Raster) -> Raster:
    """Locate the ground in the radar image, column and row, pixel centres at integers.

    Args:
        acquisition: Geometry of the radar image.
        ground: Heights of the ground of the canvas over the base of the scene, metres.

    Returns:
        Float32, (2, rows, columns) of the orthophoto.
    """
    positions = np.empty((2, *acquisition.geometry.optical.shape), np.float32)
    for strip in _strips(acquisition):
        positions[:, strip] = acquisition.to_image(*_points(acquisition, ground, strip))
    return positions


def ortho_residual(acquisition: Acquisition, ground: Raster) -> Raster:
    """Measure the shift of the ground by orthorectification, metres east and north.

    An orthorectification with the bare ground puts at a position G what the image shows where the metadata,
    with their error e, say that G appears: the pixel of the point e^-1(G) of the height z(G). A point Q
    appears at the pixel p(Q), hence at the G with G = e(g(p(Q), z(G))), where g gives the point of a height
    that a pixel shows.

    Args:
        acquisition: Geometry of the radar image.
        ground: Heights of the ground of the canvas over the base of the scene, metres; read bilinearly.

    Returns:
        Float32, (2, rows, columns) of the orthophoto; NaN where the terrain folds over itself in the
        image or G lies off the canvas.
    """
    down, right = gradient(ground, acquisition.geometry.config.gsd)
    terrain = (ground, right, -down)
    residual = np.empty((2, *acquisition.geometry.optical.shape), np.float32)
    for strip in _strips(acquisition):
        residual[:, strip] = _residual(acquisition, terrain, _points(acquisition, ground, strip))
    return residual


def _residual(
    acquisition: Acquisition,
    terrain: tuple[Raster, Raster, Raster],
    points: tuple[Doubles, Doubles, Doubles],
) -> Doubles:
    """Measure the shift of points in metres east and north, by Newton's iteration in G.

    Args:
        acquisition: Geometry of the radar image.
        terrain: Height of the canvas, with its slopes to the east and to the north.
        points: Easting, northing and ellipsoidal height.
    """
    geometry = acquisition.geometry
    column, row = acquisition.to_image(*points)
    at_east, at_north = geometry.error.claimed(*points[:2])
    far = np.full(at_east.shape, np.inf)
    for _ in range(_ITERATIONS):
        positions = geometry.on_canvas(at_east, at_north)
        height, z_east, z_north = (_read(each, positions) for each in terrain)
        found = geometry.error.claimed(*acquisition.to_ground(column, row, height + geometry.base))
        lifted = geometry.error.claimed(*acquisition.to_ground(column, row, height + geometry.base + 1))
        miss_east, miss_north = at_east - found[0], at_north - found[1]
        far = np.hypot(miss_east, miss_north)
        if not (far > _ARRIVED / 10).any():
            break
        # The derivative is 1 - a (grad z)^T, a the change by height, inverted by Sherman and Morrison (1950).
        a_east, a_north = lifted[0] - found[0], lifted[1] - found[1]
        stretch = 1 - a_east * z_east - a_north * z_north
        climb = (z_east * miss_east + z_north * miss_north) / np.where(stretch > _FOLDED, stretch, np.nan)
        at_east = at_east - miss_east - a_east * climb
        at_north = at_north - miss_north - a_north * climb
    return np.where(far <= _ARRIVED, np.stack([at_east - points[0], at_north - points[1]]), np.nan)


def _strips(acquisition: Acquisition) -> Iterator[slice]:
    rows = acquisition.geometry.optical.shape[0]
    return (slice(start, min(start + _STRIP, rows)) for start in range(0, rows, _STRIP))


def _points(acquisition: Acquisition, ground: Raster, strip: slice) -> tuple[Doubles, Doubles, Doubles]:
    """Give easting, northing and ellipsoidal height of the pixel centres of rows of the orthophoto."""
    geometry = acquisition.geometry
    row, column = np.mgrid[strip, : geometry.optical.shape[1]].astype(np.float64)
    easting, northing = affine_map(geometry.optical.affine)(column + 0.5, row + 0.5)
    return easting, northing, _read(ground, geometry.on_canvas(easting, northing)) + geometry.base


def _read(raster: Raster, positions: Doubles) -> Doubles:
    """Interpolate values at rows and columns bilinearly, NaN off the raster."""
    values = ndimage.map_coordinates(raster, positions, np.float64, order=1, cval=np.nan)
    return np.asarray(values, np.float64)
