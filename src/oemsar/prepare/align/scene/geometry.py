"""Geometry of a radar image and an orthophoto by their metadata, before anything is matched."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from odc.geo.geobox import GeoBox

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.geometry.ground import ground_sampling_distance, shortest_side
from oemsar.geometry.look import Look
from oemsar.geometry.mapping import PixelMap
from oemsar.prepare.ortho.pixel_map import OrthoMap
from oemsar.raster.read import Extent

Scale: TypeAlias = Literal["linear", "logarithmic"]
"""Scale on which grey values are compared: `logarithmic` for radar amplitude, where speckle multiplies."""

HeightMap: TypeAlias = Callable[[Doubles, Doubles], Doubles]
"""Heights in metres at columns and rows of a grid; NaN where none is known."""

_LATTICE = 33
"""Points along each side of the orthophoto at which the geometry is sampled."""
_ROUNDS = 6


@dataclass(frozen=True, eq=False)
class Geometry:
    """Geometry of a pair: positions of the pixels of an orthophoto in a radar image, by the metadata.

    Attributes:
        grid: Grid of the orthophoto; None where the pair is taken in pixels.
        shape: Rows and columns of the orthophoto.
        prior: Map from pixels of the orthophoto, on bare ground, to pixels of the radar image.
        through_terrain: Whether `prior` goes through a sensor model and an elevation model.
        heights: Heights of the bare ground; None where no elevation model is given.
        look: Look of the radar; None where it is not known.
        displacement: Columns and rows of the orthophoto by which a metre of height appears nearer to the
            radar; None without a look.
    """

    grid: GeoBox | None
    shape: tuple[int, int]
    prior: PixelMap
    through_terrain: bool
    heights: HeightMap | None
    look: Look | None
    displacement: tuple[float, float] | None

    @property
    def direction_to_radar(self) -> tuple[float, float] | None:
        """Unit vector (columns, rows) of the orthophoto towards the sensor; None without a look."""
        if self.displacement is None:
            return None
        length = math.hypot(*self.displacement)
        return self.displacement[0] / length, self.displacement[1] / length

    @property
    def simplest(self) -> Literal["shift", "affine"]:
        """Simplest correction that can be believed.

        Georeferencing and sensor models know scale and orientation; between mere pixels nothing does.
        """
        return "affine" if self.grid is None else "shift"

    @property
    def gsd(self) -> float | None:
        """Metres on the ground to a pixel of the orthophoto; None without a CRS."""
        return None if self.grid is None else ground_sampling_distance(self.grid)

    @property
    def shortest_side(self) -> float | None:
        """Metres on the ground along the shorter side of a pixel of the orthophoto; None without a CRS."""
        return None if self.grid is None else shortest_side(self.grid)

    def terrain(self) -> HeightMap | None:
        """Give ellipsoidal heights of the bare ground at pixels; None where `prior` does not use them."""
        prior = self.prior
        if not isinstance(prior, OrthoMap):
            return None
        return compose_heights(prior.to_ground, prior.heights.at)

    def on_plane(self, height: float) -> PixelMap:
        """Give the map to radar pixels for ground of one ellipsoidal height; `prior` itself for NaN."""
        prior = self.prior
        if math.isnan(height) or not isinstance(prior, OrthoMap):
            return prior

        def mapping(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
            lonlat = prior.to_lonlat(*prior.to_ground(x, y))
            line, sample = prior.model.to_image(*lonlat, np.full(x.shape, height))
            return sample, line

        return mapping

    def lattice(self, side: int = _LATTICE) -> tuple[Doubles, Doubles]:
        """Spread points over the orthophoto: columns and rows, each (side, side)."""
        rows, columns = (np.linspace(0, size - 1, side) for size in self.shape)
        x, y = np.meshgrid(columns, rows)
        return x, y

    def to_radar(self) -> Doubles:
        """Fit the affine from displacements in the orthophoto to those in the radar image, (2, 2).

        Raises:
            InputError: The two do not overlap.
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
        """Fit the affine from displacements in the radar image to those in the orthophoto, (2, 2)."""
        return np.asarray(np.linalg.inv(self.to_radar()))

    def scale(self) -> float:
        """Count the pixels of the radar image to one of the orthophoto, by the root of the area."""
        return float(math.sqrt(abs(np.linalg.det(self.to_radar()))))

    def ground(self, x: Doubles, y: Doubles, plane: Doubles) -> tuple[Doubles, Doubles]:
        """Locate the ground that appears at positions of planes, columns and rows.

        Args:
            x: Columns on the planes.
            y: Rows on the planes.
            plane: Ellipsoidal heights of the planes; NaN for the terrain itself.
        """
        terrain = self.terrain()
        if terrain is None or self.displacement is None:
            return x, y
        at_x, at_y = x, y
        for _ in range(_ROUNDS):
            above = np.nan_to_num(terrain(at_x, at_y) - plane, nan=0.0)
            at_x, at_y = x - self.displacement[0] * above, y - self.displacement[1] * above
        return at_x, at_y


def coarse_positions(factor: float, extent: Extent) -> tuple[Doubles, Doubles]:
    """Locate the pixel centres of a rectangle of a coarser grid: columns and rows in pixels of the finer."""
    row, column = np.mgrid[
        extent.row : extent.row + extent.height, extent.column : extent.column + extent.width
    ].astype(np.float64)
    return (column + 0.5) * factor - 0.5, (row + 0.5) * factor - 0.5


def compose_heights(to_ground: PixelMap, heights: HeightMap) -> HeightMap:
    """Make heights at pixels from heights at coordinates."""

    def at(x: Doubles, y: Doubles) -> Doubles:
        return heights(*to_ground(x, y))

    return at
