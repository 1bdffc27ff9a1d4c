"""An orthophoto to 8 bits, with a declared meaning: reflectance, or colours for viewing."""

from pathlib import Path

from oemsar.errors import InputError
from oemsar.files import require_writable, scratch_folder
from oemsar.folders import require_apart
from oemsar.locks import holds_output
from oemsar.prepare.radiometry.amplitude_table import AmplitudeTable
from oemsar.prepare.radiometry.apply import LookupTable
from oemsar.prepare.radiometry.config import PROFILES, OpticalConfig, OpticalOptions
from oemsar.prepare.radiometry.fit import fit_stretch
from oemsar.prepare.radiometry.scene_statistics import open_workers
from oemsar.prepare.radiometry.summary import ConvertedOrthophoto, optical_tags, summarise_optical
from oemsar.processes import thread_pool
from oemsar.products.product import Encoding
from oemsar.products.reader import is_complex_raster
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.changed_pixels import changed
from oemsar.raster.cog import Layer, cog_files, publish_pyramid
from oemsar.raster.georeference import Georeference, georeference_of
from oemsar.raster.image import Statement, colours_opener
from oemsar.raster.pixels import Opener
from oemsar.raster.pyramid import Pyramid
from oemsar.raster.read import files_of, open_raster
from oemsar.raster.state import watch_rasters
from oemsar.raster.stored import palette_of
from oemsar.record import source_checksum, source_name


@holds_output()
def convert_orthophoto(
    scene: Path, out: Path, *, config: OpticalConfig = OpticalConfig(), report: Report = silent
) -> ConvertedOrthophoto:
    """Write an orthophoto as three bands of 8 bits, a Cloud Optimized GeoTIFF.

    Pixels that carry data become 1..255 in each band, all others 0. Memory does not grow with the scene.

    Args:
        scene: Orthophoto of three bands or more, any real type.
        out: File to write; replaced at once when it is whole.
        config: Meaning and treatment of the pixels.
        report: Called with the blocks done and in all.

    Returns:
        Quantity, stretch, terms, and source with its SHA-256.

    Raises:
        InputError: The scene cannot be read, is no colour image, or holds no data or one value only.
        Failure: The disk is full, or the scene changed meanwhile.
    """
    bands = colour_bands(config)
    georeference = require_colours(scene, bands)
    require_apart(cog_files(out), files_of(scene))
    watched = watch_rasters([scene])
    require_writable(out.parent)
    with (
        gdal_cache(scene),
        thread_pool(1, wait=False) as checksum_pool,
        open_workers(_colours(scene, bands, config.nodata)) as workers,
    ):
        digest = checksum_pool.submit(source_checksum, scene)
        shape, dtype = workers.describe()
        table = AmplitudeTable.build(dtype, Encoding.AMPLITUDE, 1.0)
        stretch, grey = fit_stretch(workers, table, config, scene, report)
        summary = summarise_optical(config, stretch, source=source_name(scene), sha256=digest.result())
        with scratch_folder(out, Pyramid.bytes_needed(shape, bands=3)) as folder:
            pyramid = Pyramid.create(folder, shape, bands=3)
            LookupTable(table, grey).apply(workers, pyramid, report)
            watched.require()
            layer = Layer(nodata=0, tags=optical_tags(summary), colours=("Red", "Green", "Blue"))
            publish_pyramid(pyramid, out, georeference, layer)
    return ConvertedOrthophoto(out=out, **dict(summary))


def colour_bands(options: OpticalOptions) -> tuple[int, int, int] | None:
    """Find the bands that are red, green and blue, from 1: as given, or of the profile; else None."""
    profile = None if options.profile is None else PROFILES.find(options.profile)
    return options.bands or (profile.bands if profile else None)


def require_colours(scene: Path, bands: tuple[int, int, int] | None) -> Georeference:
    """Check that a file is a colour image.

    Args:
        scene: File of the image.
        bands: Bands that are red, green and blue, from 1; None for those that the file tells.

    Returns:
        The georeferencing of the image.

    Raises:
        InputError: It has too few bands or is complex.
    """
    with open_raster(scene) as dataset:
        if dataset.count < 3 and palette_of(dataset) is None:
            raise InputError(
                f"{scene} has {dataset.count} band(s) where red, green and blue are due; give an orthophoto"
            )
        if is_complex_raster(dataset):
            raise InputError(f"{scene} is complex where an orthophoto is expected; give an orthophoto")
        if not all(1 <= band <= dataset.count for band in bands or ()):
            raise InputError(
                f"{scene} has {dataset.count} bands, not all of {bands}; choose other bands", option="bands"
            )
        return georeference_of(dataset)


def _colours(scene: Path, bands: tuple[int, int, int] | None, nodata: str) -> Opener:
    """Read three bands together; zeros around them have been looked for."""
    opener = colours_opener(scene, Statement(bands, nodata))
    return changed(opener, lambda _, pixels, valid: (pixels, valid), tells_nodata=True)
