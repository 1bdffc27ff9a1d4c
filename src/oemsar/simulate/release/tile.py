"""Images and labels of one piece of the world."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oemsar.simulate.noise import Raster
from oemsar.simulate.release.pseudo_label import simulate_pseudo_label
from oemsar.simulate.render.optical import photograph
from oemsar.simulate.render.sar import render_sar
from oemsar.simulate.world.landcover import WorldRasters, map_land_cover
from oemsar.simulate.world.region import Region


@dataclass(frozen=True)
class RenderedTile:
    """Rasters of a tile.

    Attributes:
        sar: Radar, uint8, shape (rows, columns).
        optical: Red, green, blue, uint8, shape (3, rows, columns).
        real_label: True class ids 1..8, uint8, shape (rows, columns).
        pseudo_label: Class ids 1..8 as a model errs, uint8, shape (rows, columns).
        height: Metres of what is seen from above, over the ground, float32, shape (rows, columns).
        nir: Near infrared, uint8, shape (rows, columns); None where it was not rendered.
    """

    sar: NDArray[np.uint8]
    optical: NDArray[np.uint8]
    real_label: NDArray[np.uint8]
    pseudo_label: NDArray[np.uint8]
    height: Raster
    nir: NDArray[np.uint8] | None


def render_tile(
    region: Region, size: int, rng: np.random.Generator, infrared: np.random.Generator | None = None
) -> RenderedTile:
    """Render a tile of a region.

    Args:
        region: Region.
        size: Rows and columns.
        rng: Source of randomness of the world and its images.
        infrared: Source of what is random in the near infrared alone; None takes no such image.
    """
    land_cover, core = map_with_margin(region, size, rng)
    optical, nir = photograph(land_cover, region, core, rng, infrared=infrared)
    sar = render_sar(land_cover, region, core, rng)
    label = np.ascontiguousarray(land_cover.classes[core])
    pseudo = simulate_pseudo_label(label, land_cover.surface[core], region.gsd, rng)
    height = np.ascontiguousarray(land_cover.height[core])
    return RenderedTile(sar, optical, label, pseudo, height, nir)


def map_with_margin(
    region: Region, size: int, rng: np.random.Generator
) -> tuple[WorldRasters, tuple[slice, slice]]:
    """Map a square with as much around it as can fall into its images: layover and shadows.

    Returns:
        The map and the rows and columns of the square in it.
    """
    margin = math.ceil(region.reach / region.gsd) + 2
    side = size + 2 * margin
    core = slice(margin, margin + size)
    return map_land_cover(region, (side, side), rng), (core, core)
