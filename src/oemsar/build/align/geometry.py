"""How a radar image and an orthophoto belong together by what their files say, before anything is matched."""

import logging
import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from odc.geo.geobox import GeoBox
from rasterio.io import DatasetReader

from oemsar.build.ortho import Terrain
from oemsar.build.ortho_map import OrthoMap, ortho_mapping
from oemsar.errors import InputError
from oemsar.geometry.flat import GroundRangeModel
from oemsar.geometry.heights import open_surface
from oemsar.geometry.look import Look, read_look, read_projection_height
from oemsar.geometry.mapping import (
    Doubles,
    PixelMap,
    affine_map,
    between_grids,
    centre_affine,
    crs_of,
)
from oemsar.geometry.sensor import look_of
from oemsar.geometry.vertical import Datum
from oemsar.raster.grid import grid_of
from oemsar.raster.read import Extent, open_raster

log = logging.getLogger(__name__)

HeightMap: TypeAlias = Callable[[Doubles, Doubles], Doubles]
"""Heights in metres at columns and rows of a grid; NaN where none is known."""

_LATTICE = 33
"""Points along each side of the orthophoto at which the geometry is looked at."""
_LEAST_OVERLAP = 0.02
"""Share of the orthophoto that the radar image has to show."""
_ROUNDS = 6
_LOST = 0.01
"""Share of the lattice without a height, though the scene lies there, from which on a model is refused."""


@dataclass(frozen=True)
class Placing:
    """What a person says about the geometry of a pair.

    Attributes:
        terrain: elevation models; None without.
        dem_datum: what the heights of the elevation model are counted from, where it does not say.
        look: of the radar image; None to read it from its file.
        projection_height: ellipsoidal metres of the plane a product without RPC was projected on; None to
            read it from its tag.
    """

    terrain: Terrain | None = None
    dem_datum: Datum | None = None
    look: Look | None = None
    projection_height: float | None = None


@dataclass(frozen=True, eq=False)
class Geometry:
    """Where the pixels of an orthophoto lie in a radar image, as the files have it.

    Attributes:
        grid: of the orthophoto; None where the pair is taken in pixels.
        shape: rows and columns of the orthophoto.
        prior: pixels of the orthophoto, on bare ground, to pixels of the radar image.
        through_terrain: whether `prior` goes through a sensor model and an elevation model.
        heights: of the bare ground; None where no elevation model is given.
        look: of the radar; None where nothing says it.
        lean: columns and rows of the orthophoto by which a metre of height appears nearer to the radar;
            None without a look.
    """

    grid: GeoBox | None
    shape: tuple[int, int]
    prior: PixelMap
    through_terrain: bool
    heights: HeightMap | None
    look: Look | None
    lean: tuple[float, float] | None

    @property
    def towards_radar(self) -> tuple[float, float] | None:
        """Unit vector (columns, rows) of the orthophoto towards the sensor; None without a look."""
        if self.lean is None:
            return None
        length = math.hypot(*self.lean)
        return self.lean[0] / length, self.lean[1] / length

    @property
    def simplest(self) -> Literal["shift", "affine"]:
        """The simplest correction that can be believed.

        Georeferencing and sensor models know scale and orientation; between mere pixels nothing does.
        """
        return "affine" if self.grid is None else "shift"

    @property
    def gsd(self) -> float | None:
        """Metres to a pixel of the orthophoto; None without a CRS in metres."""
        if self.grid is None or self.grid.crs is None or not self.grid.crs.projected:
            return None
        return math.sqrt(abs(self.grid.affine.determinant))

    def terrain(self) -> HeightMap | None:
        """Ellipsoidal heights of the bare ground at pixels; None where `prior` does not go through them."""
        prior = self.prior
        if not isinstance(prior, OrthoMap):
            return None
        return compose_heights(prior.to_ground, prior.heights.at)

    def on_plane(self, height: float) -> PixelMap:
        """The map to radar pixels for ground of one ellipsoidal height; `prior` itself for NaN."""
        prior = self.prior
        if math.isnan(height) or not isinstance(prior, OrthoMap):
            return prior

        def mapping(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
            lonlat = prior.to_lonlat(*prior.to_ground(x, y))
            line, sample = prior.model.to_image(*lonlat, np.full(x.shape, height))
            return sample, line

        return mapping

    def lattice(self, side: int = _LATTICE) -> tuple[Doubles, Doubles]:
        """Columns and rows, (side, side), of points spread over the orthophoto."""
        rows, columns = (np.linspace(0, size - 1, side) for size in self.shape)
        x, y = np.meshgrid(columns, rows)
        return x, y

    def to_radar(self) -> Doubles:
        """(2, 2): displacements in the orthophoto to those in the radar image, by the best affine.

        Raises:
            InputError: the two do not overlap.
        """
        x, y = self.lattice()
        column, row = self.prior(x, y)
        finite = np.isfinite(column)
        design = np.stack([np.ones(int(finite.sum())), x[finite], y[finite]], 1)
        if len(design) < 3:
            raise InputError("the radar image and the orthophoto do not overlap; give images of one place")
        fit, *_ = np.linalg.lstsq(design, np.stack([column[finite], row[finite]], 1), rcond=None)
        return np.asarray(fit[1:].T)

    def to_optical(self) -> Doubles:
        """(2, 2): displacements in the radar image to those in the orthophoto."""
        return np.asarray(np.linalg.inv(self.to_radar()))

    def scale(self) -> float:
        """Pixels of the radar image to one of the orthophoto, by the root of the area."""
        return float(math.sqrt(abs(np.linalg.det(self.to_radar()))))

    def ground(self, x: Doubles, y: Doubles, plane: Doubles) -> tuple[Doubles, Doubles]:
        """Columns and rows of the ground that appears at places of planes.

        Args:
            x: columns, on the planes.
            y: rows.
            plane: ellipsoidal heights of the planes; NaN for the terrain itself.
        """
        terrain = self.terrain()
        if terrain is None or self.lean is None:
            return x, y
        at_x, at_y = x, y
        for _ in range(_ROUNDS):
            above = np.nan_to_num(terrain(at_x, at_y) - plane, nan=0.0)
            at_x, at_y = x - self.lean[0] * above, y - self.lean[1] * above
        return at_x, at_y


def coarse_positions(factor: float, extent: Extent) -> tuple[Doubles, Doubles]:
    """Columns and rows, in pixels of a grid, of the centres of a rectangle of the grid `factor` coarser."""
    row, column = np.mgrid[
        extent.row : extent.row + extent.height, extent.column : extent.column + extent.width
    ].astype(np.float64)
    return (column + 0.5) * factor - 0.5, (row + 0.5) * factor - 0.5


def geometry_of(sar: Path, optical: Path, placing: Placing, files: ExitStack) -> Geometry:
    """The geometry of a pair.

    A radar image with a sensor model (RPC, or look and projection height) goes through the elevation model
    where one is given. Otherwise georeferencing decides, and where either image has none, pixels.

    Args:
        sar: radar image.
        optical: orthophoto.
        placing: what a person says.
        files: what is opened is closed with it.

    Raises:
        InputError: the two do not overlap, the elevation model does not cover them, or a file says too
            little about itself.
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
    sar: Path, grid: GeoBox | None, shape: tuple[int, int], placing: Placing, files: ExitStack
) -> Geometry:
    """The geometry of a radar image on any grid with a CRS, or on pixels.

    Args:
        sar: radar image.
        grid: to be seen on; None for pixels.
        shape: rows and columns of the grid.
        placing: what a person says.
        files: what is opened is closed with it.

    Raises:
        InputError: a file says too little about itself.
    """
    with open_raster(sar) as dataset:
        prior, through_terrain, grid = _prior(dataset, sar, grid, placing, files)
        look = None if grid is None else _look(dataset, prior, placing)
    heights = _heights(grid, placing.terrain, files)
    lean = None if look is None or grid is None else GroundRangeModel.of(grid, look, 0.0).lean
    return Geometry(grid, shape, prior, through_terrain, heights, look, lean)


def _prior(
    dataset: DatasetReader, sar: Path, grid: GeoBox | None, placing: Placing, files: ExitStack
) -> tuple[PixelMap, bool, GeoBox | None]:
    """The map to radar pixels, whether it goes through terrain, and the grid where georeferencing counts."""
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
        )
        files.enter_context(mapping)
        return mapping, True, grid
    if grid is not None and radar_grid is not None:
        return between_grids(grid, radar_grid), False, grid
    if grid is not None and dataset.rpcs is not None:
        raise InputError(f"{sar} is placed by its RPC only; pass --dem with heights of the terrain")
    if grid is not None or has_crs:
        bare = sar if grid is not None else "the orthophoto"
        log.warning("%s has no georeferencing: the images are aligned in pixels", bare)
    return _same_pixels, False, None


def _same_pixels(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
    return x, y


def _look(dataset: DatasetReader, prior: PixelMap, placing: Placing) -> Look | None:
    said = placing.look or read_look(dataset)
    if said is None and isinstance(prior, OrthoMap):
        return look_of(prior.model, dataset.shape, prior.heights.heights.mean())
    return said


def _heights(grid: GeoBox | None, terrain: Terrain | None, files: ExitStack) -> HeightMap | None:
    """Heights of the bare ground on the orthophoto's grid; their datum does not matter here."""
    if terrain is None:
        return None
    if grid is None:
        raise InputError(f"{terrain.dem} is given, but the images have no georeferencing to use it by")
    surface = files.enter_context(open_surface(terrain.dem))
    return compose_heights(affine_map(centre_affine(grid)), surface.on(crs_of(grid)).at)


def compose_heights(to_ground: PixelMap, heights: HeightMap) -> HeightMap:
    """Heights at pixels from heights at coordinates."""

    def at(x: Doubles, y: Doubles) -> Doubles:
        return heights(*to_ground(x, y))

    return at


def _require_overlap(geometry: Geometry, sar: Path, optical: Path, size: tuple[int, int]) -> None:
    x, y = geometry.lattice()
    column, row = geometry.prior(x, y)
    prior = geometry.prior
    if isinstance(prior, OrthoMap):
        lost = prior.lost(x, y, size, prior.heights.heights.mean())
        if lost > _LOST * x.size:
            raise InputError(
                f"{prior.heights.heights.path} has no height for {lost / x.size:.0%} of the ground that "
                f"{optical} and {sar} share; give an elevation model that covers it"
            )
    with np.errstate(invalid="ignore"):
        inside = (column > -0.5) & (column < size[1] - 0.5) & (row > -0.5) & (row < size[0] - 0.5)
    if inside.mean() < _LEAST_OVERLAP:
        raise InputError(f"{sar} and {optical} do not overlap; give images of one place")
