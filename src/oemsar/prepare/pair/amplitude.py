"""Products that are not amplitude yet, as a raster that is: of complex pixels, power or dB."""

from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window

from oemsar.files import atomic_write
from oemsar.prepare.radiometry.scene_statistics import blocks
from oemsar.products.reader import Found
from oemsar.progress import Report, silent
from oemsar.raster.pixels import gdal_cache


def write_amplitude(found: Found, out: Path, report: Report = silent) -> None:
    """Write the amplitude of a product as float32, before its scale factor, on the same pixels.

    Affine, rational polynomials and control points stay. Pixels without data become NaN where the product
    says which they are; zeros around the collect stay zeros. Memory does not grow with the scene.

    Args:
        found: the product.
        out: GeoTIFF to write; replaced at once when it is whole.
        report: told blocks done and in all.

    Raises:
        InputError: the product is damaged.
    """
    encoding, place = found.product.encoding, found.place
    with rasterio.Env(GDAL_CACHEMAX=gdal_cache(found.path)), found.opener() as pixels:
        options = {"tiled": True, "blockxsize": 512, "blockysize": 512, "BIGTIFF": "IF_SAFER"}
        if place.grid is not None:
            crs = None if place.grid.crs is None else place.grid.crs.to_wkt()
            options |= {"transform": place.grid.affine, "crs": crs}
        height, width = pixels.shape
        with (
            atomic_write(out) as partial,
            rasterio.open(
                partial, "w", driver="GTiff", dtype="float32", count=1, height=height, width=width, **options
            ) as dataset,
        ):
            if place.rpcs is not None:
                dataset.rpcs = place.rpcs
            if place.gcps:
                dataset.gcps = (list(place.gcps), place.gcps_crs)
            todo = blocks(pixels.shape)
            for done, extent in enumerate(todo, start=1):
                values, valid = pixels.read(extent)
                moduli = np.abs(values) if np.iscomplexobj(values) else values
                amplitude = encoding.amplitude(moduli.astype(np.float64)).astype(np.float32)
                if valid is not None:
                    amplitude[~valid] = np.nan
                window = Window(extent.column, extent.row, extent.width, extent.height)
                dataset.write(amplitude, 1, window=window)
                report(done, len(todo))
