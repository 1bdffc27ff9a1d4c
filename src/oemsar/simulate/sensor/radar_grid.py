"""Radar images of the sensor model: pixels of points of given position and height, and the reverse."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from affine import Affine
from numpy.typing import ArrayLike
from pyproj import Transformer

from oemsar.arrays import Doubles
from oemsar.errors import Failure
from oemsar.geometry.cubic import terms
from oemsar.geometry.mapping import affine_map
from oemsar.simulate.sensor.straight_track import StraightTrack

Triple = tuple[float, float, float]
Formula = Callable[[Doubles, Doubles, Doubles], tuple[Doubles, Doubles]]

_CHUNK = 1 << 13
"""Points evaluated at once: their terms stay in the processor's cache."""
_LATTICE = 7
_TOLERANCE = 1e-3
"""Largest difference of a `CubicMap` from the formula it stands for, in the formula's units."""


@dataclass(frozen=True)
class GroundRangeImage:
    """A focused image resampled to a map: every pixel shows what is seen where its own ground point would be.

    That ground point lies at one ellipsoidal height for all pixels, as in a product projected without a
    terrain model (Umbra's and Capella's GEC). A point of another height appears where the point of the
    product's height with its range and Doppler lies.

    Attributes:
        track: Track of the sensor.
        epsg: EPSG code of the map's projected CRS.
        affine: Affine from pixel CORNERS (column, row) to easting and northing, without geolocation error.
        height: Height of the plane of projection, metres above the ellipsoid.
        shape: Rows and columns.
    """

    track: StraightTrack
    epsg: int
    affine: Affine
    height: float
    shape: tuple[int, int]

    def to_image(self, easting: ArrayLike, northing: ArrayLike, height: ArrayLike) -> tuple[Doubles, Doubles]:
        """Find column and row (pixel centres at integers) at which a point appears.

        Args:
            easting: Easting in metres, any shape.
            northing: Northing in metres.
            height: Height above the ellipsoid in metres.
        """
        lon, lat = self._to_wgs84.transform(easting, northing)
        return self.show(*self.track.to_radar(lon, lat, height))

    def show(self, along: ArrayLike, slant_range: ArrayLike) -> tuple[Doubles, Doubles]:
        """Find column and row of an echo from its distance along the track and slant range, metres."""
        east, north = self._to_map.transform(*self.track.to_ground(along, slant_range, self.height))
        column, row = affine_map(~self.affine)(np.asarray(east), np.asarray(north))
        return column - 0.5, row - 0.5

    def to_ground(self, column: ArrayLike, row: ArrayLike, height: ArrayLike) -> tuple[Doubles, Doubles]:
        """Find easting and northing of the point of a height (ellipsoidal metres) that a pixel shows."""
        column, row = np.asarray(column, np.float64), np.asarray(row, np.float64)
        east, north = affine_map(self.affine)(column + 0.5, row + 0.5)
        lon, lat = self._to_wgs84.transform(east, north)
        along, slant_range = self.track.to_radar(lon, lat, self.height)
        easting, northing = self._to_map.transform(*self.track.to_ground(along, slant_range, height))
        return np.asarray(easting), np.asarray(northing)

    @cached_property
    def _to_wgs84(self) -> Transformer:
        return Transformer.from_crs(self.epsg, 4326, always_xy=True)

    @cached_property
    def _to_map(self) -> Transformer:
        return Transformer.from_crs(4326, self.epsg, always_xy=True)


@dataclass(frozen=True)
class SlantRangeImage:
    """A focused image as it is: columns of equal slant range, rows along the track.

    Attributes:
        track: Track of the sensor.
        epsg: EPSG code of the projected CRS of ground coordinates.
        first: Metres along the track and slant range of the centre of the first pixel.
        spacing: Metres between rows and between columns.
        shape: Rows and columns.
    """

    track: StraightTrack
    epsg: int
    first: tuple[float, float]
    spacing: tuple[float, float]
    shape: tuple[int, int]

    def to_image(self, easting: ArrayLike, northing: ArrayLike, height: ArrayLike) -> tuple[Doubles, Doubles]:
        """Find column and row (pixel centres at integers) at which a point appears."""
        lon, lat = Transformer.from_crs(self.epsg, 4326, always_xy=True).transform(easting, northing)
        along, slant_range = self.track.to_radar(lon, lat, height)
        return (slant_range - self.first[1]) / self.spacing[1], (along - self.first[0]) / self.spacing[0]


@dataclass(frozen=True, eq=False)
class CubicMap:
    """Two cubic polynomials in three variables that stand for a smooth formula within a box, faster.

    The sensor model over some kilometres differs from its third-order expansion by micrometres, since the
    slant range is hundreds of kilometres.

    Attributes:
        middle: Centre of the box.
        half: Half sides of the box.
        coefficients: Coefficients of the two polynomials, float64 (2, 20).
        misfit: Largest difference from the formula found on a lattice through the box.
    """

    middle: Triple
    half: Triple
    coefficients: Doubles
    misfit: float

    @classmethod
    def fit(cls, formula: Formula, low: Triple, high: Triple) -> "CubicMap":
        """Fit the polynomials that stand for `formula` in the box from `low` to `high`.

        Raises:
            Failure: They differ from it by more than 0.001.
        """
        middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
        half = [max((b - a) / 2, 1e-3) for a, b in zip(low, high, strict=True)]
        ramp = np.linspace(-1, 1, _LATTICE)
        lattice = [each.ravel() for each in np.meshgrid(ramp, ramp, ramp, indexing="ij")]
        design = terms(*lattice).T
        points = [m + h * each for m, h, each in zip(middle, half, lattice, strict=True)]
        wanted = np.stack(formula(*points), axis=1)
        solution = np.linalg.lstsq(design, wanted, rcond=None)[0]
        misfit = float(np.abs(design @ solution - wanted).max())
        if not misfit < _TOLERANCE:
            raise Failure(
                f"the sensor model bends by {misfit:.3g} pixels beyond third order; choose a smaller scene"
            )
        return cls(_three(middle), _three(half), np.ascontiguousarray(solution.T), misfit)

    def __call__(self, first: ArrayLike, second: ArrayLike, third: ArrayLike) -> tuple[Doubles, Doubles]:
        """Evaluate the two polynomials at points of any common shape, float64."""
        given = np.broadcast_arrays(first, second, third)
        shape, size = given[0].shape, given[0].size
        values = np.empty((2, size))
        flat = [each.reshape(-1) for each in given]
        for start in range(0, size, _CHUNK):
            part = slice(start, start + _CHUNK)
            scaled = [(each[part] - m) / h for each, m, h in zip(flat, self.middle, self.half, strict=True)]
            values[:, part] = self.coefficients @ terms(*scaled)
        return values[0].reshape(shape), values[1].reshape(shape)


def turned_affine(corner: tuple[float, float], azimuth: float, gsd: float) -> Affine:
    """Make the affine of a grid whose columns run along an azimuth from grid north, rows to its right.

    Args:
        corner: Easting and northing of the outer corner of the first pixel.
        azimuth: Direction of rising columns, degrees; 90 gives an ordinary north-up grid.
        gsd: Metres between pixels.
    """
    sine, cosine = math.sin(math.radians(azimuth)) * gsd, math.cos(math.radians(azimuth)) * gsd
    return Affine(sine, cosine, corner[0], cosine, -sine, corner[1])


def _three(values: list[float]) -> Triple:
    return values[0], values[1], values[2]
