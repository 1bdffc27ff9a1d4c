"""The geometry of a pair, from its files and from options."""

import logging
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from odc.geo.geobox import GeoBox
from rasterio.io import DatasetReader

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.geometry.flat import GroundRangeModel
from oemsar.geometry.look import Look, read_look, read_projection_height
from oemsar.geometry.mapping import PixelMap, affine_map, between_grids, centre_affine, crs_of
from oemsar.geometry.open_heights import surface_of
from oemsar.geometry.sensor import look_of
from oemsar.geometry.terrain import Terrain
from oemsar.prepare.align.scene.geometry import Geometry, HeightMap, compose_heights
from oemsar.prepare.geometry_options import GeometryOptions
from oemsar.prepare.ortho.pixel_map import OrthoMap, ortho_mapping
from oemsar.raster.georeference import georeference_of
from oemsar.raster.grid import grid_of
from oemsar.raster.read import open_raster

log = logging.getLogger(__name__)

_LEAST_OVERLAP = 0.02
"""Share of the orthophoto that the radar image has to show."""
_LOST = 0.01
"""Share of the lattice without a height, though the scene lies there, from which on a model is refused."""


def geometry_of(sar: Path, optical: Path, placing: GeometryOptions, files: ExitStack) -> Geometry:
    """Find the geometry of a pair.

    A radar image with a sensor model (RPC, or look and projection height) goes through the elevation model
    where one is given. Otherwise georeferencing decides, and where either image has none, pixels.

    Args:
        sar: Radar image.
        optical: Orthophoto.
        placing: Elevation models and geometry that were given.
        files: Stack that closes the files that are opened.

    Raises:
        InputError: The two do not overlap, the elevation model does not cover them, or a file
            does not state its geometry.
    """
    with open_raster(optical) as dataset:
        grid, shape = grid_of(dataset), dataset.shape
    if grid is not None and grid.crs is None:
        grid = None
    geometry = geometry_on(sar, grid, shape, placing, files)
    with open_raster(sar) as dataset:
        _require_overlap(geometry, sar, optical, dataset.shape)
    return geometry


def geometry_on(
    sar: Path, grid: GeoBox | None, shape: tuple[int, int], placing: GeometryOptions, files: ExitStack
) -> Geometry:
    """Find the geometry of a radar image on any grid with a CRS, or on pixels.

    Args:
        sar: Radar image.
        grid: Grid on the ground; None for pixels.
        shape: Rows and columns of the grid.
        placing: Elevation models and geometry that were given.
        files: Stack that closes the files that are opened.

    Raises:
        InputError: A file does not state its geometry.
    """
    with open_raster(sar) as dataset:
        prior, through_terrain, grid = _prior(dataset, sar, grid, placing, files)
        look = None if grid is None else _look(dataset, prior, placing)
    heights = _heights(grid, placing.terrain, files)
    displacement = (
        None if look is None or grid is None else GroundRangeModel.from_grid(grid, look, 0.0).displacement
    )
    return Geometry(grid, shape, prior, through_terrain, heights, look, displacement)


def _prior(
    dataset: DatasetReader, sar: Path, grid: GeoBox | None, placing: GeometryOptions, files: ExitStack
) -> tuple[PixelMap, bool, GeoBox | None]:
    """Find the map to radar pixels, whether it goes through terrain, and the grid, if any."""
    radar_grid = grid_of(dataset)
    if radar_grid is not None and radar_grid.crs is None:
        radar_grid = None
    has_crs = radar_grid is not None
    look = placing.look or read_look(dataset)
    plane = placing.projection_height
    plane = read_projection_height(dataset) if plane is None else plane
    has_sensor = dataset.rpcs is not None or (has_crs and look is not None and plane is not None)
    if grid is not None and placing.terrain is not None and has_sensor:
        mapping = ortho_mapping(
            sar,
            grid,
            placing.terrain.dem,
            datum=placing.dem_datum,
            geoid=placing.terrain.geoid,
            look=placing.look,
            projection_height=placing.projection_height,
            void=placing.dem_void,
        )
        files.enter_context(mapping)
        return mapping, True, grid
    if grid is not None and radar_grid is not None:
        return between_grids(grid, radar_grid), False, grid
    if grid is not None and dataset.rpcs is not None:
        raise InputError(
            f"{sar} is placed by its RPC only; give an elevation model of the bare ground", option="dem"
        )
    if grid is not None or has_crs:
        bare, words = (
            (sar, georeference_of(dataset).in_words()) if grid is not None else ("the orthophoto", "none")
        )
        rest = "" if words == "none" else f" by an affine with a CRS, only {words}"
        log.warning("%s has no georeferencing%s: the images are aligned in pixels", bare, rest)
    return _same_pixels, False, None


def _same_pixels(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
    return x, y


def _look(dataset: DatasetReader, prior: PixelMap, placing: GeometryOptions) -> Look | None:
    said = placing.look or read_look(dataset)
    if said is None and isinstance(prior, OrthoMap):
        return look_of(prior.model, dataset.shape, prior.heights.heights.mean())
    return said


def _heights(grid: GeoBox | None, terrain: Terrain | None, files: ExitStack) -> HeightMap | None:
    """Open the heights of the bare ground on the orthophoto's grid; their datum does not matter here."""
    if terrain is None:
        return None
    if grid is None:
        raise InputError(
            f"{terrain.dem} is of no use to images without georeferencing; leave it out", option="dem"
        )
    surface = files.enter_context(surface_of(terrain, terrain.dem))
    return compose_heights(affine_map(centre_affine(grid)), surface.on(crs_of(grid)).at)


def _require_overlap(geometry: Geometry, sar: Path, optical: Path, size: tuple[int, int]) -> None:
    x, y = geometry.lattice()
    column, row = geometry.prior(x, y)
    prior = geometry.prior
    if isinstance(prior, OrthoMap):
        lost = prior.lost(x, y, size, prior.heights.heights.mean())
        if lost > _LOST * x.size:
            raise InputError(
                f"{prior.heights.heights.path} has no height for {lost / x.size:.0%} of the ground that "
                f"{optical} and {sar} share; give an elevation model that covers it",
                option="dem",
            )
    with np.errstate(invalid="ignore"):
        inside = (column > -0.5) & (column < size[1] - 0.5) & (row > -0.5) & (row < size[0] - 0.5)
    if inside.mean() < _LEAST_OVERLAP:
        raise InputError(
            f"{sar} and {optical} do not overlap, or in less than {100 * _LEAST_OVERLAP:g} % of the "
            "orthophoto; give images of one place, the orthophoto cut to the radar image"
        )
