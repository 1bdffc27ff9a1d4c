"""Heights above the ellipsoid from an elevation model on disk, read only where they are needed."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS
from rasterio.io import DatasetReader

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.geometry.datum import Datum
from oemsar.geometry.mapping import PixelMap, affine_map, centre_affine, compose, crs_of, projection
from oemsar.geometry.sampler import Sampler
from oemsar.geometry.smooth import smoothly
from oemsar.geometry.vertical import Vertical, relative, vertical_of
from oemsar.raster.grid import grid_of
from oemsar.raster.pixels import RasterPixels, read_window
from oemsar.raster.read import Extent, open_raster

GEOGRAPHIC = "EPSG:4326"
_THUMBNAIL = 64
_BLOCK = 1024


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
    """

    path: Path
    raster: RasterPixels
    grid: GeoBox
    crs: str
    vertical: Vertical
    geoid: "Geoid | None"
    files: ExitStack

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.files.close()

    def at(self, lon: Doubles, lat: Doubles) -> Doubles:
        """Read heights above the ellipsoid, metres, at points in degrees (WGS 84); NaN where unknown."""
        heights = self.of_pixels(*self.to_pixels(lon, lat))
        return heights if self.geoid is None else heights + self.geoid.at(lon, lat)

    def to_pixels(self, lon: Doubles, lat: Doubles) -> tuple[Doubles, Doubles]:
        """Find column and row of the model at points in degrees (WGS 84)."""
        return self._pixels_from(GEOGRAPHIC)(lon, lat)

    def covers(self, lon: Doubles, lat: Doubles) -> NDArray[np.bool_]:
        """Check whether points lie inside the model's frame; there may still be no height there."""
        x, y = self.to_pixels(lon, lat)
        rows, columns = self.raster.shape
        inside: NDArray[np.bool_] = (x >= -0.5) & (x <= columns - 0.5) & (y >= -0.5) & (y <= rows - 0.5)
        return inside

    def near(self, lon: Doubles, lat: Doubles) -> Doubles:
        """Read heights as `at` does, those of the nearest edge for points outside the model's frame."""
        x, y = self.to_pixels(lon, lat)
        rows, columns = self.raster.shape
        heights = self.of_pixels(np.clip(x, 0, columns - 1), np.clip(y, 0, rows - 1))
        return heights if self.geoid is None else heights + self.geoid.at(lon, lat)

    def on(self, crs: str) -> "HeightsOn":
        """Make the same heights readable by coordinates of another CRS."""
        to_lonlat = smoothly(projection(crs, GEOGRAPHIC), 1e-9) if self.geoid is not None else None
        return HeightsOn(self, smoothly(self._pixels_from(crs)), to_lonlat)

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
        if not values.size:
            raise InputError(
                f"{self.path} holds no heights, every pixel is nodata; give another elevation model"
            )
        mean = float(values.mean()) * self.vertical.scale + self.vertical.offset
        if self.geoid is None:
            return mean
        x, y = np.array([[(dataset.width - 1) / 2]]), np.array([[(dataset.height - 1) / 2]])
        to_lonlat = compose(affine_map(centre_affine(self.grid)), projection(self.crs, GEOGRAPHIC))
        return mean + float(self.geoid.at(*to_lonlat(x, y))[0, 0])

    def relief(self, grid: GeoBox, reach: float) -> float:
        """Find the difference, metres, of the highest and the lowest height in and around a grid.

        Args:
            grid: Grid with a CRS in metres.
            reach: Metres around the grid that count too.

        Returns:
            Metres; 0 where there are no heights.
        """
        left, bottom, right, top = grid.extent.boundingbox
        edge = np.linspace(0, 1, 9)
        x, y = np.meshgrid(
            left - reach + edge * (right - left + 2 * reach),
            bottom - reach + edge * (top - bottom + 2 * reach),
        )
        columns, rows = self._pixels_from(crs_of(grid))(x, y)
        lowest, highest = np.inf, -np.inf
        for window in _windows(self.raster.shape, rows, columns):
            values, valid = read_window(self.raster, window)
            if valid.any():
                lowest = min(lowest, float(values[0, valid].min()))
                highest = max(highest, float(values[0, valid].max()))
        return max(0.0, highest - lowest) * abs(self.vertical.scale)

    def _pixels_from(self, crs: str) -> PixelMap:
        return compose(projection(crs, self.crs), affine_map(~centre_affine(self.grid)))

    def of_pixels(self, x: Doubles, y: Doubles) -> Doubles:
        """Read heights above the model's own zero, metres, at its columns and rows; NaN where unknown."""
        return (
            _values(Sampler(self.raster, kernel="bilinear", averaging=False), x, y) * self.vertical.scale
            + self.vertical.offset
        )


@dataclass(frozen=True, eq=False)
class HeightsOn:
    """Heights that are read by coordinates of one CRS, made by `Heights.on`.

    Attributes:
        heights: Open elevation model.
        to_pixels: From coordinates to column and row of the model.
        to_lonlat: From coordinates to degrees (WGS 84); None without a geoid.
    """

    heights: Heights
    to_pixels: PixelMap
    to_lonlat: PixelMap | None

    def at(self, x: Doubles, y: Doubles) -> Doubles:
        """Read heights above the ellipsoid, metres, at coordinates x east, y north; NaN where unknown."""
        found = self.heights.of_pixels(*self.to_pixels(x, y))
        if self.heights.geoid is None or self.to_lonlat is None:
            return found
        return found + self.heights.geoid.at(*self.to_lonlat(x, y))


@dataclass(frozen=True, eq=False)
class Geoid:
    """An open grid of undulations: the geoid's height above the ellipsoid, metres.

    Attributes:
        path: Path of the file.
        raster: Undulations, its first band.
        grid: Affine of the file, in degrees.
    """

    path: Path
    raster: RasterPixels
    grid: GeoBox

    def at(self, lon: Doubles, lat: Doubles) -> Doubles:
        """Read undulations, metres, at points in degrees.

        Raises:
            InputError: The grid does not reach there.
        """
        west = self.grid.extent.boundingbox.left  # grids count from 0 or from -180
        x, y = affine_map(~centre_affine(self.grid))(np.mod(lon - west, 360) + west, lat)
        found = _values(Sampler(self.raster, kernel="bicubic", averaging=False), x, y)
        if np.isnan(found[np.isfinite(x) & np.isfinite(y)]).any():
            raise InputError(f"{self.path} gives no geoid for the whole scene; give a grid that covers it")
        return found


def open_heights(path: Path, datum: Datum | None = None, geoid: Path | None = None) -> Heights:
    """Open an elevation model so that it gives heights above the ellipsoid.

    Args:
        path: Any raster with a CRS; its first band is heights.
        datum: Zero of the heights, where the file does not say.
        geoid: Grid of undulations in metres, longitude and latitude (EGM96, EGM2008; GeoTIFF or .gtx);
            needed where heights are counted from the sea, and refused where they are not.

    Raises:
        InputError: The model has no CRS, does not say its datum, or lacks its geoid.
    """
    with ExitStack() as files:
        dataset, crs = _open(path, files)
        vertical = vertical_of(dataset, datum)
        _require_fitting_geoid(path, vertical, geoid)
        undulations = None
        if geoid is not None:
            undulations = Geoid(geoid, *_first_band(files.enter_context(open_raster(geoid))))
        return Heights(path, *_first_band(dataset), crs, vertical, undulations, files.pop_all())


def open_surface(path: Path) -> Heights:
    """Open an elevation model of any vertical datum, whose heights count only by their differences.

    Raises:
        InputError: The model has no CRS or an unknown unit.
    """
    with ExitStack() as files:
        dataset, crs = _open(path, files)
        return Heights(path, *_first_band(dataset), crs, relative(dataset), None, files.pop_all())


def _open(path: Path, files: ExitStack) -> tuple[DatasetReader, str]:
    """Open a raster with its whole CRS in view, and give the horizontal part of it as WKT."""
    # without the option GDAL hides the vertical part of the CRS of GeoTIFF 1.0
    with rasterio.Env(GTIFF_REPORT_COMPD_CS=True):
        dataset = files.enter_context(open_raster(path))
        if dataset.crs is None:
            raise InputError(f"{path} has no CRS; give an elevation model with georeferencing")
        return dataset, CRS.from_wkt(dataset.crs.to_wkt()).to_2d().to_wkt()


def _require_fitting_geoid(path: Path, vertical: Vertical, geoid: Path | None) -> None:
    if vertical.datum is Datum.ORTHOMETRIC and geoid is None:
        raise InputError(
            f"{path} has heights above mean sea level ({vertical.name}); give the file of the geoid",
            option="geoid",
        )
    if vertical.datum is Datum.ELLIPSOID and geoid is not None:
        raise InputError(
            f"{path} has heights above the ellipsoid ({vertical.name}); leave the geoid out",
            option="geoid",
        )


def _windows(shape: tuple[int, int], rows: Doubles, columns: Doubles) -> Iterator[Extent]:
    """Yield blocks that fill the bounding box of positions, as far as it lies in a raster of `shape`."""
    top, bottom = max(0, int(np.nanmin(rows))), min(shape[0], int(np.nanmax(rows)) + 2)
    left, right = max(0, int(np.nanmin(columns))), min(shape[1], int(np.nanmax(columns)) + 2)
    for row in range(top, bottom, _BLOCK):
        for column in range(left, right, _BLOCK):
            yield Extent(row, column, min(_BLOCK, bottom - row), min(_BLOCK, right - column))


def _first_band(dataset: DatasetReader) -> tuple[RasterPixels, GeoBox]:
    """Take the first band of an open raster, and its grid."""
    grid = grid_of(dataset)
    if grid is None:
        raise InputError(f"{dataset.name} has no georeferencing; give one that has")
    return RasterPixels.first(dataset), grid


def _values(surface: Sampler, x: Doubles, y: Doubles) -> Doubles:
    """Read values at positions of any shape; NaN where there are none."""
    flat = x.ndim != 2
    values, valid = surface.at(*(each.reshape(1, -1) if flat else each for each in (x, y)))
    found: NDArray[np.float64] = np.where(valid, values[0].astype(np.float64), np.nan)
    return found.reshape(x.shape)
