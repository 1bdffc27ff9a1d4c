"""Echoes of the walls that face the radar: the wall itself and the corner it forms with the ground."""

import math

import numpy as np
from numpy.typing import NDArray

from oemsar.simulate.noise import Raster
from oemsar.simulate.world.landcover import WorldRasters
from oemsar.simulate.world.region import Region

_WALL = 10 ** (-10.5 / 10)
"""Sigma nought of a plain wall seen at a slant, per image pixel."""

_SPECULAR_WIDTH = math.radians(9)
"""Half width of the angle around the perpendicular within which a wall flashes."""

_WINDOW_SPACING = 2.9
"""Storeys and window axes in metres."""


def scatter_from_walls(
    land_cover: WorldRasters,
    region: Region,
    towards_sensor: complex,
    lit: NDArray[np.bool_],
    rng: np.random.Generator,
) -> tuple[Raster, Raster, Raster, Raster]:
    """Place scatterers on facing walls and along their feet.

    A wall is sampled so densely in height that its layover, h / tan(incidence) towards the sensor,
    has a scatterer in every pixel. Windows and balconies form a lattice of bright points. Wall and
    ground form a dihedral whose echo has the range of the foot of the wall whatever its height, grows
    with the height, and is strong only where the wall stands across the line of sight (Dong, Forster
    and Ticehurst 1997, Radar backscatter analysis for urban environments, IJRS 18).

    Args:
        land_cover: World whose walls are sampled.
        region: Region, with its incidence angle.
        towards_sensor: Unit vector on the ground towards the sensor, x east and y south.
        lit: Pixels that the radar reaches, boolean (rows, columns).
        rng: Source of randomness.

    Returns:
        Rows, columns (pixels), heights above the plane of projection (metres) and powers, float32.
    """
    table = land_cover.table
    major = max(abs(towards_sensor.real), abs(towards_sensor.imag))
    down, right = round(towards_sensor.imag / major), round(towards_sensor.real / major)
    inner = (slice(1, -1), slice(1, -1))
    roof = (table.half_width > 0)[land_cover.surface] & ~land_cover.is_tree
    rows, columns = np.nonzero(roof[inner])
    rows, columns = rows + 1, columns + 1
    top = land_cover.top
    foot = top[rows + down, columns + right]
    is_edge = top[rows, columns] - foot > 1.5
    rows, columns, foot = rows[is_edge], columns[is_edge], foot[is_edge]
    height = top[rows, columns] - foot
    foot_lit = lit[rows + down, columns + right]
    flash, along = _facing(land_cover, rows, columns, towards_sensor)

    # Glass, brick and cladding: the same for all walls of a building.
    facade = np.exp(0.7 * rng.standard_normal(len(table.height)))[land_cover.surface[rows, columns]]

    wall, above = _sampled(height, region.gsd * math.tan(math.radians(region.incidence_angle)))
    seen = foot_lit[wall] | (above > 0.6 * height[wall])
    wall, above = wall[seen], above[seen]
    phase = 2 * np.pi / _WINDOW_SPACING
    window = np.exp(2.2 * (np.cos(phase * along[wall]) + np.cos(phase * above)) - 2.4)
    powers = _WALL * (0.4 + 0.5 * window) * (1 + 5 * flash[wall]) * facade[wall]

    corner = np.nonzero(foot_lit)[0]
    roughness = np.exp(0.9 * rng.standard_normal(len(corner)))
    corner_powers = 0.12 * np.minimum(height[corner], 12) * (0.12 + 3.2 * flash[corner]) * roughness
    return (
        np.concatenate([rows[wall], rows[corner] + down]).astype(np.float32),
        np.concatenate([columns[wall], columns[corner] + right]).astype(np.float32),
        np.concatenate([foot[wall] + above, foot[corner]]).astype(np.float32),
        np.concatenate([powers, corner_powers]).astype(np.float32),
    )


def _sampled(heights: Raster, step: float) -> tuple[NDArray[np.intp], Raster]:
    """Sample walls of given heights every `step` metres: index of the wall, metres above its foot."""
    counts = np.maximum(np.ceil(heights / step).astype(np.intp), 1)
    wall = np.repeat(np.arange(len(heights)), counts)
    level = np.arange(len(wall)) - np.repeat(np.cumsum(counts) - counts, counts)
    return wall, ((level + 0.5) * step).astype(np.float32)


def _facing(
    land_cover: WorldRasters, rows: NDArray[np.intp], columns: NDArray[np.intp], towards_sensor: complex
) -> tuple[Raster, Raster]:
    """Measure how squarely the wall at each roof pixel faces the sensor (0..1), and the metres along it."""
    table, gsd = land_cover.table, land_cover.gsd
    roof = land_cover.surface[rows, columns]
    axis = table.axis[roof]
    offset = ((columns + 0.5) * gsd + 1j * (rows + 0.5) * gsd - table.centre[roof]) * axis.conj()
    to_side = table.half_width[roof] - np.abs(offset.imag)
    to_end = table.half_length[roof] - np.abs(offset.real)
    at_side = to_side < to_end
    normal = np.where(at_side, 1j * axis * np.sign(offset.imag), axis * np.sign(offset.real))
    angle = np.arccos(np.clip((normal.conj() * towards_sensor).real, -1, 1))
    flash = np.exp(-0.5 * (angle / _SPECULAR_WIDTH) ** 2)
    return flash.astype(np.float32), np.where(at_side, offset.real, offset.imag).astype(np.float32)
