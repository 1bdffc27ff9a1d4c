"""Open rasters: the rectangles they are read by, and what a file says about itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

import rasterio
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT

from oemsar.errors import InputError
from oemsar.fingerprint import files_behind
from oemsar.raster.grid import grid_of

Dataset: TypeAlias = DatasetReader | WarpedVRT


class Extent(NamedTuple):
    """A rectangle of pixels: first row and column (may be negative), and size."""

    row: int
    column: int
    height: int
    width: int

    def clipped(self, shape: tuple[int, int]) -> "Extent":
        """Cut the rectangle to a raster of `shape` (rows, columns); of no size where they do not meet."""
        top, left = min(max(0, self.row), shape[0]), min(max(0, self.column), shape[1])
        bottom, right = min(self.row + self.height, shape[0]), min(self.column + self.width, shape[1])
        return Extent(top, left, max(0, bottom - top), max(0, right - left))

    def grown(self, margin: int) -> "Extent":
        """Add `margin` pixels on every side."""
        return Extent(
            self.row - margin, self.column - margin, self.height + 2 * margin, self.width + 2 * margin
        )

    def slices_in(self, outer: "Extent") -> tuple[slice, slice]:
        """Give the rows and columns that this rectangle takes of an array of `outer`, which holds it."""
        row, column = self.row - outer.row, self.column - outer.column
        return slice(row, row + self.height), slice(column, column + self.width)


@dataclass(frozen=True)
class Raster:
    """The facts that a raster file states about itself.

    Attributes:
        path: Path of the file.
        shape: Rows and columns.
        bands: Number of bands, an alpha band not counted.
        dtype: NumPy name of the pixel type, such as `uint8` or `complex64`.
        grid: CRS and affine; None where the file has neither.
        tells_nodata: Whether a nodata value, mask or alpha band says which pixels carry data.
    """

    path: Path
    shape: tuple[int, int]
    bands: int
    dtype: str
    grid: GeoBox | None
    tells_nodata: bool


@contextmanager
def open_raster(path: Path) -> Iterator[DatasetReader]:
    """Open the raster at `path`.

    Raises:
        InputError: The file is missing, empty, or no raster.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist")
    if path.is_dir():
        raise InputError(f"{path} is a folder where a raster file is expected")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes); fetch or write it again")
    try:
        dataset = rasterio.open(path)
    except RasterioError as error:
        raise InputError(f"{path} is not a raster that GDAL can read") from error
    with dataset:
        yield dataset


def files_of(path: Path) -> list[Path]:
    """List the files that a raster is read from.

    Returns:
        The file itself, those that GDAL reads with it (masks, world files), and those behind a virtual
        raster, however deep.

    Raises:
        InputError: The file is missing, empty, or no raster.
    """
    with open_raster(path) as dataset:
        beside = [Path(name) for name in dataset.files if Path(name).is_file()]
    return list(dict.fromkeys([path, *beside, *files_behind(path)]))


def describe(dataset: DatasetReader, path: Path) -> Raster:
    """Collect the facts that an open dataset states about itself."""
    alpha = any(interpretation.name == "alpha" for interpretation in dataset.colorinterp)
    tells = alpha or masked(dataset, 1)
    bands = dataset.count - alpha
    return Raster(path, dataset.shape, bands, dataset.dtypes[0], grid_of(dataset), tells)


def masked(dataset: Dataset, band: int) -> bool:
    """Check whether a nodata value, mask or alpha band covers a band, counted from 1."""
    return not any(flag.name == "all_valid" for flag in dataset.mask_flag_enums[band - 1])
