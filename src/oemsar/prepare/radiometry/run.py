"""A radar scene to 8 bits: two passes over the scene and one Cloud Optimized GeoTIFF.

Both passes read blocks in as many threads as there are cores: the first counts amplitudes
(`scene_statistics`), the second sends every pixel through a table to its grey value (`LookupTable`).
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Floats
from oemsar.errors import InputError
from oemsar.files import require_writable, scratch_folder
from oemsar.folders import require_apart
from oemsar.geometry.look import Look
from oemsar.locks import holds_output
from oemsar.prepare.radiometry.amplitude_table import AmplitudeTable
from oemsar.prepare.radiometry.apply import LookupTable
from oemsar.prepare.radiometry.config import REMAPS, RadiometryConfig
from oemsar.prepare.radiometry.fit import fit_remap, require_remappable
from oemsar.prepare.radiometry.scene_statistics import blocks, open_workers, scene_statistics
from oemsar.prepare.radiometry.summary import RemappedScene, radar_tags, summarise_radar
from oemsar.processes import thread_pool
from oemsar.products.product import GainPolynomial, sigma_nought_gain
from oemsar.products.reader import OpenedProduct
from oemsar.products.registry import find_product
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.changed_pixels import changed
from oemsar.raster.cog import Layer, cog_files, publish_pyramid
from oemsar.raster.collect import carrying_data
from oemsar.raster.pixels import Opener, Validity
from oemsar.raster.pyramid import Pyramid
from oemsar.raster.read import Extent, files_of
from oemsar.raster.state import watch_rasters
from oemsar.record import source_checksum


@holds_output()
def apply_radiometry(
    scene: Path, out: Path, *, config: RadiometryConfig = RadiometryConfig(), report: Report = silent
) -> RemappedScene:
    """Write a radar scene as a Cloud Optimized GeoTIFF of 8 bits.

    Pixels that carry data become 1..255, all others 0. Affine, rational polynomials and control points stay
    as they are. Memory does not grow with the scene.

    Args:
        scene: Radar product: its file, or its folder.
        out: File to write; replaced at once when it is whole.
        config: Remap and treatment of the scene.
        report: Called with the blocks done and in all, of both passes together.

    Returns:
        Product, remap with its parameters, statistics, share of valid pixels, and source with its SHA-256.

    Raises:
        InputError: The scene cannot be read, holds no data or one value only, or the configuration does
            not fit it.
        Failure: The disk is full, or the scene changed meanwhile.
    """
    remap = REMAPS.find(config.remap)
    found = find_product(scene, config.product, config.band)
    require_apart(cog_files(out), [scene, *files_of(found.path), *found.metadata])
    watched = watch_rasters([found.path], found.metadata)
    product = replace(found.product, look=_look(found.product.look, config))
    found = replace(found, product=product)
    opener = carrying_data(found.opener, config.nodata, tell=True, later=True)
    opener, scale = _amplitude(replace(found, opener=opener), config)
    require_writable(out.parent)
    with (
        gdal_cache(found.path),
        thread_pool(1, wait=False) as checksum_pool,
        open_workers(opener) as workers,
    ):
        digest = checksum_pool.submit(source_checksum, found.path)
        shape, dtype = workers.describe()
        require_remappable(remap, dtype, scene)
        table = AmplitudeTable.build(dtype, product.encoding, scale)
        total = 2 * len(blocks(shape))
        statistics = scene_statistics(workers, table, lambda done, _: report(done, total))
        parameters, grey = fit_remap(remap, statistics, table, config, scene)
        with scratch_folder(out, Pyramid.bytes_needed(shape)) as folder:
            pyramid = Pyramid.create(folder, shape)
            lookup = LookupTable(table, grey, statistics)
            lookup.apply(workers, pyramid, lambda done, of: report(of + done, total))
            summary = summarise_radar(
                found,
                statistics,
                remap=remap.name,
                parameters=parameters,
                sha256=digest.result(),
                sigma0=config.sigma0,
            )
            watched.require()
            publish_pyramid(
                pyramid, out, found.georeference, Layer(nodata=0, tags=radar_tags(product, summary))
            )
    return RemappedScene(out=out, **dict(summary))


def _look(look: Look | None, config: RadiometryConfig) -> Look | None:
    azimuth = config.look_azimuth if config.look_azimuth is not None else look.azimuth if look else None
    incidence = config.incidence if config.incidence is not None else look.incidence if look else None
    if azimuth is None and incidence is None:
        return None
    if azimuth is None or incidence is None:
        raise InputError(
            "the product does not state the look of the radar; give both angles",
            option=("look_azimuth", "incidence"),
        )
    return Look(azimuth, incidence)


def _amplitude(found: OpenedProduct, config: RadiometryConfig) -> tuple[Opener, float]:
    """Choose the pixels, and the factor that makes them amplitude or the root of sigma nought."""
    product = found.product
    if not config.sigma0:
        return found.opener, product.scale
    gain = sigma_nought_gain(product, str(found.path))
    if isinstance(gain, float):
        return found.opener, product.scale * gain**0.5

    def calibrate(extent: Extent, pixels: NDArray[Any], valid: Validity) -> tuple[NDArray[Any], Validity]:
        return pixels * _root_gain(gain, extent), valid

    return changed(found.opener, calibrate), product.scale


def _root_gain(gain: GainPolynomial, extent: Extent) -> Floats:
    rows = np.arange(extent.row, extent.row + extent.height, dtype=np.float64)
    columns = np.arange(extent.column, extent.column + extent.width, dtype=np.float64)
    return np.sqrt(np.maximum(gain.at(rows, columns), 0)).astype(np.float32)
