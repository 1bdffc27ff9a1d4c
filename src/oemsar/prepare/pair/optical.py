"""The optical image of a pair: the orthophoto resampled on the pair's grid, then 8 bits."""

from pathlib import Path
from typing import Any

import numpy as np
from odc.geo.geobox import GeoBox

from oemsar.errors import InputError
from oemsar.files import checksum, scratch_folder
from oemsar.geometry.mapping import between_grids
from oemsar.geometry.resample import resample
from oemsar.prepare.pair.sources import Sources
from oemsar.prepare.pair.stages import Made
from oemsar.prepare.radiometry.amplitude_table import levels_of
from oemsar.prepare.radiometry.apply import Painter
from oemsar.prepare.radiometry.optical import fit_stretch, optical_tags, summarise
from oemsar.prepare.radiometry.scene_statistics import workers
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
"""Types whose values are their own place in a table of grey values; others become float32."""


def make_optical(sources: Sources, grid: GeoBox, out: Path, report: Report = silent) -> Made:
    """Write the optical image of a pair: red, green and blue of bytes, 1 to 255, 0 without data.

    Values are interpolated as they are, and averaged where the pair is coarser than the orthophoto. Memory
    does not grow with the grid.

    Args:
        sources: inputs of the pair.
        grid: of the pair.
        out: COG to write.
        report: told blocks done and in all, of the resampling.

    Returns:
        Summary as that of `optical_to_eight_bit`, with a digest of where there is data.

    Raises:
        InputError: there is no optical data on the grid, or one value only.
        Failure: the disk is full.
    """
    shape = grid.shape.yx
    path, config = sources.region.optical.path, sources.region.optical.config()
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
            raise InputError(f"{path} carries no data on the grid of the pair; choose another extent")
        colours = [bands[band - 1] for band in sources.bands]
        with workers(raw_opener(colours, validity)) as crew:
            levels = levels_of(dtype, Encoding.AMPLITUDE, 1.0)
            stretch, table = fit_stretch(crew, levels, path, config, lambda done, total: None)
            summary: dict[str, Any] = {
                "source": path.name,
                "sha256": sources.sha256("optical"),
                **summarise(config, stretch),
                **sources.terms("optical"),
                "interpolation": "bicubic, of values",
                "valid_share": count / (shape[0] * shape[1]),
            }
            pyramid = Pyramid.create(folder, shape, bands=3)
            Painter(levels, table).paint(crew, pyramid, lambda done, total: None)
            digest = checksum(validity.path)
            layer = Layer(nodata=0, tags=optical_tags(summary), colours=("Red", "Green", "Blue"))
            publish_pyramid(pyramid, out, Georeference(grid), layer)
    return Made({**summary, "validity_sha256": digest}, [out])
