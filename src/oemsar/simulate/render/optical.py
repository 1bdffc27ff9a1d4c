"""The optical image: colours of the surfaces under sun and sky, and their near infrared."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.simulate.noise import Raster, rough, white
from oemsar.simulate.render.shadow import is_shadowed
from oemsar.simulate.world.infrared import infrared as infrared_of
from oemsar.simulate.world.landcover import WorldRasters
from oemsar.simulate.world.materials import MATERIALS, RANGELAND, seasonal
from oemsar.simulate.world.polygon import heading
from oemsar.simulate.world.region import Region

_SKY = np.array([0.30, 0.34, 0.40], np.float32)
"""Share of the light on a sunlit flat surface that comes from the sky, by channel: shadows are bluish."""

_COUNTRY_GAIN = {"FRA": (0.97, 1.0, 1.03), "JPN": (0.95, 1.03, 0.99), "USA": (1.04, 1.0, 0.90)}
"""Colour cast of the three national aerial surveys, read off the published tiles."""

_HAZE = np.array([140, 155, 175], np.float32)

_SKY_INFRARED = np.float32(0.20)
"""Share of the near infrared that comes from the sky: shadows are darker than in any colour."""

_HAZE_INFRARED = np.float32(115)
_HAZE_SHARE = np.float32(0.5)
"""Haze in the near infrared over that in the colours."""

_VIGOUR = np.float32(0.07)
"""Standard deviation of the logarithm of a surface's near infrared that its colours do not tell."""


class Photograph(NamedTuple):
    """Image of the core of a canvas by one camera.

    Attributes:
        colours: Red, green, blue, uint8, shape (3, rows, columns).
        infrared: Near infrared, uint8, shape (rows, columns); None where it was not taken.
    """

    colours: NDArray[np.uint8]
    infrared: NDArray[np.uint8] | None


class _Albedo(NamedTuple):
    """Surfaces of the core under full light.

    Attributes:
        colour: Grey values, float32, shape (rows, columns, 3).
        factor: Factor of the grey values of flat ground that colour and near infrared share.
        dry: Share by which red of dry grass is raised.
    """

    colour: Raster
    factor: Raster
    dry: Raster


def render_optical(
    land_cover: WorldRasters,
    region: Region,
    core: tuple[slice, slice],
    rng: np.random.Generator,
    *,
    reach: float | None = None,
) -> NDArray[np.uint8]:
    """Render the core of a canvas in visible light, as `photograph` does: uint8, shape (3, rows, columns)."""
    return photograph(land_cover, region, core, rng, reach=reach).colours


def photograph(
    land_cover: WorldRasters,
    region: Region,
    core: tuple[slice, slice],
    rng: np.random.Generator,
    *,
    reach: float | None = None,
    infrared: np.random.Generator | None = None,
) -> Photograph:
    """Render the core of a canvas in visible light, and in the near infrared.

    Lambert's law for the direct sun, a constant sky, shadows cast by everything that stands, texture
    by material, crop rows, and a slight blur for the optics. Buildings do not lean (a true orthophoto)
    and nothing is mirrored.

    Args:
        land_cover: World to render.
        region: Region, with its sun and haze.
        core: Rows and columns to render.
        rng: Source of randomness of the colours, which the near infrared shares.
        reach: Length of the longest shadow in metres; by default that of the region's tallest building.
        infrared: Source of what is random in the near infrared alone; None takes no such image.

    Returns:
        Images of the core; the colours are the same with and without the near infrared.
    """
    top = land_cover.top
    sun = heading(region.sun_azimuth)
    dark = is_shadowed(top, sun, region.sun_elevation, region.gsd, reach or region.reach)[core]
    light = _sunlight(top, core, sun, region) * ~dark
    light = ndimage.gaussian_filter(light, 0.5, truncate=2)
    albedo = _albedo(land_cover, region, core, rng)
    cast = np.array(_COUNTRY_GAIN[region.country], np.float32)
    image = albedo.colour * (_SKY + (1 - _SKY) * light[..., None]) * cast
    image = image * np.float32(1 - region.haze) + _HAZE * np.float32(region.haze)
    image = ndimage.gaussian_filter(image, (0.6, 0.6, 0), truncate=2)
    colours = np.ascontiguousarray(np.clip(image + 0.5, 0, 255).astype(np.uint8).transpose(2, 0, 1))
    if infrared is None:
        return Photograph(colours, None)
    grey = _infrared(land_cover, region, core, infrared) * albedo.factor * (1 - albedo.dry)
    lit = grey * (_SKY_INFRARED + (1 - _SKY_INFRARED) * light)
    return Photograph(colours, _exposed(lit, np.float32(region.haze) * _HAZE_SHARE))


def _infrared(
    land_cover: WorldRasters, region: Region, core: tuple[slice, slice], rng: np.random.Generator
) -> Raster:
    """Give the near infrared of the surfaces of the core under full light, without their texture."""
    table = land_cover.table
    vigour = np.exp(_VIGOUR * rng.standard_normal(len(table.infrared), dtype=np.float32))
    flat = (table.infrared * vigour)[land_cover.surface[core]]
    flat[land_cover.is_tree[core]] = np.float32(infrared_of("hedge", region.dryness) * 0.98)
    return np.asarray(flat, dtype=np.float32)


def _exposed(image: Raster, haze: np.float32) -> NDArray[np.uint8]:
    """Lay haze over the near infrared, blur it as the colours are, and write it in 8 bits."""
    image = ndimage.gaussian_filter(image * (1 - haze) + _HAZE_INFRARED * haze, 0.6, truncate=2)
    grey: NDArray[np.uint8] = np.clip(image + 0.5, 0, 255).astype(np.uint8)
    return grey


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
) -> _Albedo:
    """Colour every pixel of the core under full light."""
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
    return _Albedo(np.asarray(colour, dtype=np.float32), texture, dry)


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
