"""The radar image of a scene by its exact sensor model."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from oemsar.arrays import Doubles
from oemsar.simulate.noise import Raster
from oemsar.simulate.render.sar import Echoes
from oemsar.simulate.world.polygon import heading
from oemsar.simulate.world.terrain import gradient

Positions = Callable[[Doubles, Doubles, Doubles], tuple[Doubles, Doubles]]

_CHUNK = 1 << 20
_PARTS = 2
"""Scatterers that stand for one pixel of a surface, side by side in range: on slopes that fall away from the
sensor they lie farther apart in the image than pixels do."""


def accumulate(echoes: Echoes, positions: Positions, shape: tuple[int, int], image: Doubles) -> None:
    """Add the powers of scatterers to `image`, each shared among the four pixels around its position.

    Scatterers that appear at one position add up, as on slopes that face the radar.

    Args:
        echoes: Scatterers at rows and columns of the canvas.
        positions: Column and row in the image for column, row and height.
        shape: Rows and columns of the image.
        image: Image with a margin of one pixel, float64 ((rows + 2) * (columns + 2),), changed in place.
    """
    height, width = shape
    stride = width + 2
    for start in range(0, len(echoes.rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        columns, rows = positions(
            echoes.columns[part].astype(np.float64),
            echoes.rows[part].astype(np.float64),
            echoes.heights[part].astype(np.float64),
        )
        near = (rows > -1) & (rows < height) & (columns > -1) & (columns < width)
        if not near.any():
            continue
        rows, columns, powers = rows[near], columns[near], echoes.powers[part][near]
        top, left = np.floor(rows), np.floor(columns)
        down, right = rows - top, columns - left
        cell = (top.astype(np.int64) + 1) * stride + left.astype(np.int64) + 1
        first = int(cell.min())
        cell -= first
        length = int(cell.max()) + stride + 2
        total = np.zeros(length)
        for offset, weight in (
            (0, (1 - down) * (1 - right)),
            (1, (1 - down) * right),
            (stride, down * (1 - right)),
            (stride + 1, down * right),
        ):
            total += np.bincount(cell + offset, weight * powers, minlength=length)
        image[first : first + length] += total


def subdivided(echoes: Echoes, ground: Raster, look_azimuth: float, gsd: float) -> Sequence[Echoes]:
    """Split the scatterers of a surface into sets side by side in range, each with its share of the power.

    Args:
        echoes: Scatterers at whole rows and columns of the canvas.
        ground: Height of the ground, metres: a part lies higher than its pixel's centre as the ground does.
        look_azimuth: Look azimuth in degrees from the north of the canvas.
        gsd: Ground sampling distance of the canvas in metres.
    """
    look = heading(look_azimuth)
    down, right = gradient(ground, gsd)
    tilt = right * np.float32(look.real) + down * np.float32(look.imag)
    here: Raster = tilt[echoes.rows.astype(np.intp), echoes.columns.astype(np.intp)]
    sets = []
    for part in range(_PARTS):
        step = (part + 0.5) / _PARTS - 0.5
        sets.append(
            Echoes(
                echoes.rows + np.float32(step * look.imag),
                echoes.columns + np.float32(step * look.real),
                np.asarray(echoes.heights + here * np.float32(step * gsd), np.float32),
                echoes.powers / np.float32(_PARTS),
            )
        )
    return sets


def collect_mask(corners: Doubles, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Find the pixels that lie in the polygon of `corners` (column, row), boolean."""
    mask = Image.new("1", (shape[1], shape[0]), 0)
    ImageDraw.Draw(mask).polygon([(float(x), float(y)) for x, y in corners], fill=1)
    return np.asarray(mask, dtype=bool)
