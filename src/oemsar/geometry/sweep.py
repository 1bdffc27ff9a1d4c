"""Layover and shadow of a whole grid, swept in strips of profiles along the look direction."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Geod

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.geometry.heights import GEOGRAPHIC, Heights, HeightsOn
from oemsar.geometry.layover import Masks, layover_and_shadow
from oemsar.geometry.look import Look
from oemsar.geometry.mapping import PixelMap, affine_map, centre_affine, crs_of, projection, projection_onto
from oemsar.raster.raw_raster import RawRaster

UNKNOWN = 255
"""Value of masks where the surface model has no height."""

_POINTS = 1 << 20
"""Points of profiles held at once."""
_CHUNK = 512
"""Points of a profile whose heights are read at once."""
_AHEAD = 100.0
"""Metres along the ground over which the look direction is carried into the grid."""
_REACH = 3000.0
"""Farthest that anything throws a shadow or falls over, metres."""


@dataclass(frozen=True)
class Lines:
    """Profiles through the pixels of a grid, along the look direction.

    Profile `k` passes, at its point t, through the pixel in the t-th column (or row, where the look runs
    rather along rows' direction: `across`) and at the fractional row k + t slope. Each pixel belongs to
    the profile that passes nearest to its centre, so that nothing is lost or counted twice.

    Attributes:
        across: Whether profiles step from row to row, instead of from column to column.
        backwards: Whether they step towards smaller indices.
        slope: Rows by which a profile moves at each column (or the other way round).
        step: Distance on the ground between two points, metres.
        shape: Rows and columns of the grid.
    """

    across: bool
    backwards: bool
    slope: float
    step: float
    shape: tuple[int, int]

    @classmethod
    def from_grid(cls, grid: GeoBox, look: Look) -> "Lines":
        """Lay profiles through `grid` along `look`, whose azimuth counts from true north.

        Raises:
            ValueError: The grid has no CRS.
        """
        crs, affine = crs_of(grid), centre_affine(grid)
        rows, columns = grid.shape
        east, north = affine @ ((columns - 1) / 2, (rows - 1) / 2)
        lon, lat = (
            float(each[0]) for each in projection(crs, GEOGRAPHIC)(np.array([east]), np.array([north]))
        )
        away = Geod(ellps="WGS84").fwd(lon, lat, look.azimuth, _AHEAD)
        ahead = projection_onto(GEOGRAPHIC, grid)(np.array([away[0]]), np.array([away[1]]))
        x, y = ~affine @ (float(ahead[0][0]), float(ahead[1][0]))
        right, down = x - (columns - 1) / 2, y - (rows - 1) / 2
        across = abs(down) > abs(right)
        major, minor = (down, right) if across else (right, down)
        return cls(across, major < 0, minor / abs(major), _AHEAD / abs(major), (rows, columns))

    @property
    def points(self) -> int:
        """Number of points of a profile on the grid."""
        return self.shape[0] if self.across else self.shape[1]

    @property
    def breadth(self) -> int:
        """Number of pixels side by side across the direction in which profiles step."""
        return self.shape[1] if self.across else self.shape[0]

    def numbers(self) -> range:
        """Give the numbers of the profiles that own a pixel of the grid."""
        drift = round((self.points - 1) * self.slope)
        return range(min(0, -drift), self.breadth + max(0, -drift))

    def positions(self, lines: Doubles, points: Doubles) -> tuple[Doubles, Doubles]:
        """Find columns x and rows y, pixel centres at integers, of points, also beyond the grid."""
        minor = lines[:, None] + points[None] * self.slope
        major = np.broadcast_to(self.points - 1 - points if self.backwards else points, minor.shape)
        return (minor, major) if self.across else (major, minor)

    def pixels(self, lines: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
        """Find row and column of the pixels that profiles own, (profiles, points), and whether they exist."""
        points = np.arange(self.points)
        minor = lines[:, None] + np.rint(points * self.slope).astype(np.intp)
        major = np.broadcast_to(points[::-1] if self.backwards else points, minor.shape)
        exist = (minor >= 0) & (minor < self.breadth)
        return (major, minor, exist) if self.across else (minor, major, exist)


def sweep(surface: Heights, grid: GeoBox, look: Look, layover: RawRaster, shadow: RawRaster) -> None:
    """Fill two raw rasters of the grid's shape, uint8: 1 in layover or shadow, 0 outside, 255 unknown.

    Bodies beside the grid count as far as they can throw a shadow or fall over.

    Args:
        surface: Heights of roofs and crowns, any vertical datum.
        grid: Grid with a CRS in metres.
        look: Look with an azimuth from true north.
        layover: Raw raster to fill with layover.
        shadow: Raw raster to fill with shadow.

    Raises:
        InputError: The surface model has no height anywhere on the grid.
    """
    lines, heights = Lines.from_grid(grid, look), surface.on(crs_of(grid))
    to_ground = affine_map(centre_affine(grid))
    near, far = _margins(surface, grid, look, lines)
    anything = False
    for numbers in _strips(lines.numbers(), near + lines.points + far):
        profile = _profiles(heights, to_ground, lines, numbers, range(-near, lines.points + far))
        masks = layover_and_shadow(profile, lines.step, look.incidence)
        inner = Masks(*(each[:, near : near + lines.points] for each in masks))
        rows, columns, exist = lines.pixels(numbers)
        for raw, mask in ((layover, inner.layover), (shadow, inner.shadow)):
            # mapped for one strip only: what is mapped counts as memory of the process
            raw.mapped()[rows[exist], columns[exist]] = np.where(inner.known, mask, UNKNOWN)[exist]
        anything = anything or bool(inner.known[exist].any())
    if not anything:
        raise InputError(
            f"{surface.path} has no height anywhere on the grid; give a surface model of the scene"
        )


def _profiles(
    heights: HeightsOn, to_ground: PixelMap, lines: Lines, numbers: NDArray[np.intp], reach: range
) -> Doubles:
    """Read heights at the points `reach` of profiles, which may lie before and behind the grid."""
    points = np.arange(reach.start, reach.stop, dtype=np.float64)
    parts = []
    for start in range(0, points.size, _CHUNK):
        positions = lines.positions(numbers.astype(np.float64), points[start : start + _CHUNK])
        parts.append(heights.at(*to_ground(*positions)))
    return np.concatenate(parts, axis=1)


def _strips(numbers: range, points: int) -> Iterator[NDArray[np.intp]]:
    size = max(16, _POINTS // points)
    for start in range(numbers.start, numbers.stop, size):
        yield np.arange(start, min(start + size, numbers.stop), dtype=np.intp)


def _margins(surface: Heights, grid: GeoBox, look: Look, lines: Lines) -> tuple[int, int]:
    """Count the points to add to profiles before and behind the grid, by the relief around it.

    A height h throws a shadow h tan i long and falls over the ground h cot i before it.
    """
    relief = surface.relief(grid, _REACH)
    tangent = math.tan(math.radians(look.incidence))
    near, far = relief * max(tangent, 1 / tangent), relief / tangent
    return math.ceil(min(near, _REACH) / lines.step), math.ceil(min(far, _REACH) / lines.step)
