"""Plain GeoTIFFs: written at once or by windows."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import DTypeLike, NDArray
from odc.geo.geobox import GeoBox
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import DatasetWriter
from rasterio.rpc import RPC
from rasterio.windows import Window

from oemsar.disk import require_room
from oemsar.files import atomic_write
from oemsar.raster.georeference import Georeference
from oemsar.raster.raw_raster import raw_bytes
from oemsar.raster.read import Extent
from oemsar.raster.whole import require_whole

TILED = {"tiled": True, "blockxsize": 512, "blockysize": 512}
"""Options of a GeoTIFF that stores squares of 512 pixels, for rasters that are read in windows."""


@dataclass(frozen=True, eq=False)
class GeoTiffWriter:
    """A GeoTIFF that is open for writing by windows.

    Attributes:
        dataset: Open raster.
    """

    dataset: DatasetWriter

    def write(self, extent: Extent, bands: NDArray[Any]) -> None:
        """Write a rectangle inside the raster, shape (bands, height, width)."""
        self.dataset.write(bands, window=Window(extent.column, extent.row, extent.width, extent.height))


@contextmanager
def geotiff_writer(
    path: Path,
    shape: tuple[int, int],
    dtype: DTypeLike,
    *,
    bands: int = 1,
    georeference: Georeference | None = None,
    **options: Any,  # noqa: ANN401 (as many types as GDAL has options)
) -> Iterator[GeoTiffWriter]:
    """Open a GeoTIFF to write, whole or not at all.

    Args:
        path: File to write.
        shape: Rows and columns.
        dtype: Any type that GeoTIFF holds.
        bands: Number of bands.
        georeference: Georeferencing that the file carries; None for none.
        options: Creation options of GDAL's GeoTIFF driver, and `nodata`.

    Raises:
        InputError: The folder cannot be written to.
        DiskFull: The disk has no room left.
    """
    georeferencing = georeference or Georeference()
    if georeferencing.grid is not None:
        crs = None if georeferencing.grid.crs is None else georeferencing.grid.crs.to_wkt()
        options |= {"crs": crs, "transform": georeferencing.grid.affine}
    profile = {"driver": "GTiff", "dtype": np.dtype(dtype).name, "count": bands}
    if "compress" not in options:
        require_room(path.parent, raw_bytes(shape, dtype) * bands, f"for {path.name}")
    with atomic_write(path) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(partial, "w", height=shape[0], width=shape[1], **profile, **options) as dataset:
            yield GeoTiffWriter(dataset)
            if georeferencing.rpcs is not None:
                dataset.rpcs = georeferencing.rpcs
            if georeferencing.gcps:
                dataset.gcps = (list(georeferencing.gcps), georeferencing.gcps_crs)
        require_whole(partial, path)


def write_raster(
    path: Path,
    bands: NDArray[Any],
    grid: GeoBox | None,
    *,
    tags: Mapping[str, str] | None = None,
    rpcs: RPC | None = None,
    names: tuple[str, ...] = (),
    tiled: bool = False,
) -> None:
    """Write bands (bands, rows, columns) as a compressed GeoTIFF, whole or not at all.

    The same pixels give the same bytes.

    Args:
        path: File to write.
        bands: Pixels of any type that GeoTIFF holds.
        grid: CRS and affine; without one the file carries no georeferencing.
        tags: Metadata items of the file.
        rpcs: Rational sensor model of the image.
        names: Names of the bands.
        tiled: Whether to store squares of 512 pixels, for rasters that are read in windows.
    """
    count, height, width = bands.shape
    kind = bands.dtype.name
    options: dict[str, str | int | bool] = {
        "compress": "deflate",
        "zlevel": 4,
        "photometric": "rgb" if kind == "uint8" and count == 3 else "minisblack",
    }
    if kind.startswith("float"):
        options |= {"predictor": 3}
    if tiled:
        options |= TILED
    located = Georeference(grid, rpcs)
    with geotiff_writer(path, (height, width), kind, bands=count, georeference=located, **options) as writer:
        writer.dataset.write(bands)
        if tags:
            writer.dataset.update_tags(**tags)
        for number, name in enumerate(names, start=1):
            writer.dataset.set_band_description(number, name)
