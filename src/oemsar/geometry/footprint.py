"""Outline of a scene, in the image and on the terrain."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.geometry.heights import Heights
from oemsar.geometry.sensor import SensorModel
from oemsar.raster.border import CELL
from oemsar.raster.longitude import near

_ROUNDS = 8
_STEPS = 33
"""Points along each side of a scene that is not padded."""


@dataclass(frozen=True, eq=False)
class Footprint:
    """Points around a scene, on the ground.

    Attributes:
        lon: Longitudes, degrees, shape (points,).
        lat: Latitudes, degrees, shape (points,).
    """

    lon: Doubles
    lat: Doubles


@dataclass(frozen=True, eq=False)
class Outline:
    """Points around the part of an image that carries data; pixel centres at integers.

    Attributes:
        x: Columns of points that enclose it, shape (points,).
        y: Rows of the points that enclose it, shape (points,).
        inner_x: Columns of points that surely lie in it or within half a cell of it.
        inner_y: Rows of the points that surely lie in it or within half a cell of it.
    """

    x: Doubles
    y: Doubles
    inner_x: Doubles
    inner_y: Doubles


def outline(shape: tuple[int, int], filled: NDArray[np.bool_] | None) -> Outline:
    """Trace the outline of an image.

    Args:
        shape: Rows and columns.
        filled: Whether there is data in each cell of `CELL` x `CELL` pixels; None where all is data.
    """
    rows, columns = shape
    if filled is None or filled.all():
        along = np.linspace(0, 1, _STEPS)
        ends = np.zeros(_STEPS), np.ones(_STEPS)
        x = np.concatenate([along, ends[1], along, ends[0]]) * columns - 0.5
        y = np.concatenate([ends[0], along, ends[1], along]) * rows - 0.5
        return Outline(x, y, x, y)
    cells = np.concatenate([_ends(filled), _ends(filled.T)[:, ::-1]])
    corners = (cells[:, None, :] + np.array([(0, 0), (0, 1), (1, 0), (1, 1)])).reshape(-1, 2) * CELL
    y, x = np.minimum(corners, shape).T - 0.5
    inner_y, inner_x = np.minimum((cells + 0.5) * CELL, shape).T - 0.5
    return Outline(x, y, inner_x, inner_y)


def footprint(model: SensorModel, heights: Heights, edge: Outline) -> Footprint:
    """Find the outline of a scene on the terrain.

    Each pixel is followed along its line of equal range to the height of the terrain there, and again,
    until it stays.

    Args:
        model: Sensor model of the scene.
        heights: Elevation model.
        edge: Outline in the image.

    Raises:
        InputError: The elevation model does not cover it.
    """
    x, y = np.concatenate([edge.x, edge.inner_x]), np.concatenate([edge.y, edge.inner_y])
    height = np.full(x.shape, heights.mean())
    for _ in range(_ROUNDS):
        lon, lat = model.to_ground(y, x, height)
        if not (np.isfinite(lon) & np.isfinite(lat)).all():
            raise InputError(
                "the sensor model of the scene does not reach the ground; its RPC is damaged, fetch it again"
            )
        found = heights.near(lon, lat)
        height = np.where(np.isfinite(found), found, height)
    enclosing = edge.x.size
    outside = 1 - float(heights.covers(lon[enclosing:], lat[enclosing:]).mean())
    if outside > 0:
        lon = near(lon, float(lon[0]), 360.0)  # a scene across 180 degrees is not as wide as the earth
        raise InputError(
            f"{heights.path} does not cover the scene: {math.ceil(outside * 100)} % of its outline lies "
            f"outside; give an elevation model of longitude {lon.min():.4f} to {lon.max():.4f} and latitude "
            f"{lat.min():.4f} to {lat.max():.4f}"
        )
    return Footprint(lon[:enclosing], lat[:enclosing])


def _ends(filled: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Find the first and the last filled cell of each row that has any, as (row, column)."""
    rows = np.flatnonzero(filled.any(1))
    first = filled[rows].argmax(1)
    last = filled.shape[1] - 1 - filled[rows, ::-1].argmax(1)
    return np.concatenate([np.stack([rows, first], 1), np.stack([rows, last], 1)])
