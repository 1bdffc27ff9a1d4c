"""The radar image of a pair: one resampling from the product as it came, then the remap to 8 bits."""

from pathlib import Path
from typing import Any

import numpy as np
from odc.geo.geobox import GeoBox

from oemsar.errors import InputError
from oemsar.files import checksum, scratch_folder
from oemsar.geometry.look import PROJECTION_HEIGHT_TAG, look_tags
from oemsar.geometry.resample import resample
from oemsar.prepare.ortho.rasters import Source
from oemsar.prepare.pair.placement import aligned
from oemsar.prepare.pair.sources import Sources
from oemsar.prepare.pair.stages import Made
from oemsar.prepare.radiometry.amplitude_table import levels_of
from oemsar.prepare.radiometry.apply import Painter
from oemsar.prepare.radiometry.remap import find_remap
from oemsar.prepare.radiometry.run import fit_remap, scene_tags, summarise
from oemsar.prepare.radiometry.scene_statistics import survey, workers
from oemsar.products.product import Encoding
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.cog import Layer, publish_pyramid
from oemsar.raster.georeference import Georeference
from oemsar.raster.pixels import raw_opener
from oemsar.raster.pyramid import Pyramid
from oemsar.raster.raw_raster import RawRaster
from oemsar.raster.read import open_raster


def make_radar(sources: Sources, transform: Path, grid: GeoBox, out: Path, report: Report = silent) -> Made:
    """Write the radar image of a pair: one band of bytes, 1 to 255, 0 without data.

    Amplitudes are interpolated in power; the remap's parameters are taken once from all of the grid. Memory
    does not grow with the grid.

    Args:
        sources: inputs of the pair.
        transform: of the alignment.
        grid: of the pair.
        out: COG to write.
        report: told blocks done and in all, of the resampling.

    Returns:
        Summary as that of `remap_scene`, with the look, whether terrain was taken out, and a digest of
        where there is data.

    Raises:
        InputError: there is no radar data on the grid, or one value only.
        Failure: the disk is full.
    """
    shape = grid.shape.yx
    remap, choice = find_remap(sources.region.remap.name), sources.region.remap.choice()
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
        with workers(raw_opener([image], validity)) as crew:
            levels = levels_of(dtype, Encoding.AMPLITUDE, product.scale)
            surveyed = survey(crew, levels, lambda done, total: None)
            parameters, table = fit_remap(remap, surveyed, levels, choice, sources.found.path)
            summary: dict[str, Any] = {
                "remap": remap.name,
                "parameters": parameters,
                "sha256": sources.sha256("sar"),
                **summarise(sources.found, product, surveyed),
                **sources.terms("sar"),
                "interpolation": "bicubic, of power",
            }
            pyramid = Pyramid.create(folder, shape)
            Painter(levels, table).paint(crew, pyramid, lambda done, total: None)
            tags = scene_tags(product, summary) | ({} if look is None else look_tags(look))
            tags.pop(PROJECTION_HEIGHT_TAG, None)
            digest = checksum(validity.path)
            publish_pyramid(pyramid, out, Georeference(grid), Layer(nodata=0, tags=tags))
    place = None if look is None else {"azimuth": look.azimuth, "incidence": look.incidence}
    facts = {"look": place, "through_terrain": through_terrain, "validity_sha256": digest}
    return Made({**summary, **facts}, [out])
