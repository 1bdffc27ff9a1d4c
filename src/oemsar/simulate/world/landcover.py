"""The world of one canvas as rasters: classes, heights and surfaces."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oemsar.simulate.noise import Raster
from oemsar.simulate.world.canvas_plan import CanvasPlan
from oemsar.simulate.world.crowns import stamp_crowns
from oemsar.simulate.world.layout import plan
from oemsar.simulate.world.materials import TREE
from oemsar.simulate.world.region import Region
from oemsar.simulate.world.surfaces import Surface, SurfaceTable
from oemsar.simulate.world.terrain import ground_height
from oemsar.simulate.world.waters import Waters

_WATER_DEPTH = 1.2
"""Metres from the foot of a bank down to the water."""

_LOWEST_WALL = np.float32(2.5)
"""Metres that a building on a slope keeps above the ground uphill."""


@dataclass(frozen=True)
class WorldRasters:
    """Exact truth of one canvas; rasters have the same shape (rows, columns), row 0 in the north.

    Attributes:
        gsd: Ground sampling distance in metres.
        classes: Class id 1..8 as seen from above, uint8.
        surface: Index of the surface under the trees, int32.
        table: Table of the surfaces.
        ground: Height of the ground, metres, float32.
        height: Height of buildings, cars and crowns above the ground, metres, float32.
        is_tree: Whether a crown is seen, boolean.
        tone: Brightness of the crown relative to the mean tree, float32.
    """

    gsd: float
    classes: NDArray[np.uint8]
    surface: NDArray[np.int32]
    table: SurfaceTable
    ground: Raster
    height: Raster
    is_tree: NDArray[np.bool_]
    tone: Raster

    @property
    def top(self) -> Raster:
        """Height of what is seen from above over the plane of projection, metres."""
        return self.ground + self.height


def map_land_cover(region: Region, shape: tuple[int, int], rng: np.random.Generator) -> WorldRasters:
    """Lay out a canvas of `shape` pixels of a region, with everything on it."""
    return raise_land_cover(plan(region, shape, rng), rng)


def raise_land_cover(
    canvas: CanvasPlan, rng: np.random.Generator, hills: Raster | None = None
) -> WorldRasters:
    """Raise a planned canvas into its rasters.

    Args:
        canvas: Plan of the canvas; water, banks and bridges are added to its sheet.
        rng: Source of randomness.
        hills: Height of the ground where it is more than a slight swell, metres, float32; buildings on it
            stand level.
    """
    gsd, shape = canvas.surfaces.gsd, canvas.surfaces.shape
    surface = canvas.surfaces.index()
    names = ("water", canvas.waters.bank_material, "lane")
    _flood(canvas.waters, surface, [canvas.surfaces.add(Surface(name)) for name in names])
    table = canvas.surfaces.table()
    if hills is None:
        ground = ground_height(rng, shape, gsd, canvas.region.relief)
        ground *= np.clip(canvas.waters.shore / 25, 0, 1)
    else:
        ground = hills.copy()
    ground -= np.float32(_WATER_DEPTH) * np.clip(1 - canvas.waters.shore / max(canvas.waters.bank, 1), 0, 1)
    height = table.height[surface]
    _raise_roofs(surface, table, height, gsd)
    if hills is not None:
        _level_roofs(surface, table, height, ground)
    canopy, tone = stamp_crowns(canvas.trees, shape, gsd, rng)
    is_tree = (canopy > height) & ~((table.half_width[surface] > 0) & (canopy < height + 1))
    classes = table.land_cover[surface]
    classes[is_tree] = TREE
    return WorldRasters(
        gsd, classes, surface, table, ground, np.where(is_tree, canopy, height), is_tree, tone
    )


def _flood(waters: Waters, surface: NDArray[np.int32], surfaces: list[int]) -> None:
    """Write water, banks and bridges into the index raster; nothing is built where they come to lie."""
    if waters.kind == "none":
        return
    water, bank, bridge = surfaces
    surface[waters.shore < waters.bank] = bank
    surface[waters.shore < 0] = water
    surface[waters.bridge] = bridge


def _raise_roofs(surface: NDArray[np.int32], table: SurfaceTable, height: Raster, gsd: float) -> None:
    """Add to `height`, in place, the rise of pitched roofs from the eaves to the ridge."""
    rows, columns = np.nonzero((table.pitch > 0)[surface])
    roof = surface[rows, columns]
    offset = ((columns + 0.5) * gsd + 1j * (rows + 0.5) * gsd - table.centre[roof]) * table.axis[roof].conj()
    to_eaves = table.half_width[roof] - np.abs(offset.imag)
    to_ends = np.where(table.hipped[roof], table.half_length[roof] - np.abs(offset.real), np.inf)
    height[rows, columns] += table.pitch[roof] * np.clip(np.minimum(to_eaves, to_ends), 0, None)


def _level_roofs(surface: NDArray[np.int32], table: SurfaceTable, height: Raster, ground: Raster) -> None:
    """Change `height`, in place, so that a roof stands level over the mean ground below it.

    Its uphill wall keeps `_LOWEST_WALL`: it is dug into the slope no deeper.
    """
    rows, columns = np.nonzero((table.half_width > 0)[surface])
    roof, below = surface[rows, columns], ground[rows, columns]
    count = np.bincount(roof, minlength=len(table.height))
    mean = np.bincount(roof, below, len(table.height)) / np.maximum(count, 1)
    level = height[rows, columns] + (mean[roof] - below).astype(np.float32)
    height[rows, columns] = np.maximum(level, np.minimum(height[rows, columns], _LOWEST_WALL))
