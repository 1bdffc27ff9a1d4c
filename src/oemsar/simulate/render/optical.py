"""The optical image: colours of the surfaces under sun and sky."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.simulate.noise import Raster, rough, white
from oemsar.simulate.render.shadow import is_shadowed
from oemsar.simulate.world.landcover import WorldRasters
from oemsar.simulate.world.materials import MATERIALS, RANGELAND, seasonal
from oemsar.simulate.world.polygon import heading
from oemsar.simulate.world.region import Region

_SKY = np.array([0.30, 0.34, 0.40], np.float32)
"""Share of the light on a sunlit flat surface that comes from the sky, by channel: shadows are bluish."""

_COUNTRY_GAIN = {"FRA": (0.97, 1.0, 1.03), "JPN": (0.95, 1.03, 0.99), "USA": (1.04, 1.0, 0.90)}
"""Colour cast of the three national aerial surveys, read off the published tiles."""

_HAZE = np.array([140, 155, 175], np.float32)


def render_optical(
    land_cover: WorldRasters,
    region: Region,
    core: tuple[slice, slice],
    rng: np.random.Generator,
    *,
    reach: float | None = None,
) -> NDArray[np.uint8]:
    """Render the core of a canvas in visible light.

    Lambert's law for the direct sun, a constant sky, shadows cast by everything that stands, texture
    by material, crop rows, and a slight blur for the optics. Buildings do not lean (a true orthophoto)
    and nothing is mirrored.

    Args:
        land_cover: World to render.
        region: Region, with its sun and haze.
        core: Rows and columns to render.
        rng: Source of randomness.
        reach: Length of the longest shadow in metres; by default that of the region's tallest building.

    Returns:
        Red, green, blue as uint8, (3, rows, columns) of the core.
    """
    top = land_cover.top
    sun = heading(region.sun_azimuth)
    dark = is_shadowed(top, sun, region.sun_elevation, region.gsd, reach or region.reach)[core]
    light = _sunlight(top, core, sun, region) * ~dark
    light = ndimage.gaussian_filter(light, 0.5, truncate=2)
    colour = _albedo(land_cover, region, core, rng)
    cast = np.array(_COUNTRY_GAIN[region.country], np.float32)
    image = colour * (_SKY + (1 - _SKY) * light[..., None]) * cast
    image = image * np.float32(1 - region.haze) + _HAZE * np.float32(region.haze)
    image = ndimage.gaussian_filter(image, (0.6, 0.6, 0), truncate=2)
    return np.ascontiguousarray(np.clip(image + 0.5, 0, 255).astype(np.uint8).transpose(2, 0, 1))


def _sunlight(top: Raster, core: tuple[slice, slice], sun: complex, region: Region) -> Raster:
    """Compute direct light relative to a flat surface: cosine of the angle between sun and normal."""
    down, right = np.gradient(top[core], np.float32(region.gsd))
    down, right = np.clip(down, -1.6, 1.6), np.clip(right, -1.6, 1.6)
    tangent = math.tan(math.radians(region.sun_elevation))
    normal = np.sqrt(1 + down**2 + right**2)
    light = (1 - (right * np.float32(sun.real) + down * np.float32(sun.imag)) / np.float32(tangent)) / normal
    return np.asarray(np.clip(light, 0, 1.7), dtype=np.float32)


def _albedo(
    land_cover: WorldRasters, region: Region, core: tuple[slice, slice], rng: np.random.Generator
) -> Raster:
    """Colour every pixel of the core under full light, float32, (rows, columns, 3)."""
    table, gsd = land_cover.table, region.gsd
    surface, is_tree = land_cover.surface[core], land_cover.is_tree[core]
    shape = surface.shape
    tree = seasonal(MATERIALS["hedge"], region.dryness)
    colour = table.colour[surface]
    colour[is_tree] = np.array(tree.colour, np.float32) * np.float32(0.98)
    grain = np.where(is_tree, np.float32(tree.grain), table.grain[surface])
    patches = np.where(is_tree, np.float32(tree.patches), table.patches[surface])
    large = rough(rng, shape, 30 / gsd, octaves=2)
    texture = (
        1 + grain * white(rng, shape) + patches * np.float32(0.75) * rough(rng, shape, 6 / gsd, octaves=4)
    )
    texture += patches * np.float32(0.6) * large
    texture *= np.where(is_tree, land_cover.tone[core], _crop_rows(land_cover, core, surface, is_tree))
    colour *= texture[..., None]
    # Grass dries in patches: red rises where green stays.
    grass = (table.land_cover[surface] == RANGELAND) & ~is_tree
    dry = np.clip(large * 0.5 + region.dryness, 0, 1.2) * grass * np.float32(0.15)
    colour[..., 0] *= 1 + dry
    return np.asarray(colour, dtype=np.float32)


def _crop_rows(
    land_cover: WorldRasters,
    core: tuple[slice, slice],
    surface: NDArray[np.int32],
    is_tree: NDArray[np.bool_],
) -> Raster:
    """Compute the brightness of crop rows and of the tractor tracks between them, 1 elsewhere."""
    table, gsd = land_cover.table, land_cover.gsd
    bright = np.ones(surface.shape, np.float32)
    rows, columns = np.nonzero((table.row_spacing > 0)[surface] & ~is_tree)
    field = surface[rows, columns]
    position = (columns + core[1].start + 1j * (rows + core[0].start)) * gsd
    across = (position * table.axis[field].conj()).imag
    wave = np.cos(2 * np.pi * across / table.row_spacing[field])
    track = np.abs((across / 12) % 1 - 0.5) > 0.485
    bright[rows, columns] = 1 + 0.09 * wave - 0.10 * track
    return bright
