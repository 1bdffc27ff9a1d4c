"""The radar image of a pair: one resampling from the product as it came, then the remap to 8 bits."""

from pathlib import Path

import numpy as np
from odc.geo.geobox import GeoBox

from oemsar.errors import InputError
from oemsar.files import checksum, scratch_folder
from oemsar.geometry.look import PROJECTION_HEIGHT_TAG, look_tags
from oemsar.geometry.resample import resample
from oemsar.prepare.align.scene.transform import Alignment
from oemsar.prepare.pair.pipeline import StageOutput
from oemsar.prepare.pair.placement import aligned
from oemsar.prepare.pair.results import RadarImage
from oemsar.prepare.pair.sources import Sources
from oemsar.prepare.radiometry.amplitude_table import AmplitudeTable
from oemsar.prepare.radiometry.apply import LookupTable
from oemsar.prepare.radiometry.config import REMAPS
from oemsar.prepare.radiometry.fit import fit_remap
from oemsar.prepare.radiometry.remap import Remap
from oemsar.prepare.radiometry.scene_statistics import open_workers, scene_statistics
from oemsar.prepare.radiometry.summary import RadarSummary, radar_tags, summarise_radar
from oemsar.products.product import Encoding
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.cog import Layer, publish_pyramid
from oemsar.raster.georeference import Georeference
from oemsar.raster.image import open_radar
from oemsar.raster.pixels import raw_opener
from oemsar.raster.pyramid import Pyramid
from oemsar.raster.raw_raster import RawRaster, raw_bytes
from oemsar.raster.read import open_raster


def make_radar(
    sources: Sources, transform: Path, grid: GeoBox, out: Path, report: Report = silent
) -> StageOutput[RadarImage]:
    """Write the radar image of a pair: one band of bytes, 1 to 255, 0 without data.

    Amplitudes are interpolated in power; the remap's parameters are taken once from all of the grid. Memory
    does not grow with the grid.

    Args:
        sources: Inputs of the pair.
        transform: `transform.json` of the alignment.
        grid: Grid of the pair.
        out: Cloud Optimized GeoTIFF to write.
        report: Called with the blocks done and in all, of the resampling.

    Raises:
        InputError: There is no radar data on the grid, or one value only.
        Failure: The disk is full.
    """
    remap, shape = REMAPS.find(sources.region.remap.name), grid.shape.yx
    # bytes stay bytes only where the remap keeps them: between them lies what averaging finds
    dtype = np.dtype(np.uint8 if remap.name == "identity" else np.float32)
    with (
        gdal_cache(sources.sar),
        aligned(sources, transform, grid) as alignment,
        scratch_folder(out, raw_bytes(shape, dtype, np.uint8) + Pyramid.bytes_needed(shape)) as folder,
    ):
        image = RawRaster(folder / "image.raw", shape, dtype)
        validity = RawRaster(folder / "validity.raw", shape, np.uint8)
        _resample(sources, alignment, image, validity, report)
        look = alignment.geometry.look
        pyramid, summary = _remap(sources, remap, image, validity)
        tags = radar_tags(sources.found.product, summary) | ({} if look is None else look_tags(look))
        tags.pop(PROJECTION_HEIGHT_TAG, None)
        result = RadarImage(
            **dict(summary),
            interpolation="bicubic, of power",
            look=look,
            through_terrain=alignment.geometry.through_terrain,
            validity_sha256=checksum(validity.path),
        )
        publish_pyramid(pyramid, out, Georeference(grid), Layer(nodata=0, tags=tags))
    return StageOutput(result, [out])


def _resample(
    sources: Sources, alignment: Alignment, image: RawRaster, validity: RawRaster, report: Report
) -> None:
    """Resample the amplitude straight from the product as it came."""
    with open_raster(sources.sar) as dataset:
        count = resample(
            open_radar(dataset, sources.sar, sources.radar_statement, channels=1).pixels,
            alignment,
            [image],
            power=True,
            nodata=None,
            validity=validity,
            report=report,
        )
    if not count:
        raise InputError(
            f"{sources.found.path} carries no data on the grid of the pair; choose another extent",
            option="extent",
        )


def _remap(
    sources: Sources, remap: Remap, image: RawRaster, validity: RawRaster
) -> tuple[Pyramid, RadarSummary]:
    """Remap the resampled amplitude, by parameters from all of it, into scratch files beside it."""
    with open_workers(raw_opener([image], validity)) as workers:
        table = AmplitudeTable.build(image.dtype, Encoding.AMPLITUDE, sources.found.product.scale)
        statistics = scene_statistics(workers, table, silent)
        options = sources.region.remap.options()
        parameters, grey = fit_remap(remap, statistics, table, options, sources.found.path)
        summary = summarise_radar(
            sources.found,
            statistics,
            remap=remap.name,
            parameters=parameters,
            sha256=sources.sha256("sar"),
        ).model_copy(update=sources.terms("sar"))
        pyramid = Pyramid.create(image.path.parent, image.shape)
        LookupTable(table, grey).apply(workers, pyramid, silent)
    return pyramid, summary
