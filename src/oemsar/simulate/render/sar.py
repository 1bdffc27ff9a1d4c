"""The radar image: where and how brightly the world appears to a side-looking radar."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.simulate.noise import Raster, rough
from oemsar.simulate.render.shadow import is_shadowed
from oemsar.simulate.render.speckle import draw_speckle
from oemsar.simulate.render.walls import scatter_from_walls
from oemsar.simulate.world.landcover import WorldRasters
from oemsar.simulate.world.materials import MATERIALS
from oemsar.simulate.world.polygon import heading
from oemsar.simulate.world.region import Region

_NOISE_FLOOR = 10 ** (-22 / 10)
"""Noise-equivalent sigma nought of the receiver."""

_THROUGH_CROWNS = 0.5
"""Share of the power that comes back from behind tree crowns."""

_GLINTS = 0.035
"""Bright points per square metre of roof or car."""

_STRAY, _STRAY_WIDTH = 0.22, 5.0
"""Share of the power that arrives by several bounces or side lobes, and metres over which it is strewn."""

_REFERENCE_COSINE = math.cos(math.radians(40))
"""Backscatter of the materials is given at 40 degrees incidence."""


@dataclass(frozen=True)
class Echoes:
    """Scatterers: row and column (float32, pixels), height above the plane (metres), power (sigma nought)."""

    rows: Raster
    columns: Raster
    heights: Raster
    powers: Raster


def render_sar(
    land_cover: WorldRasters, region: Region, core: tuple[slice, slice], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Render the core of a canvas as the 8-bit amplitude a radar delivers, uint8, (rows, columns)."""
    return digitise(radar_intensity(land_cover, region, core, rng), region, rng)


def digitise(
    intensity: Raster, region: Region, rng: np.random.Generator, bright: Raster | None = None
) -> NDArray[np.uint8]:
    """Add speckle and noise to a mean intensity (sigma nought) and convert its amplitude to 8 bits.

    Args:
        intensity: Intensity of distributed scatterers, which speckles.
        region: Region, with its looks, gain and offset.
        rng: Source of randomness.
        bright: Power of single scatterers, which does not speckle.
    """
    speckled = (intensity + np.float32(_NOISE_FLOOR)) * draw_speckle(rng, intensity.shape, region.looks)
    if bright is not None:
        speckled += bright
    amplitude = np.float32(region.radar_offset) + np.float32(region.radar_gain) * np.sqrt(speckled)
    return np.asarray(np.clip(amplitude + 0.5, 1, 255), dtype=np.uint8)


def radar_intensity(
    land_cover: WorldRasters, region: Region, core: tuple[slice, slice], rng: np.random.Generator
) -> Raster:
    """Compute mean radar intensity (sigma nought, without speckle or noise) of a canvas's core, float32.

    The image is projected on the horizontal plane of height 0, as ground-range products without a
    terrain model are: a scatterer at height h appears h / tan(incidence) nearer to the sensor
    (layover; Woodhouse 2006, Introduction to Microwave Remote Sensing, chapter 10). What the ray does
    not reach stays dark (shadow, h tan(incidence) long) but for a little stray power from around.
    Scatterers that appear at one position add up in power.
    """
    parts = gather_echoes(land_cover, region, rng)
    towards_sensor = -heading(region.look_azimuth)
    intensity = _project(parts[0], region, towards_sensor, core)
    for part in parts[1:]:
        intensity += _project(part, region, towards_sensor, core)
    return add_stray(intensity, region.gsd)


def add_stray(intensity: Raster, gsd: float) -> Raster:
    """Add to `intensity` the power that multiple bounces and side lobes spread around."""
    around = ndimage.gaussian_filter(intensity, _STRAY_WIDTH / gsd, truncate=2)
    return np.asarray(intensity + np.float32(_STRAY) * around, dtype=np.float32)


def gather_echoes(
    land_cover: WorldRasters, region: Region, rng: np.random.Generator, reach: float | None = None
) -> list[Echoes]:
    """Gather everything on a canvas that the radar sees: surfaces, walls, dihedrals, bright points.

    Args:
        land_cover: World to scan.
        region: Region; its `look_azimuth` counts from the north of the canvas.
        rng: Source of randomness.
        reach: Length of the longest shadow in metres; by default that of the region's tallest building.
    """
    towards_sensor = -heading(region.look_azimuth)
    top, solid = land_cover.top, np.where(land_cover.is_tree, land_cover.ground, land_cover.top)
    elevation, gsd = 90 - region.incidence_angle, region.gsd
    reach = region.reach if reach is None else reach
    lit = ~is_shadowed(solid, towards_sensor, elevation, gsd, reach)
    power = _surface_power(land_cover, region, towards_sensor, rng)
    power[is_shadowed(top, towards_sensor, elevation, gsd, reach)] *= np.float32(_THROUGH_CROWNS)
    # Crowns scatter from within: an echo comes from anywhere in their upper part.
    depth = rng.random(top.shape, np.float32) * np.float32(0.6) * land_cover.is_tree
    rows, columns = np.nonzero(lit)
    return [
        Echoes(
            rows.astype(np.float32),
            columns.astype(np.float32),
            (top - depth * land_cover.height)[lit],
            power[lit],
        ),
        Echoes(*scatter_from_walls(land_cover, region, towards_sensor, lit, rng)),
        _glints(land_cover, towards_sensor, lit, rng),
    ]


def _surface_power(
    land_cover: WorldRasters, region: Region, towards_sensor: complex, rng: np.random.Generator
) -> Raster:
    """Compute backscatter of roofs, crowns and open ground by material and local incidence, float32."""
    table, surface, is_tree = land_cover.table, land_cover.surface, land_cover.is_tree
    tree = MATERIALS["hedge"]
    shape = surface.shape
    decibels = np.where(is_tree, np.float32(tree.backscatter), table.backscatter[surface])
    patches = np.where(is_tree, np.float32(tree.backscatter_patches), table.backscatter_patches[surface])
    decibels += patches * rough(rng, shape, 5.0 / region.gsd, octaves=3)
    down, right = np.gradient(land_cover.top, np.float32(region.gsd))
    slope = np.clip(
        right * np.float32(towards_sensor.real) + down * np.float32(towards_sensor.imag), -1.5, 1.5
    )
    incidence = math.radians(region.incidence_angle)
    # Cosine between the ray and the normal of a slope in the plane of incidence.
    cosine = (math.cos(incidence) - math.sin(incidence) * slope) / np.sqrt(1 + slope**2)
    facing = np.clip(cosine / np.float32(_REFERENCE_COSINE), 0.05, None) ** 1.5
    return np.asarray(np.exp(decibels * np.float32(math.log(10) / 10)) * facing, dtype=np.float32)


def _glints(
    land_cover: WorldRasters, towards_sensor: complex, lit: NDArray[np.bool_], rng: np.random.Generator
) -> Echoes:
    """Draw single bright points on roofs and cars: corners of metal, far above their surface's mean.

    The strongest show the side lobes of the sensor's response along and across the look direction,
    whose envelope falls with the square of the distance.
    """
    table, gsd = land_cover.table, land_cover.gsd
    metal = lit & ~land_cover.is_tree & (table.height > 1)[land_cover.surface]
    rows, columns = np.nonzero(metal)
    count = rng.poisson(len(rows) * gsd**2 * _GLINTS)
    chosen = rng.integers(0, max(len(rows), 1), count)
    rows, columns = rows[chosen], columns[chosen]
    heights = land_cover.top[rows, columns]
    powers = rng.exponential(1.0, count) ** 2.5 / gsd
    strongest = np.argsort(-powers)[: count // 120 + 1]
    distance = np.concatenate([np.arange(-40, 0), np.arange(1, 41)])
    arms = np.concatenate([distance * towards_sensor, distance * towards_sensor * 1j])
    share = np.tile(0.07 / np.abs(distance) ** 1.5, 2)
    lobe_rows = rows[strongest, None] + arms.imag
    lobe_columns = columns[strongest, None] + arms.real
    lobe_powers = powers[strongest, None] * share
    return Echoes(
        np.concatenate([rows, lobe_rows.ravel()]).astype(np.float32),
        np.concatenate([columns, lobe_columns.ravel()]).astype(np.float32),
        np.concatenate([heights, np.repeat(heights[strongest], len(arms))]).astype(np.float32),
        np.concatenate([powers, lobe_powers.ravel()]).astype(np.float32),
    )


def _project(echoes: Echoes, region: Region, towards_sensor: complex, core: tuple[slice, slice]) -> Raster:
    """Sum the powers at the positions where the scatterers appear, shared among the four nearest pixels."""
    tangent = math.tan(math.radians(region.incidence_angle))
    shift = echoes.heights / np.float32(tangent * region.gsd)
    rows = echoes.rows + shift * np.float32(towards_sensor.imag) - np.float32(core[0].start)
    columns = echoes.columns + shift * np.float32(towards_sensor.real) - np.float32(core[1].start)
    height, width = core[0].stop - core[0].start, core[1].stop - core[1].start
    near = (rows > -1) & (rows < height) & (columns > -1) & (columns < width)
    rows, columns, powers = rows[near], columns[near], echoes.powers[near]
    top, left = np.floor(rows), np.floor(columns)
    down, right = rows - top, columns - left
    # One row and column around the core take what falls between it and its surroundings.
    cell = (top.astype(np.int32) + 1) * (width + 2) + left.astype(np.int32) + 1
    image = np.zeros((height + 2) * (width + 2), np.float64)
    for offset, weight in (
        (0, (1 - down) * (1 - right)),
        (1, (1 - down) * right),
        (width + 2, down * (1 - right)),
        (width + 3, down * right),
    ):
        image += np.bincount(cell + offset, weight * powers, minlength=image.size)
    return image.reshape(height + 2, width + 2)[1:-1, 1:-1].astype(np.float32)
