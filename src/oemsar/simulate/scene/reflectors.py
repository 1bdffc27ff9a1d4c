"""Corner reflectors: point targets whose position in the radar image is known."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.errors import InputError
from oemsar.simulate.noise import Raster
from oemsar.simulate.render.visibility import visibility
from oemsar.simulate.scene.geometry import SceneGeometry
from oemsar.simulate.world.landcover import WorldRasters

PEAK_LEVEL = 2500
"""Digital number that the peak of a reflector would have if the scale went on beyond 255: a trihedral of one
metre outshines open ground in X band by 50 dB and saturates display-tuned images."""

LOBE = 1.0
"""Pixels at which the power of a point has fallen to 1/e: a -3 dB width of 1.67 pixels."""

_APART = 24
"""Pixels between reflectors, and four times the distance to anything but open ground."""


def place_reflectors(
    geometry: SceneGeometry, land_cover: WorldRasters, count: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Choose rows and columns of reflectors, on open ground of the canvas that the radar sees, (count, 2).

    Raises:
        InputError: There is no room for so many.
    """
    if count == 0:
        return np.zeros((0, 2), np.intp)
    seen = visibility(land_cover, geometry.region, geometry.reach).ground
    room = ndimage.binary_erosion(seen, iterations=_APART // 4)[geometry.core]
    room[:_APART], room[-_APART:], room[:, :_APART], room[:, -_APART:] = False, False, False, False
    corner = np.array([part.start for part in geometry.core])
    positions: list[NDArray[np.intp]] = []
    while len(positions) < count:
        rows, columns = np.nonzero(room)
        if len(rows) == 0:
            raise InputError(f"{count} reflectors are more than the scene has open ground for; ask for fewer")
        chosen = int(rng.integers(len(rows)))
        row, column = int(rows[chosen]), int(columns[chosen])
        room[max(row - _APART, 0) : row + _APART, max(column - _APART, 0) : column + _APART] = False
        positions.append(corner + np.array((row, column)))
    return np.array(positions, np.intp)


def point_response(
    columns: Sequence[float], rows: Sequence[float], power: float, shape: tuple[int, int]
) -> Raster:
    """Draw bright points at fractional positions as power: Gaussian main lobes, float32 of `shape`."""
    image = np.zeros(shape, np.float32)
    for column, row in zip(columns, rows, strict=True):
        left, top = math.floor(column) - 5, math.floor(row) - 5
        across = np.exp(-(((np.arange(left, left + 12) - column) / LOBE) ** 2))
        down = np.exp(-(((np.arange(top, top + 12) - row) / LOBE) ** 2))
        inside_rows = slice(max(top, 0), min(top + 12, shape[0]))
        inside_columns = slice(max(left, 0), min(left + 12, shape[1]))
        lobe = power * down[:, None] * across[None, :]
        image[inside_rows, inside_columns] += lobe[
            inside_rows.start - top : inside_rows.stop - top,
            inside_columns.start - left : inside_columns.stop - left,
        ].astype(np.float32)
    return image
