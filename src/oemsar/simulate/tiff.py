"""Writing 8-bit rasters."""

from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from oemsar.files import replacing


def write_raster(path: Path, bands: NDArray[np.uint8], grid: GeoBox | None) -> None:
    """Write bands (bands, rows, columns) as a compressed GeoTIFF, whole or not at all.

    Without a grid the file carries no georeferencing. The same pixels give the same bytes.
    """
    count, height, width = bands.shape
    place = {} if grid is None else {"crs": f"EPSG:{grid.crs.epsg}", "transform": grid.affine}
    options = {"compress": "deflate", "zlevel": 4, "photometric": "rgb" if count == 3 else "minisblack"}
    profile = {"driver": "GTiff", "dtype": "uint8", "count": count, "height": height, "width": width}
    with replacing(path) as partial, rasterio.open(partial, "w", **profile, **place, **options) as file:
        file.write(bands)
