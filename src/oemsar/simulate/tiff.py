"""Writing 8-bit rasters."""

import warnings
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.errors import NotGeoreferencedWarning

from oemsar.files import replacing


def write_raster(path: Path, bands: NDArray[np.uint8], grid: GeoBox | None) -> None:
    """Write bands (bands, rows, columns) as a compressed GeoTIFF, whole or not at all.

    Without a grid the file carries no georeferencing. The same pixels give the same bytes.
    """
    count, height, width = bands.shape
    place = {} if grid is None else {"crs": str(grid.crs), "transform": grid.affine}
    options = {"compress": "deflate", "zlevel": 4, "photometric": "rgb" if count == 3 else "minisblack"}
    profile = {"driver": "GTiff", "dtype": "uint8", "count": count, "height": height, "width": width}
    with replacing(path) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(partial, "w", **profile, **place, **options) as file:
            file.write(bands)
