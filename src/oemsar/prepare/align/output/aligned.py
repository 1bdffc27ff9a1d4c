"""The radar image as aligned: one resampling of the file as it came."""

from pathlib import Path

import numpy as np

from oemsar.disk import require_room
from oemsar.geometry.interpolate import Kernel
from oemsar.geometry.look import PROJECTION_HEIGHT_TAG, look_tags
from oemsar.geometry.resample import resample
from oemsar.prepare.align.scene.transform import Alignment
from oemsar.prepare.ortho.rasters import nodata_of
from oemsar.progress import Report, silent
from oemsar.raster.cog import Layer, publish_cog
from oemsar.raster.collect import find_padding, within_collect
from oemsar.raster.pixels import RasterPixels
from oemsar.raster.raw_raster import RawRaster, raw_bytes
from oemsar.raster.read import describe, open_raster


def write_aligned(
    sar: Path,
    alignment: Alignment,
    out: Path,
    folder: Path,
    *,
    power: bool,
    kernel: Kernel,
    report: Report = silent,
) -> None:
    """Write the radar image on the grid of an alignment, by one resampling from the file as it came.

    Args:
        sar: the radar image.
        alignment: where the pixels of the grid lie in it.
        out: the Cloud Optimized GeoTIFF to write.
        folder: for scratch files.
        power: whether values are amplitudes, to be interpolated as their squares.
        kernel: nearest, bilinear or bicubic.
        report: told how many blocks are done.
    """
    geometry = alignment.geometry
    with open_raster(sar) as dataset:
        bands = describe(dataset, sar).bands
        dtype = np.dtype(dataset.dtypes[0])
        nodata = nodata_of(dataset, dtype)
        require_room(folder, raw_bytes(geometry.shape, *[dtype] * bands), f"for {out.name}")
        canvases = [RawRaster(folder / f"band{band}.raw", geometry.shape, dtype) for band in range(bands)]
        pixels = RasterPixels.first(dataset, bands)
        padding = None if describe(dataset, sar).tells_nodata else find_padding(pixels)
        resample(
            within_collect(pixels, padding),
            alignment,
            canvases,
            power=power,
            nodata=nodata,
            kernel=kernel,
            report=report,
        )
        tags = {key: value for key, value in dataset.tags().items() if key.startswith("OEMSAR_")}
    tags.pop(PROJECTION_HEIGHT_TAG, None)
    if geometry.look is not None:
        tags |= look_tags(geometry.look)
    publish_cog(canvases, out, geometry.grid, Layer(nodata=nodata, tags=tags))
