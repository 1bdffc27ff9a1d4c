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
from oemsar.prepare.radiometry.summary import optical_tags, summarise_optical
from oemsar.products.product import Encoding
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.cog import Layer, publish_pyramid
from oemsar.raster.georeference import Georeference
from oemsar.raster.grid import grid_of
from oemsar.raster.pixels import RasterPixels, raw_opener
from oemsar.raster.pyramid import Pyramid
from oemsar.raster.raw_raster import RawRaster
from oemsar.raster.read import open_raster

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
        InputError: there is no optical data on the grid, or one value only.
        Failure: the disk is full.
    """
    shape = grid.shape.yx
    path, options = sources.region.optical.path, sources.region.optical
    with (
        gdal_cache(path),
        open_raster(path) as dataset,
        scratch_folder(out) as folder,
    ):
        source = grid_of(dataset)
        if source is None:
            raise InputError(f"{path} has no georeferencing; give an orthophoto that has")
        dtype = np.dtype(dataset.dtypes[0] if dataset.dtypes[0] in _TABLED else "float32")
        # the sampler reads the first bands of a file, as many as reach to the last one wanted
        bands = [
            RawRaster(folder / f"read{number}.raw", shape, dtype) for number in range(max(sources.bands))
        ]
        validity = RawRaster(folder / "validity.raw", shape, np.uint8)
        count = resample(
            RasterPixels.first(dataset, len(bands)),
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
        colours = [bands[band - 1] for band in sources.bands]
        with open_workers(raw_opener(colours, validity)) as workers:
            table = AmplitudeTable.build(dtype, Encoding.AMPLITUDE, 1.0)
            stretch, grey = fit_stretch(workers, table, options, path, silent)
            summary = summarise_optical(
                options, stretch, source=path.name, sha256=sources.sha256("optical")
            ).model_copy(update=sources.terms("optical"))
            pyramid = Pyramid.create(folder, shape, bands=3)
            LookupTable(table, grey).apply(workers, pyramid, silent)
            digest = checksum(validity.path)
            layer = Layer(nodata=0, tags=optical_tags(summary), colours=("Red", "Green", "Blue"))
            publish_pyramid(pyramid, out, Georeference(grid), layer)
    result = OpticalImage(
        **dict(summary),
        interpolation="bicubic, of values",
        valid_share=count / (shape[0] * shape[1]),
        validity_sha256=digest,
    )
    return StageOutput(result, [out])
