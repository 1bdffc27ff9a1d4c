"""One contiguous scene of an unseen region, as an archive delivers it: radar on its own rotated grid."""

import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from scipy import ndimage

from oemsar.raster.geotiff import write_raster
from oemsar.simulate.noise import Raster
from oemsar.simulate.release.plan import World
from oemsar.simulate.release.tile import map_with_margin
from oemsar.simulate.render.optical import photograph
from oemsar.simulate.render.sar import digitise, radar_intensity
from oemsar.simulate.world.polygon import heading
from oemsar.simulate.world.region import Region, centre_in_utm

SCENE_FILES = ("Scene_001_sar.tif", "Scene_001_optical.tif", "Scene_001_label.tif")

FURTHER_FILES = {"height": "Scene_001_height.tif", "nir": "Scene_001_nir.tif"}

_OPTICAL_SCALE = 1.25
"""Ground sampling distance of the scene's orthophoto over that of its radar image."""

_MARGIN = 0.04
"""Share of the radar grid on each side that lies outside the collect and is 0."""


def write_scene(world: World, folder: Path) -> None:
    """Write radar, optical, label and further inputs of the scene, unless all are there.

    The radar grid is turned so that its columns run along the look direction: a rotated affine, with 0
    outside the collect, as Umbra's GEC products have. The label is on the radar grid, 0 outside the
    collect. The orthophoto is north-up, covers the scene, and has a ground sampling distance of its own, on
    which further inputs lie, too.
    """
    region, size = world.scene_region, world.config.scene
    names = [*SCENE_FILES, *(file for name, file in FURTHER_FILES.items() if world.config.writes(name))]
    if region is None or size is None or all((folder / name).is_file() for name in names):
        return
    rng = world.scene_stream()
    grid, to_north_up, side = _rotated_grid(region, size)
    land_cover, core = map_with_margin(region, side, rng)
    intensity = _resampled(radar_intensity(land_cover, region, core, rng), to_north_up, size, 1)
    label = _resampled(land_cover.classes[core], to_north_up, size, 0)
    collect = _collect(size)
    sar = np.where(collect, digitise(np.clip(intensity, 0, None), region, rng), 0).astype(np.uint8)
    optical, nir = photograph(land_cover, region, core, rng, infrared=world.infrared_stream())
    write_raster(folder / SCENE_FILES[0], sar[None], grid)
    write_raster(folder / SCENE_FILES[1], *_coarser(optical, region, side))
    write_raster(folder / SCENE_FILES[2], np.where(collect, label, 0).astype(np.uint8)[None], grid)
    if world.config.writes("height"):
        heights = land_cover.height[core][None]
        write_raster(folder / FURTHER_FILES["height"], *_coarser(heights, region, side))
    if nir is not None:
        write_raster(folder / FURTHER_FILES["nir"], *_coarser(nir[None], region, side))


def _rotated_grid(region: Region, size: int) -> tuple[GeoBox, Affine, int]:
    """Make the radar grid, the affine of its pixels to the north-up square, and the side of the square."""
    look = heading(region.look_azimuth)
    turn = math.degrees(math.atan2(look.imag, look.real))
    side = math.ceil(size * (abs(look.real) + abs(look.imag))) + 2
    to_north_up = (
        Affine.translation(side / 2, side / 2)
        * Affine.rotation(turn)
        * Affine.translation(-size / 2, -size / 2)
    )
    grid = GeoBox((size, size), _north_up(region, side, region.gsd) * to_north_up, f"EPSG:{region.epsg}")
    return grid, to_north_up, side


def _north_up(region: Region, side: int, gsd: float) -> Affine:
    """Make the affine of the north-up square of `side` pixels around the region's centre."""
    easting, northing = centre_in_utm(region)
    half = side * region.gsd / 2
    return Affine(gsd, 0, round(easting - half, 2), 0, -gsd, round(northing + half, 2))


def _resampled(
    raster: Raster | NDArray[np.uint8], to_north_up: Affine, size: int, order: Literal[0, 1]
) -> Raster:
    """Resample `raster` of the north-up square on the radar grid; order 0 nearest, 1 linear."""
    a, b, c, d, e, f = to_north_up[:6]
    # Pixel centres lie half a pixel from the corners that affines speak of.
    matrix = np.array([[e, d], [b, a]])
    offset = np.array([f, c]) + matrix @ (0.5, 0.5) - 0.5
    return np.asarray(
        ndimage.affine_transform(raster, matrix, offset, (size, size), order=order, mode="nearest")
    )


def _collect(size: int) -> NDArray[np.bool_]:
    """Find the pixels of the radar grid that the collect fills: a slightly slanted quadrilateral."""
    ramp = (np.arange(size) + 0.5) / size
    slant = 0.02 * (ramp - 0.5)
    rows = (ramp[:, None] > _MARGIN + slant[None, :]) & (ramp[:, None] < 1 - _MARGIN + slant[None, :])
    columns = (ramp[None, :] > _MARGIN - slant[:, None]) & (ramp[None, :] < 1 - _MARGIN - slant[:, None])
    return np.asarray(rows & columns)


def _coarser(bands: NDArray[Any], region: Region, side: int) -> tuple[NDArray[Any], GeoBox]:
    """Average bands of the square to the ground sampling distance of the orthophoto; give its grid, too."""
    from PIL import Image

    small = int(side / _OPTICAL_SCALE)
    box = (0, 0, small * _OPTICAL_SCALE, small * _OPTICAL_SCALE)
    pixels = bands.transpose(1, 2, 0) if len(bands) == 3 else np.ascontiguousarray(bands[0])
    image = np.asarray(Image.fromarray(pixels).resize((small, small), Image.Resampling.BOX, box=box))
    affine = _north_up(region, side, region.gsd * _OPTICAL_SCALE)
    averaged = image.transpose(2, 0, 1) if image.ndim == 3 else image[None]
    return averaged, GeoBox((small, small), affine, f"EPSG:{region.epsg}")
