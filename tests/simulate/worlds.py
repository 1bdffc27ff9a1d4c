"""Worlds whose images have closed forms: a box on a plain of grass, and ground that rises evenly."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.arrays import Doubles
from oemsar.simulate.noise import Raster, stream
from oemsar.simulate.world.landcover import WorldRasters
from oemsar.simulate.world.places import Place
from oemsar.simulate.world.polygon import Rectangle, heading
from oemsar.simulate.world.region import Region, draw_region
from oemsar.simulate.world.surfaces import Roof, Surface, SurfaceRaster

AZIMUTHS = [0, 37, 90, 143, 180, 205, 270, 311]


def region(**changes: Any) -> Region:
    drawn = draw_region(1, Place("FRA", "urban", 2.35, 48.86), stream(0))
    return replace(drawn, **changes)


def grass_with(
    boxes: Sequence[tuple[Rectangle, float]], shape: tuple[int, int], gsd: float, ground: Raster | None = None
) -> WorldRasters:
    """Boxes with flat roofs of these heights on grass; surface 1 is the grass, 2 and on are the boxes."""
    surfaces = SurfaceRaster(shape, gsd, 0.3, stream(1))
    surfaces.draw(Rectangle(0, 1, 1e4, 1e4).outline, Surface("grass"))
    for box, height in boxes:
        surfaces.draw(box.outline, Surface("flat_grey", height=height, roof=Roof(box)))
    surface, table = surfaces.index(), surfaces.table()
    none = np.zeros(shape, np.float32)
    below = none if ground is None else ground
    return WorldRasters(
        gsd, table.land_cover[surface], surface, table, below, table.height[surface], none > 0, none + 1
    )


def slope_along(azimuth: float, rise: float, shape: tuple[int, int], gsd: float) -> Raster:
    """Ground that rises by `rise` metres a metre along an azimuth, 0 in the middle of the raster."""
    direction = heading(azimuth)
    down, right = (np.arange(size) - (size - 1) / 2 for size in shape)
    metres = (right[None, :] * direction.real + down[:, None] * direction.imag) * gsd
    return np.asarray(metres * rise, np.float32)


def profile(image: NDArray[Any], centre: complex, azimuth: float, gsd: float, metres: Doubles) -> Doubles:
    """Mean of a strip of 8 m through `centre` (metres) at distances along an azimuth."""
    along = heading(azimuth)
    points = centre + along * metres[:, None] + along * 1j * np.linspace(-4, 4, 33)
    places = [points.imag / gsd - 0.5, points.real / gsd - 0.5]
    found = ndimage.map_coordinates(image.astype(np.float64), places, order=1, mode="nearest")
    return np.asarray(found.mean(axis=1))
