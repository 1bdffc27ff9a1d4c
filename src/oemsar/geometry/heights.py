"""Heights above the ellipsoid from an elevation model on disk, read only where they are needed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.geometry.geoid import Geoid
from oemsar.geometry.globe import values_at
from oemsar.geometry.ground import unit_size
from oemsar.geometry.mapping import (
    PixelMap,
    affine_map,
    centre_affine,
    compose,
    crs_of,
    projection,
    projection_onto,
)
from oemsar.geometry.smooth import smoothly
from oemsar.geometry.vertical import Vertical
from oemsar.raster.pixels import RasterPixels, read_window
from oemsar.raster.read import Extent

GEOGRAPHIC = "EPSG:4326"
_THUMBNAIL = 64
_BLOCK = 1024

_LonLat: TypeAlias = Callable[[], tuple[Doubles, Doubles]]


@dataclass(frozen=True, eq=False)
class Sea:
    """The sea that stands in voids of an elevation model.

    Attributes:
        geoid: Undulations in metres, where the heights of the model count from the ellipsoid; None where they
            count from the sea, which is 0 then.
    """

    geoid: Geoid | None


@dataclass(frozen=True, eq=False)
class Heights:
    """An open elevation model, and the geoid it stands on.

    Attributes:
        path: Path of the elevation model.
        raster: Values of the model, its first band.
        grid: CRS and affine of the model.
        crs: Horizontal CRS of the model as WKT.
        vertical: Datum and unit of the values.
        geoid: Undulations in metres, to be added where the model counts from the sea; else None.
        files: Open files; closed at the end of a `with` block, or with the last reference.
        sea: Sea that stands in voids inside the model's frame; None where voids have no height.
    """

    path: Path
    raster: RasterPixels
    grid: GeoBox
    crs: str
    vertical: Vertical
    geoid: Geoid | None
    files: ExitStack
    sea: Sea | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.files.close()

    def at(self, lon: Doubles, lat: Doubles) -> Doubles:
        """Read heights above the ellipsoid, metres, at points in degrees (WGS 84); NaN where unknown."""
        return self.above(*self.to_pixels(lon, lat), lambda: (lon, lat))

    def above(self, x: Doubles, y: Doubles, lonlat: _LonLat) -> Doubles:
        """Read heights above the ellipsoid, metres, at columns and rows of the model; NaN where unknown.

        Args:
            x: Columns, pixel centres at integers.
            y: Rows, of the same shape.
            lonlat: Gives the longitudes and latitudes of the points, where a geoid is needed.
        """
        heights = self.of_pixels(x, y)
        geoid = self.geoid
        if self.sea is not None:
            voids = np.isnan(heights) & self._inside(x, y)
            if self.sea.geoid is None:
                heights[voids] = 0.0
            elif voids.any():
                lon, lat = lonlat()
                heights[voids] = self.sea.geoid.at(lon[voids], lat[voids])
        return heights if geoid is None else heights + geoid.at(*lonlat())

    def to_pixels(self, lon: Doubles, lat: Doubles) -> tuple[Doubles, Doubles]:
        """Find column and row of the model at points in degrees (WGS 84)."""
        return self._pixels_from(GEOGRAPHIC)(lon, lat)

    def covers(self, lon: Doubles, lat: Doubles) -> NDArray[np.bool_]:
        """Check whether points lie inside the model's frame; there may still be no height there."""
        return self._inside(*self.to_pixels(lon, lat))

    def _inside(self, x: Doubles, y: Doubles) -> NDArray[np.bool_]:
        rows, columns = self.raster.shape
        with np.errstate(invalid="ignore"):
            inside: NDArray[np.bool_] = (x >= -0.5) & (x <= columns - 0.5) & (y >= -0.5) & (y <= rows - 0.5)
        return inside

    def near(self, lon: Doubles, lat: Doubles) -> Doubles:
        """Read heights as `at` does, those of the nearest edge for points outside the model's frame."""
        x, y = self.to_pixels(lon, lat)
        rows, columns = self.raster.shape
        return self.above(np.clip(x, 0, columns - 1), np.clip(y, 0, rows - 1), lambda: (lon, lat))

    def on(self, crs: str) -> "HeightsOn":
        """Make the same heights readable by coordinates of another CRS."""
        return HeightsOn(self, smoothly(self._pixels_from(crs)), smoothly(projection(crs, GEOGRAPHIC), 1e-9))

    def mean(self) -> float:
        """Average the heights above the ellipsoid, metres, over a reduced copy of the model.

        Raises:
            InputError: The model holds no heights at all.
        """
        dataset = self.raster.dataset
        shape = min(_THUMBNAIL, dataset.height), min(_THUMBNAIL, dataset.width)
        small = dataset.read(1, out_shape=shape, masked=True).astype(np.float64)
        values = small.compressed()
        values = values[np.isfinite(values)]
        if not values.size and self.sea is None:
            raise InputError(
                f"{self.path} holds no heights, every pixel is nodata; give another elevation model"
            )
        land = float(values.mean()) * self.vertical.scale + self.vertical.offset if values.size else 0.0
        share = values.size / small.size if self.sea is not None else 1.0
        mean = land if share == 1 else share * land + (1 - share) * self._sea_level()
        return mean if self.geoid is None else mean + self._undulation(self.geoid)

    def _sea_level(self) -> float:
        """Give the height of the sea above the model's own zero, metres, in the middle of the model."""
        geoid = None if self.sea is None else self.sea.geoid
        return 0.0 if geoid is None else self._undulation(geoid)

    def _undulation(self, geoid: Geoid) -> float:
        """Read a geoid in the middle of the model."""
        rows, columns = self.raster.shape
        x, y = np.array([[(columns - 1) / 2]]), np.array([[(rows - 1) / 2]])
        to_lonlat = compose(affine_map(centre_affine(self.grid)), projection(self.crs, GEOGRAPHIC))
        return float(geoid.at(*to_lonlat(x, y))[0, 0])

    def relief(self, grid: GeoBox, reach: float) -> float:
        """Find the difference, metres, of the highest and the lowest height in and around a grid.

        Args:
            grid: Grid with a CRS.
            reach: Metres on the ground around the grid that count too.

        Returns:
            Metres; 0 where there are no heights.
        """
        left, bottom, right, top = grid.extent.boundingbox
        edge = np.linspace(0, 1, 9)
        size = unit_size(crs_of(grid), (left + right) / 2, (bottom + top) / 2)
        across, down = (reach, reach) if size is None else (reach / size.along_row, reach / size.along_column)
        x, y = np.meshgrid(
            left - across + edge * (right - left + 2 * across),
            bottom - down + edge * (top - bottom + 2 * down),
        )
        columns, rows = self._pixels_from(crs_of(grid))(x, y)
        lowest, highest = np.inf, -np.inf
        for window in _windows(self.raster.shape, rows, columns):
            values, valid = read_window(self.raster, window)
            if valid.any():
                lowest = min(lowest, float(values[0, valid].min()))
                highest = max(highest, float(values[0, valid].max()))
            if self.sea is not None and not valid.all():
                level = (self._sea_level() - self.vertical.offset) / self.vertical.scale
                lowest, highest = min(lowest, level), max(highest, level)
        return max(0.0, highest - lowest) * abs(self.vertical.scale)

    def _pixels_from(self, crs: str) -> PixelMap:
        return compose(projection_onto(crs, self.grid), affine_map(~centre_affine(self.grid)))

    def of_pixels(self, x: Doubles, y: Doubles) -> Doubles:
        """Read heights above the model's own zero, metres, at its columns and rows; NaN where unknown."""
        values = values_at(self.raster, self.grid, x, y, "bilinear")
        return values * self.vertical.scale + self.vertical.offset


@dataclass(frozen=True, eq=False)
class HeightsOn:
    """Heights that are read by coordinates of one CRS, made by `Heights.on`.

    Attributes:
        heights: Open elevation model.
        to_pixels: From coordinates to column and row of the model.
        to_lonlat: From coordinates to degrees (WGS 84).
    """

    heights: Heights
    to_pixels: PixelMap
    to_lonlat: PixelMap

    def at(self, x: Doubles, y: Doubles) -> Doubles:
        """Read heights above the ellipsoid, metres, at coordinates x east, y north; NaN where unknown."""
        return self.heights.above(*self.to_pixels(x, y), lambda: self.to_lonlat(x, y))


def _windows(shape: tuple[int, int], rows: Doubles, columns: Doubles) -> Iterator[Extent]:
    """Yield blocks that fill the bounding box of positions, as far as it lies in a raster of `shape`."""
    top, bottom = max(0, int(np.nanmin(rows))), min(shape[0], int(np.nanmax(rows)) + 2)
    left, right = max(0, int(np.nanmin(columns))), min(shape[1], int(np.nanmax(columns)) + 2)
    for row in range(top, bottom, _BLOCK):
        for column in range(left, right, _BLOCK):
            yield Extent(row, column, min(_BLOCK, bottom - row), min(_BLOCK, right - column))
