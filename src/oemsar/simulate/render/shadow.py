"""Shadows of the sun and of the radar: the points that a parallel ray does not reach."""

import math

import numpy as np
from numpy.typing import NDArray

from oemsar.simulate.noise import Raster


def is_shadowed(
    height: Raster, towards_source: complex, elevation: float, gsd: float, reach: float
) -> NDArray[np.bool_]:
    """Find where something stands between a point of a surface and a source at infinity.

    A point p is shadowed if some q at distance s towards the source is higher than the ray:
    height(q) > height(p) + s tan(elevation); a wall of height h thus casts a shadow h / tan(elevation)
    long. The maximum of height(q) - s tan(elevation) over s is found by doubling the distance
    covered, so that the work grows with the logarithm of the reach.

    Args:
        height: Height of the surface in metres, float32 (rows, columns).
        towards_source: Unit vector towards the source, x east and y south.
        elevation: Elevation of the source above the horizon, degrees. A radar ray at incidence angle i has
            elevation 90 - i.
        gsd: Ground sampling distance, metres.
        reach: Length of the longest shadow to look for, metres.
    """
    major = max(abs(towards_source.real), abs(towards_source.imag))
    step = towards_source / major
    fall = gsd / major * math.tan(math.radians(elevation))
    covered = 1
    highest = _shifted(height, step, 1) - np.float32(fall)
    while covered < reach / gsd * major:
        np.maximum(highest, _shifted(highest, step, covered) - np.float32(fall * covered), out=highest)
        covered *= 2
    return np.asarray(highest > height + np.float32(0.05))


def _shifted(raster: Raster, step: complex, count: int) -> Raster:
    """Shift `raster` by `count` steps; beyond its edge there is nothing to cast a shadow."""
    right, down = round(step.real * count), round(step.imag * count)
    moved = np.full_like(raster, -1e4)
    rows, columns = raster.shape
    if abs(down) >= rows or abs(right) >= columns:
        return moved
    to_rows, from_rows = slice(max(-down, 0), rows - max(down, 0)), slice(max(down, 0), rows + min(down, 0))
    to_columns = slice(max(-right, 0), columns - max(right, 0))
    from_columns = slice(max(right, 0), columns + min(right, 0))
    moved[to_rows, to_columns] = raster[from_rows, from_columns]
    return moved
