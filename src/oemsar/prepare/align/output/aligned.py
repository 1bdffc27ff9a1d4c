"""The radar image as aligned: one resampling of the file as it came."""

from pathlib import Path

from oemsar.geometry.interpolate import Kernel
from oemsar.geometry.look import PROJECTION_HEIGHT_TAG, look_tags
from oemsar.geometry.resample import resample
from oemsar.prepare.align.scene.transform import Alignment
from oemsar.prepare.ortho.rasters import nodata_of
from oemsar.progress import Report, silent
from oemsar.raster.cog import Layer, publish_cog
from oemsar.raster.image import Statement, open_radar
from oemsar.raster.raw_raster import RawRaster, raw_bytes
from oemsar.raster.read import open_raster


def aligned_bytes(sar: Path, shape: tuple[int, int]) -> int:
    """Compute the bytes that a band of the aligned image takes in its scratch folder.

    Args:
        sar: Radar image.
        shape: Rows and columns of the grid.
    """
    with open_raster(sar) as dataset:
        return raw_bytes(shape, dataset.dtypes[0])


def write_aligned(
    sar: Path,
    alignment: Alignment,
    out: Path,
    folder: Path,
    *,
    power: bool,
    kernel: Kernel,
    statement: Statement = Statement(),
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
        statement: Bands and nodata of the radar image that a person states; all bands by default.
        report: told how many blocks are done.
    """
    geometry = alignment.geometry
    with open_raster(sar) as dataset:
        image = open_radar(dataset, sar, statement, channels=None)
        pixels, nodata = image.pixels, nodata_of(image)
        raws = (folder / f"band{band}.raw" for band in range(pixels.count))
        canvases = [RawRaster(raw, geometry.shape, pixels.dtype) for raw in raws]
        resample(
            pixels,
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
