"""The amplitude of products that hold complex pixels, power or decibels."""

from pathlib import Path

import numpy as np

from oemsar.arrays import Floats
from oemsar.prepare.radiometry.scene_statistics import blocks
from oemsar.products.product import Encoding
from oemsar.products.reader import OpenedProduct
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.collect import search_padding, within_collect
from oemsar.raster.geotiff import TILED, geotiff_writer
from oemsar.raster.nodata import with_nodata
from oemsar.raster.pixels import Pixels
from oemsar.raster.read import Extent


def write_amplitude(
    found: OpenedProduct, out: Path, report: Report = silent, *, nodata: str = "auto"
) -> None:
    """Write the amplitude of a product as float32, before its scale factor, on the same pixels.

    Affine, rational polynomials and control points stay. Pixels without data become NaN where the product
    or a person says which they are; zeros around the collect stay zeros. In decibels 0 is an ordinary value,
    and zeros around the collect become NaN; what carries data has an amplitude above 0, however few decibels
    it has. Memory does not grow with the scene.

    Args:
        found: Radar product.
        out: GeoTIFF to write; replaced at once when it is whole.
        report: Called with the blocks done and in all.
        nodata: Statement of a person: `auto`, `none` or a number.

    Raises:
        InputError: The product is damaged.
    """
    encoding = found.product.encoding
    with gdal_cache(found.path), with_nodata(found.opener, nodata)() as stated:
        decibels = encoding is Encoding.DECIBEL
        pixels = within_collect(stated, search_padding(stated, nodata) if decibels else None)
        with geotiff_writer(
            out,
            pixels.shape,
            "float32",
            georeference=found.georeference,
            nodata=float("nan") if pixels.tells_nodata else None,
            **TILED,
            BIGTIFF="IF_SAFER",
        ) as writer:
            todo = blocks(pixels.shape)
            for done, extent in enumerate(todo, start=1):
                writer.write(extent, _amplitude(pixels, extent, encoding))
                report(done, len(todo))


def _amplitude(pixels: Pixels, extent: Extent, encoding: Encoding) -> Floats:
    """Read the amplitude of a rectangle, NaN where it carries no data."""
    values, valid = pixels.read(extent)
    amplitude = encoding.of_pixels(values)
    if encoding is Encoding.DECIBEL:
        amplitude = np.maximum(amplitude, np.finfo(amplitude.dtype).tiny)
    if valid is not None:
        np.copyto(amplitude, np.nan, where=~valid)
    return amplitude
