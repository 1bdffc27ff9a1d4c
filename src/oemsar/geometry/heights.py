"""Heights above the ellipsoid from an elevation model on disk, read where they are asked for."""

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
from oemsar.geometry.interpolate import Kernel
from oemsar.geometry.mapping import PixelMap, affine_map, centre_affine, compose, crs_of, projection
from oemsar.geometry.sampler import Sampler
from oemsar.geometry.smooth import smoothly
from oemsar.geometry.vertical import Datum, Vertical, relative, vertical_of
from oemsar.raster.grid import grid_of
from oemsar.raster.read import Extent, open_raster, read_window

GEOGRAPHIC = "EPSG:4326"
_THUMBNAIL = 64
_BLOCK = 1024


@dataclass(frozen=True, eq=False)
class Heights:
    """An open elevation model, and the geoid it stands on.

    Attributes:
        path: of the elevation model.
        surface: its values between its pixels, bilinear.
        crs: its horizontal CRS as WKT.
        vertical: datum and unit of its values.
        geoid: undulations in metres, to be added where the model counts from the sea; else None.
        files: what is open; closed at the end of a `with` block, or with the last reference.
    """

    path: Path
    surface: Sampler
    crs: str
    vertical: Vertical
    geoid: "Geoid | None"
    files: ExitStack

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.files.close()

    def at(self, lon: Doubles, lat: Doubles) -> Doubles:
        """Heights above the ellipsoid in metres at places in degrees (WGS 84); NaN where none is known."""
        heights = self.of_pixels(*self.to_pixels(lon, lat))
        return heights if self.geoid is None else heights + self.geoid.at(lon, lat)

    def to_pixels(self, lon: Doubles, lat: Doubles) -> tuple[Doubles, Doubles]:
        """Column and row of the model at places in degrees (WGS 84)."""
        return self._pixels_from(GEOGRAPHIC)(lon, lat)

    def covers(self, lon: Doubles, lat: Doubles) -> NDArray[np.bool_]:
        """Whether places lie inside the model's frame; there may still be no height there."""
        x, y = self.to_pixels(lon, lat)
        rows, columns = self.surface.source.shape
        inside: NDArray[np.bool_] = (x >= -0.5) & (x <= columns - 0.5) & (y >= -0.5) & (y <= rows - 0.5)
        return inside

    def near(self, lon: Doubles, lat: Doubles) -> Doubles:
        """Heights like `at`, those of the nearest edge for places outside the model's frame."""
        x, y = self.to_pixels(lon, lat)
        rows, columns = self.surface.source.shape
        heights = self.of_pixels(np.clip(x, 0, columns - 1), np.clip(y, 0, rows - 1))
        return heights if self.geoid is None else heights + self.geoid.at(lon, lat)

    def on(self, crs: str) -> "HeightsOn":
        """The same heights asked for by coordinates of another CRS."""
        to_lonlat = smoothly(projection(crs, GEOGRAPHIC), 1e-9) if self.geoid is not None else None
        return HeightsOn(self, smoothly(self._pixels_from(crs)), to_lonlat)

    def mean(self) -> float:
        """Mean height above the ellipsoid, from a reduced copy of the model.

        Raises:
            InputError: the model holds no heights at all.
        """
        dataset = self.surface.source
        shape = min(_THUMBNAIL, dataset.height), min(_THUMBNAIL, dataset.width)
        small = dataset.read(1, out_shape=shape, masked=True).astype(np.float64)
        values = small.compressed()
        values = values[np.isfinite(values)]
        if not values.size:
            raise InputError(f"{self.path} holds no heights: every pixel is nodata")
        mean = float(values.mean()) * self.vertical.scale + self.vertical.offset
        if self.geoid is None:
            return mean
        x, y = np.array([[(dataset.width - 1) / 2]]), np.array([[(dataset.height - 1) / 2]])
        to_lonlat = compose(self._to_world(), projection(self.crs, GEOGRAPHIC))
        return mean + float(self.geoid.at(*to_lonlat(x, y))[0, 0])

    def relief(self, grid: GeoBox, reach: float) -> float:
        """Difference of the highest and the lowest height within `reach` metres of a grid, 0 without any.

        The grid needs a CRS in metres.
        """
        left, bottom, right, top = grid.extent.boundingbox
        edge = np.linspace(0, 1, 9)
        x, y = np.meshgrid(
            left - reach + edge * (right - left + 2 * reach),
            bottom - reach + edge * (top - bottom + 2 * reach),
        )
        columns, rows = self._pixels_from(crs_of(grid))(x, y)
        lowest, highest = np.inf, -np.inf
        for window in _windows(self.surface.source.shape, rows, columns):
            values, valid = read_window(self.surface.source, window, 1)
            if valid.any():
                lowest = min(lowest, float(values[0, valid].min()))
                highest = max(highest, float(values[0, valid].max()))
        return max(0.0, highest - lowest) * abs(self.vertical.scale)

    def _pixels_from(self, crs: str) -> PixelMap:
        grid = _grid(self.surface.source)
        return compose(projection(crs, self.crs), affine_map(~centre_affine(grid)))

    def _to_world(self) -> PixelMap:
        return affine_map(centre_affine(_grid(self.surface.source)))

    def of_pixels(self, x: Doubles, y: Doubles) -> Doubles:
        """Heights as the model counts them, metres, at columns and rows of it; NaN where none is known."""
        return _values(self.surface, x, y) * self.vertical.scale + self.vertical.offset


@dataclass(frozen=True, eq=False)
class HeightsOn:
    """Heights asked for by coordinates of one CRS; see `Heights.on`."""

    heights: Heights
    to_pixels: PixelMap
    to_lonlat: PixelMap | None

    def at(self, x: Doubles, y: Doubles) -> Doubles:
        """Heights above the ellipsoid in metres at coordinates x east, y north; NaN where none is known."""
        found = self.heights.of_pixels(*self.to_pixels(x, y))
        if self.heights.geoid is None or self.to_lonlat is None:
            return found
        return found + self.heights.geoid.at(*self.to_lonlat(x, y))


@dataclass(frozen=True, eq=False)
class Geoid:
    """An open grid of undulations: the geoid's height above the ellipsoid, metres.

    Attributes:
        path: the file.
        surface: its values between its pixels, bicubic.
    """

    path: Path
    surface: Sampler

    def at(self, lon: Doubles, lat: Doubles) -> Doubles:
        """Undulation in metres at places in degrees.

        Raises:
            InputError: the grid does not reach there.
        """
        grid = _grid(self.surface.source)
        west = grid.extent.boundingbox.left  # grids count from 0 or from -180
        x, y = affine_map(~centre_affine(grid))(np.mod(lon - west, 360) + west, lat)
        found = _values(self.surface, x, y)
        if np.isnan(found[np.isfinite(x) & np.isfinite(y)]).any():
            raise InputError(f"{self.path} gives no geoid for the whole scene; give a grid that covers it")
        return found


def open_heights(path: Path, datum: Datum | None = None, geoid: Path | None = None) -> Heights:
    """Open an elevation model so that it gives heights above the ellipsoid.

    Args:
        path: any raster with a CRS; its first band is heights.
        datum: what they are counted from, where the file does not say.
        geoid: grid of undulations in metres, longitude and latitude (EGM96, EGM2008; GeoTIFF or .gtx);
            needed where heights are counted from the sea, and refused where they are not.

    Raises:
        InputError: the model has no CRS, does not say its datum, or lacks its geoid.
    """
    with ExitStack() as files:
        dataset, crs = _open(path, files)
        vertical = vertical_of(dataset, datum)
        _require_fitting_geoid(path, vertical, geoid)
        undulations = None
        if geoid is not None:
            undulations = Geoid(geoid, _sampler(files.enter_context(open_raster(geoid)), "bicubic"))
        return Heights(path, _sampler(dataset, "bilinear"), crs, vertical, undulations, files.pop_all())


def open_surface(path: Path) -> Heights:
    """Open an elevation model of which only differences of heights are looked at: any vertical datum.

    Raises:
        InputError: the model has no CRS or an unknown unit.
    """
    with ExitStack() as files:
        dataset, crs = _open(path, files)
        return Heights(path, _sampler(dataset, "bilinear"), crs, relative(dataset), None, files.pop_all())


def _open(path: Path, files: ExitStack) -> tuple[DatasetReader, str]:
    """The open raster with its whole CRS in view, and the horizontal part of it as WKT."""
    # without the option GDAL hides the vertical part of the CRS of GeoTIFF 1.0
    with rasterio.Env(GTIFF_REPORT_COMPD_CS=True):
        dataset = files.enter_context(open_raster(path))
        if dataset.crs is None:
            raise InputError(f"{path} has no CRS; give an elevation model with georeferencing")
        return dataset, CRS.from_wkt(dataset.crs.to_wkt()).to_2d().to_wkt()


def _require_fitting_geoid(path: Path, vertical: Vertical, geoid: Path | None) -> None:
    if vertical.datum is Datum.ORTHOMETRIC and geoid is None:
        raise InputError(
            f"{path} counts its heights from the sea ({vertical.name}); pass the geoid with --geoid FILE"
        )
    if vertical.datum is Datum.ELLIPSOID and geoid is not None:
        raise InputError(f"{path} counts its heights from the ellipsoid ({vertical.name}); leave out --geoid")


def _windows(shape: tuple[int, int], rows: Doubles, columns: Doubles) -> Iterator[Extent]:
    """Blocks that fill the frame of some positions, as far as it lies inside a raster of `shape`."""
    top, bottom = max(0, int(np.nanmin(rows))), min(shape[0], int(np.nanmax(rows)) + 2)
    left, right = max(0, int(np.nanmin(columns))), min(shape[1], int(np.nanmax(columns)) + 2)
    for row in range(top, bottom, _BLOCK):
        for column in range(left, right, _BLOCK):
            yield Extent(row, column, min(_BLOCK, bottom - row), min(_BLOCK, right - column))


def _sampler(dataset: DatasetReader, kernel: Kernel) -> Sampler:
    return Sampler(dataset, kernel=kernel, averaging=False)


def _grid(dataset: DatasetReader) -> GeoBox:
    grid = grid_of(dataset)
    if grid is None:
        raise InputError(f"{dataset.name} has no georeferencing; give one that has")
    return grid


def _values(surface: Sampler, x: Doubles, y: Doubles) -> Doubles:
    """Values at positions of any shape; NaN where there are none."""
    flat = x.ndim != 2
    values, valid = surface.at(*(each.reshape(1, -1) if flat else each for each in (x, y)))
    found: NDArray[np.float64] = np.where(valid, values[0].astype(np.float64), np.nan)
    return found.reshape(x.shape)
