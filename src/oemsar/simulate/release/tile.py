"""Images and labels of one piece of the world."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oemsar.simulate.release.pseudo_label import simulate_pseudo_label
from oemsar.simulate.render.optical import render_optical
from oemsar.simulate.render.sar import render_sar
from oemsar.simulate.world.landcover import WorldRasters, map_land_cover
from oemsar.simulate.world.region import Region


@dataclass(frozen=True)
class RenderedTile:
    """The four rasters of a tile, uint8; `optical` is (3, rows, columns), the others (rows, columns)."""

    sar: NDArray[np.uint8]
    optical: NDArray[np.uint8]
    real_label: NDArray[np.uint8]
    pseudo_label: NDArray[np.uint8]


def render_tile(region: Region, size: int, rng: np.random.Generator) -> RenderedTile:
    """Render a tile of `size` by `size` pixels of a region."""
    land_cover, core = map_with_margin(region, size, rng)
    optical = render_optical(land_cover, region, core, rng)
    sar = render_sar(land_cover, region, core, rng)
    label = np.ascontiguousarray(land_cover.classes[core])
    pseudo = simulate_pseudo_label(label, land_cover.surface[core], region.gsd, rng)
    return RenderedTile(sar, optical, label, pseudo)


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
