"""A radar scene to 8 bits: what the file is, statistics of the whole scene, one remap, one COG.

Two passes over the scene, both by blocks in as many threads as there are cores: the first counts
amplitudes (`survey`), the second sends every pixel through a table from pixel to grey value.
"""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import oemsar
from oemsar.errors import InputError
from oemsar.files import checksum, require_writable, scratch_folder
from oemsar.geometry.look import Look, look_tags
from oemsar.prepare.radiometry.amplitude_table import Levels, levels_of
from oemsar.prepare.radiometry.apply import Painter
from oemsar.prepare.radiometry.histogram import Histogram
from oemsar.prepare.radiometry.remap import Choice, Remap, find_remap
from oemsar.prepare.radiometry.scene_statistics import Survey, blocks, survey, workers
from oemsar.products.product import GainPolynomial, Product, sigma_nought_gain
from oemsar.products.reader import OpenedProduct
from oemsar.products.registry import find_product
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.cog import Layer, publish_pyramid
from oemsar.raster.nodata import with_nodata
from oemsar.raster.pixels import Opener, Validity, changed
from oemsar.raster.pyramid import Pyramid
from oemsar.raster.read import Extent

log = logging.getLogger(__name__)

_PERCENTS = (1, 50, 99)


@dataclass(frozen=True)
class RadiometryConfig:
    """How a scene becomes 8 bits.

    Attributes:
        remap: name of the remap.
        product: kind of product; None recognises it.
        band: band of the file, from 1; None takes the only or first one.
        sigma0: remap the root of sigma nought instead of amplitude; needs calibration.
        choice: parameters a person sets.
        nodata: `auto`, `none` or a number, see `with_nodata`.
        look_azimuth: degrees, instead of what the product tells; None to believe it.
        incidence: degrees, likewise.
    """

    remap: str
    product: str | None = None
    band: int | None = None
    sigma0: bool = False
    choice: Choice = field(default_factory=Choice)
    nodata: str = "auto"
    look_azimuth: float | None = None
    incidence: float | None = None


def remap_scene(scene: Path, out: Path, config: RadiometryConfig, report: Report = silent) -> dict[str, Any]:
    """Write the radar scene `scene` as an 8-bit Cloud Optimized GeoTIFF.

    Pixels that carry data become 1..255, all others 0. Affine, rational polynomials and control points stay
    as they are. Memory does not grow with the scene.

    Args:
        scene: the product.
        out: the file to write; replaced at once when it is whole.
        config: see `RadiometryConfig`.
        report: told blocks done and in all, of both passes together.

    Returns:
        A summary of plain values: product, remap with parameters, statistics, share of valid pixels,
        source with sha256.

    Raises:
        InputError: the scene cannot be read, holds no data or one value only, or the configuration does
            not fit it.
        Failure: the disk is full.
    """
    remap = find_remap(config.remap)
    found = find_product(scene, config.product, config.band)
    if out.resolve() == scene.resolve():
        raise InputError(f"{out} is the scene itself; choose another output")
    product = replace(found.product, look=_look(found.product.look, config))
    opener, scale = _amplitude(found, product, config)
    require_writable(out.parent)
    with (
        gdal_cache(scene),
        ThreadPoolExecutor(1) as aside,
        workers(with_nodata(opener, config.nodata)) as crew,
    ):
        digest = aside.submit(checksum, scene)
        shape, dtype = crew.describe()
        require_eight_bit(remap, dtype, scene)
        levels = levels_of(dtype, product.encoding, scale)
        total = 2 * len(blocks(shape))
        surveyed = survey(crew, levels, lambda done, _: report(done, total))
        parameters, table = fit_remap(remap, surveyed, levels, config.choice, scene)
        with scratch_folder(out) as folder:
            pyramid = Pyramid.create(folder, shape)
            painter = Painter(levels, table, surveyed)
            painter.paint(crew, pyramid, lambda done, of: report(of + done, total))
            summary = {
                "remap": remap.name,
                "parameters": parameters,
                "sha256": digest.result(),
                **summarise(found, product, surveyed, sigma0=config.sigma0),
            }
            layer = Layer(nodata=0, tags=scene_tags(product, summary))
            publish_pyramid(pyramid, out, found.georeference, layer)
    return {"out": str(out), **summary}


def _look(look: Look | None, config: RadiometryConfig) -> Look | None:
    azimuth = config.look_azimuth if config.look_azimuth is not None else look.azimuth if look else None
    incidence = config.incidence if config.incidence is not None else look.incidence if look else None
    if azimuth is None and incidence is None:
        return None
    if azimuth is None or incidence is None:
        raise InputError("the product tells no look; give both --look-azimuth and --incidence")
    return Look(azimuth, incidence)


def _amplitude(found: OpenedProduct, product: Product, config: RadiometryConfig) -> tuple[Opener, float]:
    """The pixels and the factor that makes them amplitude, or the root of sigma nought."""
    if not config.sigma0:
        return found.opener, product.scale
    gain = sigma_nought_gain(product, str(found.path))
    if isinstance(gain, float):
        return found.opener, product.scale * gain**0.5

    def calibrate(extent: Extent, pixels: NDArray[Any], valid: Validity) -> tuple[NDArray[Any], Validity]:
        return pixels * _root_gain(gain, extent), valid

    return changed(found.opener, calibrate), product.scale


def _root_gain(gain: GainPolynomial, extent: Extent) -> NDArray[np.float32]:
    rows = np.arange(extent.row, extent.row + extent.height, dtype=np.float64)
    columns = np.arange(extent.column, extent.column + extent.width, dtype=np.float64)
    return np.sqrt(np.maximum(gain.at(rows, columns), 0)).astype(np.float32)


def require_eight_bit(remap: Remap, dtype: np.dtype[Any], scene: Path) -> None:
    """See that pixels of `dtype` can be remapped.

    Raises:
        InputError: they are no bytes, and the remap keeps bytes.
    """
    if remap.name == "identity" and dtype != np.uint8:
        raise InputError(
            f"{scene} has {dtype.name} pixels, and identity keeps bytes as they are; choose another remap"
        )


def fit_remap(
    remap: Remap, surveyed: Survey, levels: Levels, choice: Choice, scene: Path
) -> tuple[dict[str, float], NDArray[np.uint8]]:
    """The parameters of a remap from a whole scene, and the grey value of every position of its table.

    Raises:
        InputError: the scene holds no data or one value only.
    """
    _require_data(surveyed.histogram, scene)
    parameters = remap.fit(surveyed.histogram, choice)
    return parameters, remap.grey(levels.amplitudes, parameters)


def _require_data(histogram: Histogram, scene: Path) -> None:
    if not histogram.count:
        raise InputError(f"{scene} holds no data: every pixel is nodata, not a number, or zero padding")
    if histogram.minimum == histogram.maximum:
        raise InputError(f"{scene} holds one value only; there is nothing to remap")


def summarise(
    found: OpenedProduct, product: Product, surveyed: Survey, *, sigma0: bool = False
) -> dict[str, Any]:
    """Source, product, statistics and terms of a remapped scene, as plain values.

    Args:
        found: the product on disk.
        product: what it says, as a person corrected it.
        surveyed: the pixels that were remapped.
        sigma0: whether those were the root of sigma nought.
    """
    histogram = surveyed.histogram
    return {
        "source": found.path.name,
        "product": product.kind,
        "band": found.band,
        "quantity": _quantity(product, sigma0=sigma0),
        "statistics": {
            "minimum": histogram.minimum,
            "maximum": histogram.maximum,
            "mean": histogram.mean,
            **{f"p{percent}": histogram.quantile(percent) for percent in _PERCENTS},
            "relative_error": histogram.relative_error,
        },
        "valid_share": histogram.count / surveyed.pixels,
        "polarisation": _polarisation(product, found.band),
        "time": None if product.time is None else product.time.isoformat(),
        "attribution": product.attribution,
        "licence": product.licence,
    }


def _quantity(product: Product, *, sigma0: bool) -> str:
    if sigma0:
        return "root of sigma nought"
    return "amplitude tuned for display" if product.display_tuned else "amplitude"


def _polarisation(product: Product, band: int) -> str | None:
    names = (product.polarisation or "").split(",")
    return (names[band - 1] if band <= len(names) else names[0]) or None


def scene_tags(product: Product, summary: dict[str, Any]) -> dict[str, str]:
    """What a remapped scene says about itself: metadata items.

    Args:
        product: as for `summarise`.
        summary: that of `summarise`, with `remap`, `parameters` and `sha256`.
    """
    tags = {
        "OEMSAR_VERSION": oemsar.__version__,
        "OEMSAR_REMAP": summary["remap"],
        "OEMSAR_REMAP_PARAMETERS": json.dumps(summary["parameters"]),
        "OEMSAR_STATISTICS": json.dumps(summary["statistics"]),
        "OEMSAR_QUANTITY": summary["quantity"],
        "OEMSAR_PRODUCT": summary["product"],
        "OEMSAR_SOURCE": summary["source"],
        "OEMSAR_SOURCE_SHA256": summary["sha256"],
        "OEMSAR_POLARISATION": summary["polarisation"],
        "OEMSAR_ACQUIRED": summary["time"],
        "OEMSAR_ATTRIBUTION": summary["attribution"],
        "OEMSAR_LICENCE": summary["licence"],
    }
    if product.calibration is not None:
        tags["OEMSAR_CALIBRATION"] = f"{product.calibration.quantity} {product.calibration.quality}".strip()
    place = look_tags(product.look, product.projection_height) if product.look else {}
    return {key: value for key, value in {**tags, **place}.items() if value}
