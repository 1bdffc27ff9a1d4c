"""Writing rasters as plain GeoTIFFs."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.errors import NotGeoreferencedWarning
from rasterio.rpc import RPC

from oemsar.files import atomic_write


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
        path: the file.
        bands: any type that GeoTIFF holds.
        grid: CRS and affine; without one the file carries no georeferencing.
        tags: metadata items of the file.
        rpcs: rational sensor model to write into it.
        names: of the bands.
        tiled: whether to store squares of 512 pixels, for rasters that are read in windows.
    """
    count, height, width = bands.shape
    place = {} if grid is None else {"crs": str(grid.crs), "transform": grid.affine}
    kind = bands.dtype.name
    options = {
        "compress": "deflate",
        "zlevel": 4,
        "photometric": "rgb" if kind == "uint8" and count == 3 else "minisblack",
    }
    if kind.startswith("float"):
        options |= {"predictor": 3}
    if tiled:
        options |= {"tiled": True, "blockxsize": 512, "blockysize": 512}
    profile = {"driver": "GTiff", "dtype": kind, "count": count, "height": height, "width": width}
    with atomic_write(path) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(partial, "w", **profile, **place, **options) as file:
            file.write(bands)
            if tags:
                file.update_tags(**tags)
            if rpcs is not None:
                file.rpcs = rpcs
            for number, name in enumerate(names, start=1):
                file.set_band_description(number, name)
