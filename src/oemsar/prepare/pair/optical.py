"""The optical image of a pair: the orthophoto resampled on the pair's grid, then 8 bits."""

from pathlib import Path

import numpy as np
from odc.geo.geobox import GeoBox

from oemsar.errors import InputError
from oemsar.files import checksum, scratch_folder
from oemsar.geometry.mapping import between_grids
from oemsar.geometry.resample import resample
from oemsar.prepare.pair.pipeline import StageOutput
from oemsar.prepare.pair.results import OpticalImage
from oemsar.prepare.pair.sources import Sources
from oemsar.prepare.radiometry.amplitude_table import AmplitudeTable
from oemsar.prepare.radiometry.apply import LookupTable
from oemsar.prepare.radiometry.fit import fit_stretch
from oemsar.prepare.radiometry.scene_statistics import open_workers
from oemsar.prepare.radiometry.summary import OpticalSummary, optical_tags, summarise_optical
from oemsar.products.product import Encoding
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.cog import Layer, publish_pyramid
from oemsar.raster.georeference import Georeference
from oemsar.raster.grid import grid_of
from oemsar.raster.image import open_colours
from oemsar.raster.pixels import raw_opener
from oemsar.raster.pyramid import Pyramid
from oemsar.raster.raw_raster import RawRaster, raw_bytes
from oemsar.raster.read import open_raster
from oemsar.record import source_name

_TABLED = {"uint8", "uint16"}
"""Types whose values are their own index in a table of grey values; others become float32."""


def make_optical(
    sources: Sources, grid: GeoBox, out: Path, report: Report = silent
) -> StageOutput[OpticalImage]:
    """Write the optical image of a pair: red, green and blue of bytes, 1 to 255, 0 without data.

    Values are interpolated as they are, and averaged where the pair is coarser than the orthophoto. Memory
    does not grow with the grid.

    Args:
        sources: Inputs of the pair.
        grid: Grid of the pair.
        out: Cloud Optimized GeoTIFF to write.
        report: Called with the blocks done and in all, of the resampling.

    Raises:
        InputError: There is no optical data on the grid, or one value only.
        Failure: The disk is full.
    """
    shape, path = grid.shape.yx, sources.region.optical.path
    with (
        gdal_cache(path),
        scratch_folder(out, raw_bytes(shape, np.uint8) + Pyramid.bytes_needed(shape, bands=3)) as folder,
    ):
        validity = RawRaster(folder / "validity.raw", shape, np.uint8)
        bands, count = _resample(sources, grid, validity, report)
        pyramid, summary = _stretch(sources, bands, validity)
        result = OpticalImage(
            **dict(summary),
            interpolation="bicubic, of values",
            valid_share=count / (shape[0] * shape[1]),
            validity_sha256=checksum(validity.path),
        )
        layer = Layer(nodata=0, tags=optical_tags(summary), colours=("Red", "Green", "Blue"))
        publish_pyramid(pyramid, out, Georeference(grid), layer)
    return StageOutput(result, [out])


def _resample(
    sources: Sources, grid: GeoBox, validity: RawRaster, report: Report
) -> tuple[list[RawRaster], int]:
    """Resample the orthophoto into scratch files.

    Returns:
        Red, green and blue, and the number of pixels with data.
    """
    path = sources.region.optical.path
    with open_raster(path) as dataset:
        source = grid_of(dataset)
        if source is None:
            raise InputError(f"{path} has no georeferencing; give an orthophoto that has")
        pixels = open_colours(dataset, path, sources.optical_statement, strict=False).pixels
        dtype = pixels.dtype if pixels.dtype.name in _TABLED else np.dtype("float32")
        bands = [
            RawRaster(validity.path.with_name(f"read{number}.raw"), validity.shape, dtype)
            for number in range(pixels.count)
        ]
        count = resample(
            pixels,
            between_grids(grid, source),
            bands,
            power=False,
            nodata=None,
            validity=validity,
            report=report,
        )
    if not count:
        raise InputError(
            f"{path} carries no data on the grid of the pair; choose another extent", option="extent"
        )
    return bands, count


def _stretch(
    sources: Sources, colours: list[RawRaster], validity: RawRaster
) -> tuple[Pyramid, OpticalSummary]:
    """Stretch resampled colours to bytes, by percentiles of all of them, into scratch files beside them."""
    options = sources.region.optical
    with open_workers(raw_opener(colours, validity)) as workers:
        table = AmplitudeTable.build(colours[0].dtype, Encoding.AMPLITUDE, 1.0)
        stretch, grey = fit_stretch(workers, table, options, options.path, silent)
        summary = summarise_optical(
            options, stretch, source=source_name(options.path), sha256=sources.sha256("optical")
        ).model_copy(update=sources.terms("optical"))
        pyramid = Pyramid.create(validity.path.parent, validity.shape, bands=3)
        LookupTable(table, grey).apply(workers, pyramid, silent)
    return pyramid, summary
