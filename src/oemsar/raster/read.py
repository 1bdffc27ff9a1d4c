"""Windows of rasters of any kind, with the pixels that carry no data told apart."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

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


@dataclass(frozen=True)
class Raster:
    """What a raster file says about itself.

    Attributes:
        path: the file.
        shape: rows and columns.
        bands: number of bands, an alpha band not counted.
        dtype: numpy name of the pixel type, such as `uint8` or `complex64`.
        grid: CRS and affine; None where the file has neither.
        tells_nodata: whether a nodata value, mask or alpha band says which pixels carry data.
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
        InputError: the file is missing, empty, or no raster.
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
        InputError: the file is missing, empty, or no raster.
    """
    with open_raster(path) as dataset:
        beside = [Path(name) for name in dataset.files if Path(name).is_file()]
    return list(dict.fromkeys([path, *beside, *files_behind(path)]))


def describe(dataset: DatasetReader, path: Path) -> Raster:
    """What an open dataset says about itself."""
    alpha = any(interpretation.name == "alpha" for interpretation in dataset.colorinterp)
    flags = dataset.mask_flag_enums[0]
    tells = alpha or not any(flag.name == "all_valid" for flag in flags)
    bands = dataset.count - alpha
    return Raster(path, dataset.shape, bands, dataset.dtypes[0], grid_of(dataset), tells)


def read_window(dataset: Dataset, extent: Extent, bands: int) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Read the first `bands` bands of a rectangle, which may reach over the edge of the raster.

    Args:
        dataset: open for reading; its own block size and type do not matter.
        extent: the rectangle in pixels.
        bands: how many bands, from the first.

    Returns:
        The pixels in the file's own type, shape (bands, height, width), 0 outside the raster; and a
        boolean array (height, width), False outside the raster, on nodata (value, mask or alpha) and
        where any band is NaN or infinite.

    Raises:
        InputError: the file ends too early or is damaged.
    """
    pixels = np.zeros((bands, extent.height, extent.width), dataset.dtypes[0])
    valid = np.zeros((extent.height, extent.width), bool)
    rows = slice(max(0, -extent.row), min(extent.height, dataset.height - extent.row))
    columns = slice(max(0, -extent.column), min(extent.width, dataset.width - extent.column))
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return pixels, valid
    window = Window(
        extent.column + columns.start,
        extent.row + rows.start,
        columns.stop - columns.start,
        rows.stop - rows.start,
    )
    try:
        part = dataset.read(list(range(1, bands + 1)), window=window)
        mask = dataset.dataset_mask(window=window)
    except RasterioError as error:
        name = dataset.src_dataset.name if isinstance(dataset, WarpedVRT) else dataset.name
        raise InputError(f"{name} cannot be read to its end; it is truncated or damaged") from error
    pixels[:, rows, columns] = part
    valid[rows, columns] = mask != 0
    if not np.issubdtype(part.dtype, np.integer):
        valid[rows, columns] &= np.isfinite(part).all(0)
    return pixels, valid
