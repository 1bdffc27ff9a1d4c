"""The radar image of a pair: one resampling from the product as it came, then the remap to 8 bits."""

from pathlib import Path

import numpy as np
from odc.geo.geobox import GeoBox

from oemsar.errors import InputError
from oemsar.files import checksum, scratch_folder
from oemsar.geometry.look import PROJECTION_HEIGHT_TAG, look_tags
from oemsar.geometry.resample import resample
from oemsar.prepare.ortho.rasters import Source
from oemsar.prepare.pair.pipeline import StageOutput
from oemsar.prepare.pair.placement import aligned
from oemsar.prepare.pair.results import RadarImage
from oemsar.prepare.pair.sources import Sources
from oemsar.prepare.radiometry.amplitude_table import AmplitudeTable
from oemsar.prepare.radiometry.apply import LookupTable
from oemsar.prepare.radiometry.config import REMAPS
from oemsar.prepare.radiometry.fit import fit_remap
from oemsar.prepare.radiometry.scene_statistics import open_workers, scene_statistics
from oemsar.prepare.radiometry.summary import radar_tags, summarise_radar
from oemsar.products.product import Encoding
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.cog import Layer, publish_pyramid
from oemsar.raster.georeference import Georeference
from oemsar.raster.pixels import raw_opener
from oemsar.raster.pyramid import Pyramid
from oemsar.raster.raw_raster import RawRaster
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
        InputError: there is no radar data on the grid, or one value only.
        Failure: the disk is full.
    """
    shape = grid.shape.yx
    remap, options = REMAPS.find(sources.region.remap.name), sources.region.remap.options()
    # bytes stay bytes only where the remap keeps them: between them lies what averaging finds
    dtype = np.dtype(np.uint8 if remap.name == "identity" else np.float32)
    with (
        gdal_cache(sources.sar),
        open_raster(sources.sar) as dataset,
        aligned(sources, transform, grid) as alignment,
        scratch_folder(out) as folder,
    ):
        source = Source.of(dataset, sources.sar)
        image = RawRaster(folder / "image.raw", shape, dtype)
        validity = RawRaster(folder / "validity.raw", shape, np.uint8)
        count = resample(
            source.pixels(1),
            alignment,
            [image],
            power=True,
            nodata=None,
            validity=validity,
            report=report,
        )
        if not count:
            raise InputError(f"{sources.found.path} carries no data on the grid of the pair; choose another")
        product, look = sources.found.product, alignment.geometry.look
        through_terrain = alignment.geometry.through_terrain
        with open_workers(raw_opener([image], validity)) as workers:
            table = AmplitudeTable.build(dtype, Encoding.AMPLITUDE, product.scale)
            statistics = scene_statistics(workers, table, silent)
            parameters, grey = fit_remap(remap, statistics, table, options, sources.found.path)
            summary = summarise_radar(
                sources.found,
                statistics,
                remap=remap.name,
                parameters=parameters,
                sha256=sources.sha256("sar"),
            ).model_copy(update=sources.terms("sar"))
            pyramid = Pyramid.create(folder, shape)
            LookupTable(table, grey).apply(workers, pyramid, silent)
            tags = radar_tags(product, summary) | ({} if look is None else look_tags(look))
            tags.pop(PROJECTION_HEIGHT_TAG, None)
            digest = checksum(validity.path)
            publish_pyramid(pyramid, out, Georeference(grid), Layer(nodata=0, tags=tags))
    result = RadarImage(
        **dict(summary),
        interpolation="bicubic, of power",
        look=look,
        through_terrain=through_terrain,
        validity_sha256=digest,
    )
    return StageOutput(result, [out])
