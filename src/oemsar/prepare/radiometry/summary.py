"""Summaries of images of 8 bits: their source, statistics and terms, returned and written into the files."""

import json
from pathlib import Path

import oemsar
from oemsar.config_file import Value
from oemsar.geometry.look import look_tags
from oemsar.prepare.radiometry.config import PROFILES, OpticalOptions
from oemsar.prepare.radiometry.histogram import Histogram
from oemsar.prepare.radiometry.scene_statistics import SceneStatistics
from oemsar.products.product import Product
from oemsar.products.reader import OpenedProduct
from oemsar.record import source_name


class AmplitudeStatistics(Value):
    """Statistics of the amplitude of a scene."""

    minimum: float
    """Smallest amplitude."""
    maximum: float
    """Largest amplitude."""
    mean: float
    """Mean amplitude."""
    p1: float
    """First percentile of the amplitude."""
    p50: float
    """Median amplitude."""
    p99: float
    """99th percentile of the amplitude."""
    relative_error: float
    """Largest relative error of each statistic."""

    @classmethod
    def from_histogram(cls, histogram: Histogram) -> "AmplitudeStatistics":
        """Take the statistics from a histogram."""
        return cls(
            minimum=histogram.minimum,
            maximum=histogram.maximum,
            mean=histogram.mean,
            p1=histogram.quantile(1),
            p50=histogram.quantile(50),
            p99=histogram.quantile(99),
            relative_error=histogram.relative_error,
        )


class OutputFile(Value):
    """A file that was written."""

    out: Path
    """File that was written."""


class RadarSummary(Value):
    """Description of a radar image of 8 bits."""

    remap: str
    """Name of the remap."""
    parameters: dict[str, float]
    """Parameters of the remap, by name."""
    sha256: str | None
    """SHA-256 of the source; None for one on a server."""
    source: str
    """Name of the file that the image was made from."""
    product: str
    """Kind of product."""
    recognised_by: str = ""
    """What told the kind of product, in words; empty in summaries of earlier versions."""
    band: int
    """Band of the source, from 1."""
    quantity: str
    """Quantity that was remapped: `amplitude`, `amplitude tuned for display` or `root of sigma nought`."""
    statistics: AmplitudeStatistics
    """Statistics of the pixels that carry data."""
    valid_share: float
    """Share of the pixels that carry data, 0 to 1."""
    polarisation: str | None
    """Transmitted and received polarisation, such as `VV`; None where unknown."""
    time: str | None
    """Time of the acquisition as ISO 8601; None where unknown."""
    attribution: str
    """Words that a publication of derived images must carry."""
    licence: str
    """Terms of the data."""


class RemappedScene(RadarSummary, OutputFile):
    """Result of the remap of a radar scene."""


class OpticalSummary(Value):
    """Description of an orthophoto of 8 bits."""

    source: str
    """Name of the file that the image was made from."""
    sha256: str | None
    """SHA-256 of the source; None for one on a server."""
    quantity: str
    """Quantity of the grey values: `reflectance`, only for calibrated pixels, or `display`."""
    stretch: dict[str, float]
    """Values that became 1 and 255, `low` and `high`, and their `relative_error`; empty for bytes kept."""
    attribution: str
    """Words that a publication of derived images must carry."""
    licence: str
    """Terms of the data."""


class ConvertedOrthophoto(OpticalSummary, OutputFile):
    """Result of the conversion of an orthophoto to 8 bits."""


def summarise_radar(
    found: OpenedProduct,
    statistics: SceneStatistics,
    *,
    remap: str,
    parameters: dict[str, float],
    sha256: str | None,
    sigma0: bool = False,
) -> RadarSummary:
    """Describe a remapped radar scene.

    Args:
        found: Product on disk.
        statistics: Statistics of the pixels that were remapped.
        remap: Name of the remap.
        parameters: Parameters of the remap.
        sha256: SHA-256 of the product's file.
        sigma0: Whether the root of sigma nought was remapped instead of amplitude.
    """
    product = found.product
    return RadarSummary(
        remap=remap,
        parameters=parameters,
        sha256=sha256,
        source=source_name(found.path),
        product=product.kind,
        recognised_by=found.recognised_by,
        band=found.band,
        quantity=_quantity(product, sigma0=sigma0),
        statistics=AmplitudeStatistics.from_histogram(statistics.histogram),
        valid_share=statistics.histogram.count / statistics.pixels,
        polarisation=_polarisation(product, found.band),
        time=None if product.time is None else product.time.isoformat(),
        attribution=product.attribution,
        licence=product.licence,
    )


def summarise_optical(
    options: OpticalOptions, stretch: dict[str, float], *, source: str, sha256: str | None
) -> OpticalSummary:
    """Describe an orthophoto of 8 bits.

    Args:
        options: Meaning, source and year of the orthophoto.
        stretch: Values that became 1 and 255.
        source: Name of the orthophoto's file.
        sha256: SHA-256 of the orthophoto's file.
    """
    profile = None if options.profile is None else PROFILES.find(options.profile)
    attribution = profile.attribution if profile else ""
    return OpticalSummary(
        source=source,
        sha256=sha256,
        quantity="display" if options.gain is None else "reflectance",
        stretch=stretch,
        attribution=attribution.replace("YEAR", str(options.year) if options.year else "").rstrip(", "),
        licence=profile.licence if profile else "",
    )


def radar_tags(product: Product, summary: RadarSummary) -> dict[str, str]:
    """Describe a remapped radar scene in metadata items of its file.

    Args:
        product: Product that was remapped.
        summary: Description of the result.
    """
    tags = {
        "OEMSAR_VERSION": oemsar.__version__,
        "OEMSAR_REMAP": summary.remap,
        "OEMSAR_REMAP_PARAMETERS": json.dumps(summary.parameters),
        "OEMSAR_STATISTICS": json.dumps(summary.statistics.model_dump()),
        "OEMSAR_QUANTITY": summary.quantity,
        "OEMSAR_PRODUCT": summary.product,
        "OEMSAR_RECOGNISED_BY": summary.recognised_by,
        "OEMSAR_SOURCE": summary.source,
        "OEMSAR_SOURCE_SHA256": summary.sha256 or "",
        "OEMSAR_POLARISATION": summary.polarisation,
        "OEMSAR_ACQUIRED": summary.time,
        "OEMSAR_ATTRIBUTION": summary.attribution,
        "OEMSAR_LICENCE": summary.licence,
    }
    if product.calibration is not None:
        tags["OEMSAR_CALIBRATION"] = f"{product.calibration.quantity} {product.calibration.quality}".strip()
    look = look_tags(product.look, product.projection_height) if product.look else {}
    return {key: value for key, value in {**tags, **look}.items() if value}


def optical_tags(summary: OpticalSummary) -> dict[str, str]:
    """Describe an orthophoto of 8 bits in metadata items of its file."""
    tags = {
        "OEMSAR_VERSION": oemsar.__version__,
        "OEMSAR_QUANTITY": summary.quantity,
        "OEMSAR_STRETCH": json.dumps(summary.stretch),
        "OEMSAR_SOURCE": summary.source,
        "OEMSAR_SOURCE_SHA256": summary.sha256 or "",
        "OEMSAR_ATTRIBUTION": summary.attribution,
        "OEMSAR_LICENCE": summary.licence,
    }
    return {key: value for key, value in tags.items() if value}


def _quantity(product: Product, *, sigma0: bool) -> str:
    if sigma0:
        return "root of sigma nought"
    return "amplitude tuned for display" if product.display_tuned else "amplitude"


def _polarisation(product: Product, band: int) -> str | None:
    names = (product.polarisation or "").split(",")
    return (names[band - 1] if band <= len(names) else names[0]) or None
