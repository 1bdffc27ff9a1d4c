"""Relief displacement: roofs and crowns where a radar shows them, nearer to the sensor."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.arrays import Floats
from oemsar.errors import InputError
from oemsar.geometry.heights import HeightsOn
from oemsar.geometry.mapping import PixelMap, affine_map, centre_affine, crs_of
from oemsar.geometry.open_heights import surface_of
from oemsar.geometry.sweep import sweep
from oemsar.geometry.terrain import Terrain
from oemsar.prepare.align.scene.geometry import Geometry, HeightMap, coarse_positions
from oemsar.raster.raw_raster import RawRaster
from oemsar.raster.read import Extent

_GROUND = 0.3
"""Metres above the bare ground up to which a surface counts as ground."""
_TALLEST = 150.0
"""Metres above the bare ground beyond which a height is taken for an error of the models."""
_SAMPLE = 256
_POINTS = 17
_WALL = 2.0
"""Metres by which the surface drops towards the radar from which on it is a wall."""
_STOREYS = 8
"""Points of a wall from its foot to its top."""
_WALL_SHARE = 0.3
"""Power of such a point against that of a pixel of the ground."""
_DARK = 0.05
"""Power where nothing comes from, against that of a pixel of the ground: shadow is not black."""
_AMPLITUDE = 30.0
_ROUGH = 0.25
"""Second differences of heights in metres, at `_PITCH`, beyond which a surface is rough: crowns are, roofs
are not."""
_PITCH = 0.5
_CROWN = 4.5
"""Metres around a pixel of which half has to be rough for it to be a crown."""
DEPTHS = (0.0, 0.2, 0.4, 0.6, 0.8)
"""Depths of crowns, as shares of their height, that are tried; the depth of scattering differs by species,
season and wavelength."""


class Plane(NamedTuple):
    """Height of the plane of a rectangle, as a ground range product is projected on one.

    Attributes:
        height: Metres above the ellipsoid; NaN where the radar image lies on the terrain already.
        reach: Pixels around the rectangle from which things can appear in it.
    """

    height: float
    reach: int


class _Heights(NamedTuple):
    """Heights of the bare ground above a plane and of the surface above the ground, metres; its crowns."""

    ground: Floats
    above: Floats
    crown: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ReliefDisplacement:
    """Displacement of every surface in the radar image, and the shadow that the radar does not see.

    Attributes:
        to_ground: Map from pixels of the orthophoto to coordinates of its CRS.
        surface: Heights of roofs and crowns.
        ground: Heights of the bare ground.
        terrain: Ellipsoidal heights of the bare ground at pixels; None where the radar image lies on the
            terrain already.
        offset: Difference of the vertical datums of the two models, metres.
        metre: Columns and rows by which a metre of height appears nearer to the radar.
        gsd: Metres to a pixel of the orthophoto.
        tallest: Height of the tallest thing above the bare ground, metres.
        shadow: Raster on the orthophoto's grid, 1 where the radar sees nothing.
        depth: Share of their height, from the top, that crowns scatter from.
    """

    to_ground: PixelMap
    surface: HeightsOn
    ground: HeightsOn
    terrain: HeightMap | None
    offset: float
    metre: tuple[float, float]
    gsd: float
    tallest: float
    shadow: RawRaster
    depth: float = 0.0

    @classmethod
    def from_geometry(cls, geometry: Geometry, terrain: Terrain, dsm: Path, folder: Path) -> Self:
        """Measure how far roofs and crowns on the grid of a pair are displaced.

        Args:
            geometry: Geometry of the pair, with a look.
            terrain: Bare ground, and the reading of voids.
            dsm: Surface model, whose vertical datum may differ from that of the ground by a constant.
            folder: Folder for scratch files.

        Raises:
            InputError: The look is not known, a model has no CRS, or the surface model no height on the
                grid.
        """
        grid, look, metre = geometry.grid, geometry.look, geometry.displacement
        if grid is None or look is None or metre is None:
            raise InputError(
                f"{dsm} shows a displacement only where the look of the radar is known; give both angles",
                option=("look_azimuth", "incidence"),
            )
        crs = crs_of(grid)
        surface, ground = surface_of(terrain, dsm), surface_of(terrain, terrain.dem)
        layover, shadow = (
            RawRaster(folder / f"{name}.raw", geometry.shape, np.uint8) for name in ("layover", "shadow")
        )
        sweep(surface, grid, look, layover, shadow)
        to_ground = affine_map(centre_affine(grid))
        rows, columns = (np.linspace(0, size - 1, min(size, _SAMPLE)) for size in grid.shape)
        coordinates = to_ground(*np.meshgrid(columns, rows))
        above = surface.on(crs).at(*coordinates) - ground.on(crs).at(*coordinates)
        known = above[np.isfinite(above)]
        # somewhere the ground is bare: the lowest differences are that of the datums
        offset = float(np.quantile(known, 0.05)) if known.size else 0.0
        offset = 0.0 if abs(offset) < 1 else offset
        tallest = float(np.clip(known.max() - offset, 0, _TALLEST)) if known.size else 0.0
        gsd = geometry.gsd or math.sqrt(abs(grid.affine.determinant))
        models_on = surface.on(crs), ground.on(crs)
        return cls(to_ground, *models_on, geometry.terrain(), offset, metre, gsd, tallest, shadow)

    def with_depth(self, depth: float) -> "ReliefDisplacement":
        """Give the same with crowns that scatter from another depth."""
        return replace(self, depth=depth)

    def reach(self, factor: int, relief: float = 0.0) -> int:
        """Give the displacement of the tallest thing on the highest ground, in pixels of a coarser grid."""
        return math.ceil((self.tallest + relief) * math.hypot(*self.metre) / factor) + 2

    def plane(self, factor: int, extent: Extent) -> Plane:
        """Find the plane for a rectangle: at the median height of its ground."""
        if self.terrain is None:
            return Plane(math.nan, self.reach(factor))
        height = float(np.nanmedian(_terrain_around(self.terrain, factor, extent, 0)))
        reach = self.reach(factor)
        for _ in range(2):  # higher ground farther away reaches farther
            around = _terrain_around(self.terrain, factor, extent, reach)
            reach = self.reach(factor, float(np.nanmax(np.abs(around - height))))
        return Plane(height, reach)

    def displaced(
        self, grey: Floats, valid: NDArray[np.bool_], factor: int, extent: Extent
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Read the grey values of a rectangle, each moved to where the radar shows its height.

        Where several surfaces appear at one position the highest is shown. What lies in the radar's shadow is
        left out.

        Args:
            grey: (height, width), grey values of `extent` on the grid made coarser by `factor`.
            valid: (height, width), whether each pixel carries data.
            factor: Pixels of the orthophoto to one of the rectangle.
            extent: Rectangle in pixels of the coarser grid.
        """
        height = self._heights(factor, extent, math.nan).above.ravel()
        indices = np.flatnonzero(valid & ~self._shadowed(factor, extent))
        indices = indices[np.argsort(height[indices], kind="stable")]
        target, inside = self._targets(height[indices], indices, grey.shape, factor)
        moved, known = np.zeros(grey.size, np.float32), np.zeros(grey.size, bool)
        moved[target] = grey.ravel()[indices[inside]]  # the last, highest, stays
        known[target] = True
        return _without_pinholes(moved.reshape(grey.shape), known.reshape(grey.shape))

    def expected(self, factor: int, extent: Extent, plane: float) -> Floats:
        """Predict the amplitude a radar is expected to show on a rectangle, by the heights alone.

        Every lit piece of surface sends the same power to where its height appears; walls that face the
        radar send theirs from foot to top, crowns from anywhere down to `depth`. So layover is bright,
        shadow dark, and nothing depends on colours or on the sun.

        Args:
            factor: Pixels of the orthophoto to one of the rectangle.
            extent: Rectangle in pixels of the coarser grid; things beside it that appear in it are missing.
            plane: Ellipsoidal height of the plane of the radar image; NaN for one on the terrain already.

        Returns:
            (height, width), about 7 in shadow and 31 on open ground.
        """
        parts = 2 if factor > 1 else 1
        fine = Extent(*(value * parts for value in extent))
        pitch = factor // parts
        heights = self._heights(pitch, fine, plane)
        lit = ~self._shadowed(pitch, fine)
        row, column = np.indices(lit.shape)
        fraction = np.mod(0.7548776662 * (column + fine.column) + 0.5698402910 * (row + fine.row), 1)
        sources = np.where(heights.crown, heights.above * (1 - self.depth * fraction), heights.above)
        indices = np.flatnonzero(lit)
        target, _ = self._targets((heights.ground + sources).ravel()[indices], indices, lit.shape, pitch)
        power = np.bincount(target, minlength=lit.size).astype(np.float64)
        power += self._walls(heights, lit, pitch)
        smooth = ndimage.gaussian_filter(power.reshape(lit.shape), 0.7)
        mean = smooth.reshape(extent.height, parts, extent.width, parts).mean((1, 3))
        return np.asarray(_AMPLITUDE * np.sqrt(mean + _DARK), np.float32)

    def _walls(self, heights: _Heights, lit: NDArray[np.bool_], pitch: int) -> NDArray[np.float64]:
        """Sum the power of the walls that face the radar, flat."""
        length = math.hypot(*self.metre)
        towards = round(self.metre[1] / length), round(self.metre[0] / length)
        above = heights.above
        drop = above - np.roll(above, (-towards[0], -towards[1]), (0, 1))
        walls = np.flatnonzero((drop > _WALL) & lit)
        top, fall = (heights.ground + above).ravel()[walls], drop.ravel()[walls]
        power = np.zeros(above.size)
        for storey in range(1, _STOREYS + 1):
            height = top - fall * storey / (_STOREYS + 1)
            target, _ = self._targets(height, walls, above.shape, pitch)
            power += _WALL_SHARE * np.bincount(target, minlength=above.size)
        return power

    def _targets(
        self,
        height: NDArray[np.floating[Any]],
        indices: NDArray[np.intp],
        shape: tuple[int, ...],
        factor: int,
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Compute the flat indices at which pixels appear, and whether each pixel appears inside at all.

        Args:
            height: (pixels,), height above the plane, metres.
            indices: (pixels,), flat indices of the pixels in the rectangle.
            shape: Rows and columns of the rectangle.
            factor: Pixels of the orthophoto to one of the rectangle.
        """
        row, column = np.divmod(indices, shape[1])
        to_row = np.rint(row + self.metre[1] / factor * height).astype(np.intp)
        to_column = np.rint(column + self.metre[0] / factor * height).astype(np.intp)
        inside = (to_row >= 0) & (to_row < shape[0]) & (to_column >= 0) & (to_column < shape[1])
        return (to_row * shape[1] + to_column)[inside], inside

    def _heights(self, factor: int, extent: Extent, plane: float) -> _Heights:
        x, y = coarse_positions(factor, extent)
        coordinates = self.to_ground(x, y)
        above = self.surface.at(*coordinates) - self.ground.at(*coordinates) - self.offset
        height: Floats = np.asarray(np.minimum(np.nan_to_num(above, nan=0.0), self.tallest), np.float32)
        crown = self._crowns(height, factor)
        ground = np.zeros(above.shape, np.float32)
        if self.terrain is not None and math.isfinite(plane):
            ground = np.nan_to_num(self.terrain(x, y) - plane, nan=0.0).astype(np.float32)
        return _Heights(ground, np.where(height < _GROUND, 0, height), crown)

    def _crowns(self, above: Floats, factor: int) -> NDArray[np.bool_]:
        """Find the pixels that belong to crowns: tall and rough all around."""
        step = max(1, round(_PITCH / (self.gsd * factor)))
        bend = np.zeros_like(above)
        for axis in range(2):
            bend += np.roll(above, step, axis) + np.roll(above, -step, axis) - 2 * above
        side = max(3, round(_CROWN / (self.gsd * factor)) | 1)
        share = ndimage.uniform_filter((np.abs(bend) > _ROUGH).astype(np.float32), side)
        return np.asarray((share > 0.5) & (above > _WALL))

    def _shadowed(self, factor: int, extent: Extent) -> NDArray[np.bool_]:
        x, y = (np.rint(each).astype(np.intp) for each in coarse_positions(factor, extent))
        rows, columns = self.shadow.shape
        inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
        shadowed = np.zeros(x.shape, bool)
        if inside.any():
            top, bottom = int(y[inside].min()), int(y[inside].max()) + 1
            strip = self.shadow.read_rows(top, bottom - top)
            shadowed[inside] = strip[y[inside] - top, x[inside]] == 1
        return shadowed


def _terrain_around(terrain: HeightMap, factor: int, extent: Extent, margin: int) -> NDArray[np.float64]:
    rows = np.linspace(extent.row - margin, extent.row + extent.height + margin - 1, _POINTS)
    columns = np.linspace(extent.column - margin, extent.column + extent.width + margin - 1, _POINTS)
    x, y = np.meshgrid((columns + 0.5) * factor - 0.5, (rows + 0.5) * factor - 0.5)
    heights = terrain(x, y)
    return heights if np.isfinite(heights).any() else np.zeros_like(heights)


def _without_pinholes(image: Floats, known: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    """Fill single pixels that rounding left empty by the mean of their neighbours."""
    near = ndimage.uniform_filter(known.astype(np.float32), 3)
    mean = ndimage.uniform_filter(np.where(known, image, 0).astype(np.float32), 3)
    pinholes = ~known & (near > 0.5)
    image[pinholes] = mean[pinholes] / near[pinholes]
    return image, known | pinholes
