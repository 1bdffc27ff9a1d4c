"""An orthophoto to 8 bits, with a declared meaning: reflectance, or colours for viewing."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import oemsar
from oemsar.errors import InputError
from oemsar.files import checksum, require_writable, scratch_folder
from oemsar.prepare.radiometry.amplitude_table import Levels, levels_of
from oemsar.prepare.radiometry.apply import Painter
from oemsar.prepare.radiometry.optical_profiles import find_profile
from oemsar.prepare.radiometry.remap import REMAPS, Choice
from oemsar.prepare.radiometry.scene_statistics import Workers, survey, workers
from oemsar.products.product import Encoding
from oemsar.products.reader import is_complex_raster
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.cog import Layer, publish_pyramid
from oemsar.raster.georeference import Georeference, georeference_of
from oemsar.raster.nodata import with_nodata
from oemsar.raster.pixels import Opener, changed, raster_opener
from oemsar.raster.pyramid import Pyramid
from oemsar.raster.read import open_raster


@dataclass(frozen=True)
class Calibrated:
    """The pixels are reflectance: gain x value + offset, between 0 and about 1."""

    gain: float
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite([self.gain, self.offset]).all() and self.gain > 0):
            raise InputError(
                f"gain {self.gain:g} and offset {self.offset:g} are no calibration: gain above 0"
            )


@dataclass(frozen=True)
class Display:
    """The pixels are colours for viewing, whatever their number of bits."""


@dataclass(frozen=True)
class OpticalConfig:
    """How an orthophoto becomes 8 bits.

    Attributes:
        meaning: what the pixels are; declared, never guessed.
        percentiles: of the scene, all bands together, that become 1 and 255; one stretch for the three
            bands keeps the hue. Bytes for display stay as they are.
        profile: name of the source; None where it is none of those known.
        bands: red, green and blue, from 1; None takes the profile's, or 1, 2, 3.
        year: of the data, for the attribution.
        nodata: `auto` believes the file, `none` means every pixel carries data, a number is the value that
            carries none where all three bands have it.
    """

    meaning: Calibrated | Display = field(default_factory=Display)
    percentiles: tuple[float, float] = (1.0, 99.0)
    profile: str | None = None
    bands: tuple[int, int, int] | None = None
    year: int | None = None
    nodata: str = "auto"


def optical_to_eight_bit(
    scene: Path, out: Path, config: OpticalConfig, report: Report = silent
) -> dict[str, Any]:
    """Write the orthophoto `scene` as three bands of 8 bits, a Cloud Optimized GeoTIFF.

    Pixels that carry data become 1..255 in each band, all others 0. Memory does not grow with the scene.

    Args:
        scene: three bands or more, any real type.
        out: the file to write; replaced at once when it is whole.
        config: see `OpticalConfig`.
        report: told blocks done and in all.

    Returns:
        A summary of plain values; `quantity` is `reflectance` only for calibrated pixels.

    Raises:
        InputError: the scene cannot be read, is no colour image, or holds no data or one value only.
        Failure: the disk is full.
    """
    bands = bands_of(config)
    place = require_colours(scene, bands)
    if out.resolve() == scene.resolve():
        raise InputError(f"{out} is the scene itself; choose another output")
    require_writable(out.parent)
    with (
        gdal_cache(scene),
        ThreadPoolExecutor(1) as aside,
        workers(_colours(scene, bands, config.nodata)) as crew,
    ):
        digest = aside.submit(checksum, scene)
        shape, dtype = crew.describe()
        levels = levels_of(dtype, Encoding.AMPLITUDE, 1.0)
        stretch, table = fit_stretch(crew, levels, scene, config, report)
        summary = {"source": scene.name, "sha256": digest.result(), **summarise(config, stretch)}
        with scratch_folder(out) as folder:
            pyramid = Pyramid.create(folder, shape, bands=3)
            Painter(levels, table).paint(crew, pyramid, report)
            layer = Layer(nodata=0, tags=optical_tags(summary), colours=("Red", "Green", "Blue"))
            publish_pyramid(pyramid, out, place, layer)
    return {"out": str(out), **summary}


def bands_of(config: OpticalConfig) -> tuple[int, int, int]:
    """Bands that are red, green and blue, from 1.

    Raises:
        InputError: the profile is not known.
    """
    profile = None if config.profile is None else find_profile(config.profile)
    return config.bands or (profile.bands if profile else (1, 2, 3))


def summarise(config: OpticalConfig, stretch: dict[str, float]) -> dict[str, Any]:
    """Quantity, stretch and terms of an orthophoto of 8 bits, as plain values."""
    profile = None if config.profile is None else find_profile(config.profile)
    attribution = profile.attribution if profile else ""
    return {
        "quantity": "reflectance" if isinstance(config.meaning, Calibrated) else "display",
        "stretch": stretch,
        "attribution": attribution.replace("YEAR", str(config.year) if config.year else "").rstrip(", "),
        "licence": profile.licence if profile else "",
    }


def _colours(scene: Path, bands: tuple[int, int, int], nodata: str) -> Opener:
    """The three bands together. Black at the border of an orthophoto is not taken for padding."""
    declared = with_nodata(raster_opener(scene, bands), nodata)
    return changed(declared, lambda _, pixels, valid: (pixels, valid), tells_nodata=True)


def require_colours(scene: Path, bands: tuple[int, int, int]) -> Georeference:
    """Where a colour image lies.

    Raises:
        InputError: it has too few bands or is complex.
    """
    with open_raster(scene) as dataset:
        if dataset.count < 3:
            raise InputError(
                f"{scene} has {dataset.count} band(s) where red, green and blue are due; give an orthophoto"
            )
        if is_complex_raster(dataset):
            raise InputError(f"{scene} is complex where an orthophoto is expected; give an orthophoto")
        if not all(1 <= band <= dataset.count for band in bands):
            raise InputError(f"{scene} has {dataset.count} bands, not all of {bands}; choose other bands")
        return georeference_of(dataset)


def fit_stretch(
    crew: Workers, levels: Levels, scene: Path, config: OpticalConfig, report: Report
) -> tuple[dict[str, float], NDArray[np.uint8]]:
    """Values that become 1 and 255, in the unit of the meaning, and the grey value of every position.

    Raises:
        InputError: the scene holds no data or one value only.
    """
    if levels.amplitudes.size == 256 and isinstance(config.meaning, Display):
        return {}, REMAPS["identity"].grey(levels.amplitudes, {})
    histogram = survey(crew, levels, report).histogram
    if not histogram.count:
        raise InputError(f"{scene} holds no data: every pixel is nodata or not a number")
    if histogram.minimum == histogram.maximum:
        raise InputError(f"{scene} holds one value only; there is nothing to stretch")
    limits = REMAPS["percentile"].fit(histogram, Choice(config.percentiles))
    table = REMAPS["percentile"].grey(levels.amplitudes, limits)
    if isinstance(config.meaning, Calibrated):
        meaning = config.meaning
        limits = {name: meaning.gain * value + meaning.offset for name, value in limits.items()}
    return {**limits, "relative_error": histogram.relative_error}, table


def optical_tags(summary: dict[str, Any]) -> dict[str, str]:
    """What an orthophoto of 8 bits says about itself: metadata items.

    Args:
        summary: that of `summarise`, with `source` and `sha256`.
    """
    tags = {
        "OEMSAR_VERSION": oemsar.__version__,
        "OEMSAR_QUANTITY": summary["quantity"],
        "OEMSAR_STRETCH": json.dumps(summary["stretch"]),
        "OEMSAR_SOURCE": summary["source"],
        "OEMSAR_SOURCE_SHA256": summary["sha256"],
        "OEMSAR_ATTRIBUTION": summary["attribution"],
        "OEMSAR_LICENCE": summary["licence"],
    }
    return {key: value for key, value in tags.items() if value}
