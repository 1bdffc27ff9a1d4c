"""An image of 8 bits says where it comes from, in the same words to the caller and in its file."""

import json
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import oemsar
from oemsar.geometry.look import Look
from oemsar.prepare.radiometry.config import OpticalConfig
from oemsar.prepare.radiometry.histogram import Histogram
from oemsar.prepare.radiometry.scene_statistics import SceneStatistics
from oemsar.prepare.radiometry.summary import (
    AmplitudeStatistics,
    RadarSummary,
    optical_tags,
    radar_tags,
    summarise_optical,
    summarise_radar,
)
from oemsar.products.product import Calibration, Encoding, Product
from oemsar.products.reader import OpenedProduct
from oemsar.raster.georeference import Georeference

STATISTICS = AmplitudeStatistics(minimum=0, maximum=9, mean=4, p1=1, p50=3, p99=8, relative_error=0)
SUMMARY = RadarSummary(
    remap="linear",
    parameters={"minimum": 0.0, "maximum": 9.0},
    sha256="ab",
    source="a.tif",
    product="capella-gec",
    band=1,
    quantity="amplitude",
    statistics=STATISTICS,
    valid_share=0.5,
    polarisation=None,
    time=datetime(2023, 2, 11, tzinfo=UTC).isoformat(),
    attribution="Capella Space",
    licence="",
)


def test_metadata_items_hold_what_is_known_and_nothing_else() -> None:
    product = Product(
        "capella-gec",
        Encoding.AMPLITUDE,
        calibration=Calibration("sigma0", 1.0, "full"),
        look=Look(75.5, 41.0),
        projection_height=12.5,
    )
    tags = radar_tags(product, SUMMARY)
    assert json.loads(tags["OEMSAR_REMAP_PARAMETERS"]) == SUMMARY.parameters
    assert json.loads(tags["OEMSAR_STATISTICS"])["p99"] == 8
    assert tags["OEMSAR_CALIBRATION"] == "sigma0 full"
    assert tags["OEMSAR_VERSION"] == oemsar.__version__
    assert (tags["OEMSAR_LOOK_AZIMUTH"], tags["OEMSAR_PROJECTION_HEIGHT"]) == ("75.5", "12.5")
    assert not {"OEMSAR_POLARISATION", "OEMSAR_LICENCE"} & set(tags)


@pytest.mark.parametrize(("band", "polarisation"), [(1, "VV"), (2, "VH"), (3, "VV")])
def test_a_band_has_its_own_polarisation(band: int, polarisation: str) -> None:
    product = Product("sentinel1-rtc", Encoding.POWER, polarisation="VV,VH")
    found = OpenedProduct(Path("a.tif"), product, band, nullcontext, Georeference())  # type: ignore[arg-type]
    histogram = Histogram(np.array([1.0, 3.0]), np.array([1, 3]), 0.0)
    summary = summarise_radar(
        found, SceneStatistics(histogram, None, 8), remap="log", parameters={}, sha256="ab", sigma0=True
    )
    assert summary.polarisation == polarisation
    assert summary.valid_share == 0.5
    assert summary.statistics.mean == 2.5
    assert summary.quantity == "root of sigma nought"


def test_a_result_comes_back_from_json() -> None:
    assert RadarSummary.model_validate_json(SUMMARY.model_dump_json()) == SUMMARY


@pytest.mark.parametrize(
    ("year", "words"), [(2021, "Department of Agriculture, 2021"), (None, "Agriculture")]
)
def test_an_attribution_ends_with_the_year_where_it_is_known(year: int | None, words: str) -> None:
    config = OpticalConfig(profile="naip", year=year)
    summary = summarise_optical(config, {}, source="a.tif", sha256="ab")
    assert summary.attribution.endswith(words)
    assert summary.quantity == "display"


def test_an_orthophoto_of_no_known_source_has_no_terms() -> None:
    config = OpticalConfig(meaning="calibrated", gain=1e-4)
    stretch = {"low": 0.1, "high": 0.5, "relative_error": 0.0}
    summary = summarise_optical(config, stretch, source="a.tif", sha256="ab")
    tags = optical_tags(summary)
    assert json.loads(tags["OEMSAR_STRETCH"]) == stretch
    assert tags["OEMSAR_QUANTITY"] == "reflectance"
    assert not {"OEMSAR_ATTRIBUTION", "OEMSAR_LICENCE"} & set(tags)
