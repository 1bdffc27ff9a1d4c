"""The amplitude of products that hold complex pixels, power or decibels."""

from pathlib import Path

import numpy as np

from oemsar.prepare.radiometry.scene_statistics import blocks
from oemsar.products.reader import OpenedProduct
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.geotiff import TILED, geotiff_writer


def write_amplitude(found: OpenedProduct, out: Path, report: Report = silent) -> None:
    """Write the amplitude of a product as float32, before its scale factor, on the same pixels.

    Affine, rational polynomials and control points stay. Pixels without data become NaN where the product
    says which they are; zeros around the collect stay zeros. Memory does not grow with the scene.

    Args:
        found: Radar product.
        out: GeoTIFF to write; replaced at once when it is whole.
        report: Called with the blocks done and in all.

    Raises:
        InputError: The product is damaged.
    """
    encoding = found.product.encoding
    with (
        gdal_cache(found.path),
        found.opener() as pixels,
        geotiff_writer(
            out, pixels.shape, "float32", georeference=found.georeference, **TILED, BIGTIFF="IF_SAFER"
        ) as writer,
    ):
        todo = blocks(pixels.shape)
        for done, extent in enumerate(todo, start=1):
            values, valid = pixels.read(extent)
            amplitude = encoding.of_pixels(values)
            if valid is not None:
                amplitude[:, ~valid] = np.nan
            writer.write(extent, amplitude)
            report(done, len(todo))
