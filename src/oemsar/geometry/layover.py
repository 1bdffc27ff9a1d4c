"""Layover and shadow of a surface seen by a plane wave, exact on profiles along the look direction.

A point of a profile at distance s from its beginning, away from the radar, and at height z has the range
(times the sine of the incidence angle i, less a constant)

    B = s - z cot i        (Woodhouse 2006, Introduction to Microwave Remote Sensing, section 10.6)

It lies in shadow where a nearer point stands above the ray that ends in it, that is where

    A = s cot i + z

has been larger before. It lies in layover where a lit point elsewhere on the profile has the same range: the
facets that lean over (active) and those before and behind that they fall on (passive), after Kropatsch &
Strobl 1990 (The generation of SAR layover and shadow maps from digital elevation models, IEEE TGRS 28(1)).
Between two points whose range increases every range in between is met, so that a point is overlaid where a
nearer one has a larger range or a farther one a smaller range. Both conditions hold or fail at the vertices
of a profile, so that a profile of straight pieces is treated exactly at its vertices.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles


class Masks(NamedTuple):
    """Layover and shadow of the points of profiles; all boolean, of one shape.

    Attributes:
        layover: Whether another lit point has the same range.
        shadow: Whether no ray arrives.
        known: Whether there is a height.
    """

    layover: NDArray[np.bool_]
    shadow: NDArray[np.bool_]
    known: NDArray[np.bool_]


def layover_and_shadow(heights: Doubles, step: float, incidence: float) -> Masks:
    """Find layover and shadow along profiles.

    A shadowed point returns nothing, and overlays nothing; it may itself be overlaid: at its range the echo
    of something else appears.

    Args:
        heights: Metres, shape (..., points); the last axis runs away from the radar. NaN where unknown:
            nothing stands there and nothing is seen.
        step: Distance on the ground between two points, metres.
        incidence: Angle between ray and vertical, degrees.
    """
    known = np.isfinite(heights)
    distance = np.arange(heights.shape[-1]) * step
    cotangent = 1 / math.tan(math.radians(incidence))
    ray = np.where(known, distance * cotangent + heights, -np.inf)
    shadow = known & (ray < np.maximum.accumulate(ray, axis=-1))
    ranges = distance - np.where(known, heights, 0) * cotangent
    lit = known & ~shadow
    largest = np.maximum.accumulate(np.where(lit, ranges, -np.inf), axis=-1)
    smallest = np.minimum.accumulate(np.where(lit, ranges, np.inf)[..., ::-1], axis=-1)[..., ::-1]
    layover = known & ((ranges < largest) | (ranges > smallest))
    return Masks(layover, shadow, known)
