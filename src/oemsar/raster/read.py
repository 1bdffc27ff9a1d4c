"""Open rasters: the rectangles they are read by, and what a file says about itself."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
import rasterio
from odc.geo.geobox import GeoBox
from rasterio.enums import Interleaving
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT

from oemsar.addresses import is_address, is_remote, local_archive
from oemsar.errors import InputError
from oemsar.limits import require_limit
from oemsar.raster.grid import grid_of
from oemsar.raster.safe_files import driver_of
from oemsar.remote import broken_off, open_address, require_no_dataset_named
from oemsar.sources import require_allowed
from oemsar.virtual_raster_sources import files_behind

Dataset: TypeAlias = DatasetReader | WarpedVRT

_BYTES = {"complex_int16": 4}
"""Bytes of a pixel of the types that numpy does not know."""


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
    """Open the raster at `path`: a file of a format that is read, or an address that a person typed.

    GDAL opens what is beside and behind a file with it; all of that is looked at first (see
    `oemsar.raster.safe_files`), and the sizes a file declares are held against the limits (`oemsar.limits`).

    Raises:
        InputError: The file is missing, empty, no raster of a format that is read, larger than the limits, or
            names files that may not be read.
        Failure: The server of an address cannot be reached.
    """
    if is_address(path):
        with open_address(path) as dataset:
            require_sizes(dataset, path)
            yield dataset
        return
    driver = driver_of(path)
    # GDAL takes some names with a colon for something else than a file, and a relative one in a virtual
    # raster to lie in the current folder
    name = path.absolute() if driver == "VRT" or ":" in str(path) else path
    try:
        with warnings.catch_warnings():
            # many images and labels have no georeferencing by design; `Raster.grid` tells of it
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(name, driver=driver)
    except RasterioError as error:
        raise InputError(f"{path} is not a raster that GDAL can read; it is truncated or damaged") from error
    except UnicodeEncodeError as error:
        raise InputError(f"the name of {path} is not in UTF-8; rename it") from error
    with dataset:
        require_no_dataset_named(dataset, path)
        if driver == "HFA":
            for file in dataset.files:
                require_allowed(Path(file), path.parent, f"{path} reads")
        require_sizes(dataset, path)
        yield dataset


def require_sizes(dataset: DatasetReader, path: Path) -> None:
    """Check the sizes that an open raster declares against the limits, before anything is decoded.

    Raises:
        InputError: It has more bands or pixels than are read, or a block that is too large to decode.
    """
    require_limit(dataset.count, "bands", f"{path} declares bands:")
    require_limit(dataset.width * dataset.height, "scene_pixels", f"{path} declares pixels:")
    rows, columns = dataset.block_shapes[0] if dataset.count else (0, 0)
    if dataset.driver in ("PNG", "JPEG"):
        rows, columns = dataset.shape
    together = dataset.driver in ("PNG", "JPEG") or dataset.interleaving is Interleaving.pixel
    kinds = dataset.dtypes if together else dataset.dtypes[:1]
    pixel = sum(_BYTES.get(kind) or np.dtype(kind).itemsize for kind in kinds)
    require_limit(rows * columns * pixel, "block_bytes", f"{path} declares bytes in a block decoded whole:")


def require_tile(dataset: DatasetReader, path: Path) -> None:
    """Check that an open raster is no larger than an image or label of a tile, which is decoded whole.

    Raises:
        InputError: It has more pixels.
    """
    require_limit(dataset.width * dataset.height, "tile_pixels", f"{path} declares pixels in one tile:")


def files_of(path: Path) -> list[Path]:
    """List the files that a raster is read from.

    Returns:
        The file itself, those that GDAL reads with it (masks, world files), and those behind a virtual
        raster, however deep. Of an address the archive on this machine, or the address itself.

    Raises:
        InputError: The file is missing, empty, or no raster.
    """
    if is_address(path):
        archive = local_archive(path)
        return [path if archive is None else archive]
    with open_raster(path) as dataset:
        beside = [Path(name) for name in dataset.files if Path(name).is_file()]
    files = {file.absolute(): file for file in reversed([path, *beside, *files_behind(path)])}
    return list(reversed(files.values()))


def describe(dataset: DatasetReader, path: Path) -> Raster:
    """Collect the facts that an open dataset states about itself."""
    alpha = any(interpretation.name == "alpha" for interpretation in dataset.colorinterp)
    tells = alpha or masked(dataset, 1)
    bands = dataset.count - alpha
    return Raster(path, dataset.shape, bands, dataset.dtypes[0], grid_of(dataset), tells)


def masked(dataset: Dataset, band: int) -> bool:
    """Check whether a nodata value, mask or alpha band covers a band, counted from 1."""
    return not any(flag.name == "all_valid" for flag in dataset.mask_flag_enums[band - 1])


@contextmanager
def told_damage(name: str) -> Iterator[None]:
    """Say in a sentence that a raster, by its name, cannot be read to its end.

    Raises:
        InputError: The file ends too early or is damaged.
        Failure: The connection to the server of the file broke.
    """
    try:
        yield
    except RasterioError as error:
        if is_remote(name):
            raise broken_off(name) from error
        raise InputError(f"{name} cannot be read to its end; it is truncated or damaged") from error
