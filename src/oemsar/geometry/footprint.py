"""The ground that a scene shows, on the terrain it shows."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.geometry.heights import Heights
from oemsar.geometry.mapping import Doubles
from oemsar.geometry.sensor import SensorModel
from oemsar.raster.collect import CELL, Padding

_ROUNDS = 8
_STEPS = 33
"""Points along each side of a scene that is not padded."""


@dataclass(frozen=True, eq=False)
class Footprint:
    """Points around a scene, on the ground.

    Attributes:
        lon: degrees, shape (points,).
        lat: degrees.
    """

    lon: Doubles
    lat: Doubles


def outline(shape: tuple[int, int], padding: Padding | None) -> tuple[Doubles, Doubles]:
    """Points, x and y, around the part of an image that carries data.

    Args:
        shape: rows and columns.
        padding: its zeros that carry no data, to their cell; None where every pixel carries data.
    """
    rows, columns = shape
    if padding is None or not padding.cells.any():
        along = np.linspace(0, 1, _STEPS)
        ends = np.zeros(_STEPS), np.ones(_STEPS)
        x = np.concatenate([along, ends[1], along, ends[0]]) * columns - 0.5
        y = np.concatenate([ends[0], along, ends[1], along]) * rows - 0.5
        return x, y
    cells = np.concatenate([_ends(~padding.cells), _ends(~padding.cells.T)[:, ::-1]])
    corners = (cells[:, None, :] + np.array([(0, 0), (0, 1), (1, 0), (1, 1)])).reshape(-1, 2) * CELL
    y, x = np.minimum(corners, (rows, columns)).T - 0.5
    return x, y


def footprint(model: SensorModel, heights: Heights, x: Doubles, y: Doubles) -> Footprint:
    """Where the outline `x`, `y` of a scene lies on the terrain.

    Each pixel is followed along its line of equal range to the height of the terrain there, and again,
    until it stays.

    Raises:
        InputError: the elevation model does not cover it.
    """
    height = np.full(x.shape, heights.mean())
    for _ in range(_ROUNDS):
        lon, lat = model.to_ground(y, x, height)
        if not (np.isfinite(lon) & np.isfinite(lat)).all():
            raise InputError("the sensor model of the scene does not reach the ground; its RPC is damaged")
        found = heights.near(lon, lat)
        height = np.where(np.isfinite(found), found, height)
    outside = 1 - float(heights.covers(lon, lat).mean())
    if outside > 0:
        raise InputError(
            f"{heights.path} does not cover the scene: {math.ceil(outside * 100)} % of its outline lies "
            "outside; give an elevation model of the whole scene"
        )
    return Footprint(lon, lat)


def _ends(filled: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The first and the last filled cell of each row that has any, as (row, column)."""
    rows = np.flatnonzero(filled.any(1))
    first = filled[rows].argmax(1)
    last = filled.shape[1] - 1 - filled[rows, ::-1].argmax(1)
    return np.concatenate([np.stack([rows, first], 1), np.stack([rows, last], 1)])
