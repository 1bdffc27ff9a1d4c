"""Lengths and areas on the ground: pixels of a grid measured on the ellipsoid, whatever CRS and unit.

The area of a small piece of the ellipsoid is M N cos(latitude) times its sides in latitude and longitude,
with the radii of curvature in the meridian, M, and in the prime vertical, N (Snyder 1987, Map projections:
a working manual, USGS professional paper 1395, equations 4-18 and 4-20).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from rasterio import Affine

from oemsar.arrays import Doubles

_TRUE_TO_SCALE = 0.005
"""Difference of a map's scale from 1 up to which its metres count as metres on the ground, as in UTM."""
_CELL_METRES = 250.0
"""Side of a cell of one area; the scale of a map differs by less than a ten-thousandth across it."""
_LARGEST_CELL = 512
_SAMPLES = 33
"""Points along each side of a grid at which its scale is compared."""


class PixelSize(NamedTuple):
    """Sides of a pixel on the ground.

    Attributes:
        along_row: Metres to the next column.
        along_column: Metres to the next row.
        area: Square metres.
    """

    along_row: float
    along_column: float
    area: float


@dataclass(frozen=True, eq=False)
class PixelAreas:
    """Areas of the pixels of a grid on the ground, by cells of pixels.

    Attributes:
        grid: Grid that lies on the earth.
        cell: Side of a cell in pixels.
        middle: Square metres of a pixel in the middle of the grid.
    """

    grid: GeoBox
    cell: int
    middle: float

    @property
    def strips(self) -> int:
        """Number of rows of cells."""
        return -(-int(self.grid.shape[0]) // self.cell)

    def is_even(self) -> bool:
        """Tell whether all pixels have one area, to a hundred-thousandth."""
        rows, columns = (np.linspace(0, side, _SAMPLES) for side in self.grid.shape)
        areas = _areas(self.grid, *np.meshgrid(columns, rows), 1.0)
        return bool(areas.max() - areas.min() <= 1e-5 * areas.min())

    def strip(self, number: int) -> Doubles:
        """Measure a pixel in each cell of a row of cells, square metres, shape (cells across,)."""
        row = _middles(self.grid.shape[0], self.cell)[number]
        column = _middles(self.grid.shape[1], self.cell)[None]
        return np.asarray(_areas(self.grid, column, np.full_like(column, row), float(self.cell))[0])


def pixel_size(grid: GeoBox) -> PixelSize | None:
    """Measure the pixel in the middle of a grid on the ground; None where it does not lie on the earth."""
    rows, columns = grid.shape
    sides = _sides(grid, np.array([[columns / 2]]), np.array([[rows / 2]]), 1.0)
    if sides is None:
        return None
    right, down = (complex(side[0, 0]) for side in sides)
    size = PixelSize(abs(right), abs(down), abs(right.real * down.imag - right.imag * down.real))
    return size if math.isfinite(size.area) and size.area > 0 else None


def ground_sampling_distance(grid: GeoBox) -> float | None:
    """Measure the ground sampling distance of a grid, metres; None where it does not lie on the earth.

    The root of the area of the pixel in the middle. A map whose scale there is 1 within half a percent, as in
    UTM, is taken at its word.
    """
    size = pixel_size(grid)
    if size is None or grid.crs is None:
        return None
    nominal = math.sqrt(abs(grid.affine.determinant)) * _metres_in_unit(str(grid.crs.to_wkt()))
    found = math.sqrt(size.area)
    return nominal if abs(found - nominal) <= _TRUE_TO_SCALE * found else found


def shortest_side(grid: GeoBox) -> float | None:
    """Measure the shorter side of a pixel on the ground, metres; None where the grid is not on the earth."""
    size, distance = pixel_size(grid), ground_sampling_distance(grid)
    if size is None or distance is None:
        return None
    shorter = min(size.along_row, size.along_column)
    return distance if abs(shorter - distance) <= _TRUE_TO_SCALE * distance else shorter


def unit_size(crs: str, x: float, y: float) -> PixelSize | None:
    """Measure a square of one unit of a CRS at a point on the ground; None where it is not on the earth."""
    return pixel_size(GeoBox((1, 1), Affine(1, 0, x - 0.5, 0, -1, y + 0.5), crs))


def pixel_areas(grid: GeoBox) -> PixelAreas | None:
    """Prepare to measure the pixels of a grid on the ground; None where not all of it lies on the earth."""
    size = pixel_size(grid)
    if size is None:
        return None
    rows, columns = (np.linspace(0, side, _SAMPLES) for side in grid.shape)
    if not np.isfinite(_areas(grid, *np.meshgrid(columns, rows), 1.0)).all():
        return None
    cell = int(np.clip(_CELL_METRES / max(size.along_row, size.along_column), 1, _LARGEST_CELL))
    return PixelAreas(grid, cell, size.area)


def _areas(grid: GeoBox, column: Doubles, row: Doubles, span: float) -> Doubles:
    """Measure pixels around positions, square metres; NaN where they do not lie on the earth."""
    sides = _sides(grid, column, row, span)
    if sides is None:
        return np.full(column.shape, np.nan)
    right, down = sides
    return np.asarray(np.abs(right.real * down.imag - right.imag * down.real), np.float64)


def _middles(side: int, cell: int) -> Doubles:
    """Find the middles of cells along a side, the last one cut off by its end."""
    starts = np.arange(0, side, cell, dtype=np.float64)
    return (starts + np.minimum(starts + cell, side)) / 2


def _sides(
    grid: GeoBox, column: Doubles, row: Doubles, span: float
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]] | None:
    """Measure the steps to the next column and row, metres east + i metres north, around positions.

    Args:
        grid: Any grid.
        column: Columns, pixel corners at integers.
        row: Rows, of the same shape.
        span: Pixels over which a step is measured.
    """
    frame = _degrees(grid)
    if frame is None:
        return None
    to_degrees, geodetic = frame
    radian = float(geodetic.axis_info[0].unit_conversion_factor)
    ellipsoid = geodetic.ellipsoid
    if ellipsoid is None:
        return None
    flattening = 1 / ellipsoid.inverse_flattening if ellipsoid.inverse_flattening else 0.0
    squared = flattening * (2 - flattening)
    half = span / 2
    lon, lat = _lonlat(to_degrees, grid, column, row, half)
    latitude = lat.mean(0) * radian
    latitude = np.where(np.abs(latitude) <= math.pi / 2 + 1e-9, latitude, np.nan)
    root = np.sqrt(1 - squared * np.sin(latitude) ** 2)
    prime = ellipsoid.semi_major_metre / root
    meridian = prime * (1 - squared) / root**2

    def step(first: int, second: int) -> NDArray[np.complex128]:
        turned = (lon[second] - lon[first]) * radian
        turned -= 2 * math.pi * np.round(turned / (2 * math.pi))
        north = (lat[second] - lat[first]) * radian * meridian
        return np.asarray((turned * prime * np.cos(latitude) + 1j * north) / span, np.complex128)

    return step(0, 1), step(2, 3)


def _lonlat(
    to_degrees: Transformer, grid: GeoBox, column: Doubles, row: Doubles, half: float
) -> tuple[Doubles, Doubles]:
    """Locate the points left, right, above and below of positions: longitudes and latitudes, (4, ...)."""
    columns = np.stack([column - half, column + half, column, column])
    rows = np.stack([row, row, row - half, row + half])
    a, b, c, d, e, f = (float(value) for value in grid.affine[:6])
    lon, lat = to_degrees.transform(a * columns + b * rows + c, d * columns + e * rows + f)
    return np.asarray(lon), np.asarray(lat)


def _degrees(grid: GeoBox) -> tuple[Transformer, CRS] | None:
    """Find the way from a grid's coordinates to longitude and latitude on the ellipsoid of its own CRS."""
    if grid.crs is None:
        return None
    flat = CRS.from_wkt(grid.crs.to_wkt()).to_2d()
    geodetic = flat.geodetic_crs
    if geodetic is None or not (flat.is_geographic or flat.is_projected):
        return None
    try:
        return Transformer.from_crs(flat, geodetic.to_2d(), always_xy=True), geodetic.to_2d()
    except ProjError:
        return None


def _metres_in_unit(crs: str) -> float:
    """Give the metres in a unit of a map; NaN for degrees, which are no length."""
    flat = CRS.from_wkt(crs).to_2d()
    return float(flat.axis_info[0].unit_conversion_factor) if flat.is_projected else math.nan
