"""Capella products are read by their own metadata."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.prepare.radiometry.config import RadiometryConfig
from oemsar.prepare.radiometry.run import apply_radiometry
from oemsar.products.product import Encoding, sigma_nought_gain
from oemsar.products.registry import find_product

SLC = np.full((20, 30), 3 + 4j, np.complex64)


def _document(**image: Any) -> dict[str, Any]:
    return {"product_type": "SLC", "collect": {"image": {"scale_factor": 0.01, **image}}}


def _described(document: dict[str, Any]) -> dict[str, str]:
    return {"TIFFTAG_IMAGEDESCRIPTION": json.dumps(document)}


def test_the_scale_factor_of_the_description_is_read(write_scene: Callable[..., Path]) -> None:
    product = find_product(write_scene("a.tif", SLC, tags=_described(_document()))).product
    assert (product.kind, product.scale, product.encoding) == ("capella-slc", 0.01, Encoding.MODULUS)
    assert product.calibration is None


def test_extended_json_fills_what_the_description_lacks(write_scene: Callable[..., Path]) -> None:
    path = write_scene("a.tif", SLC, tags=_described({"collect": {"image": {"scale_factor": 0.5}}}))
    beside = _document(radiometry="sigma_nought", calibration="full")
    path.with_name("a_extended.json").write_text(json.dumps(beside))
    product = find_product(path).product
    assert product.scale == 0.5
    assert product.calibration is not None
    assert (product.calibration.quantity, product.calibration.quality) == ("sigma0", "full")
    assert sigma_nought_gain(product, "a") == 1


def test_amplitude_products_are_recognised_by_name_and_sidecar(write_scene: Callable[..., Path]) -> None:
    pixels = np.full((20, 30), 7, np.uint16)
    path = write_scene("CAPELLA_C14_SP_GEC_HH.tif", pixels)
    document = _document(rows=20, columns=30) | {"product_type": "GEC"}
    path.with_name("CAPELLA_C14_SP_GEC_HH_extended.json").write_text(json.dumps(document))
    product = find_product(path).product
    assert (product.kind, product.encoding) == ("capella-gec", Encoding.AMPLITUDE)


def test_beta_nought_becomes_sigma_nought_by_the_incidence_angle(write_scene: Callable[..., Path]) -> None:
    tags = _described(_document(radiometry="beta_nought")) | {
        "OEMSAR_LOOK_AZIMUTH": "90",
        "OEMSAR_INCIDENCE": "30",
    }
    product = find_product(write_scene("a.tif", SLC, tags=tags)).product
    with pytest.raises(InputError, match="beta nought and states no incidence angle"):
        sigma_nought_gain(product, "a.tif")
    seen = replace(product, look=Look(90, 30))
    assert sigma_nought_gain(seen, "a.tif") == pytest.approx(math.sin(math.radians(30)))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"collect": {"image": {"scale_factor": 0}}}, "scale_factor 0.0 is not a positive number"),
        ({"collect": {"image": {"scale_factor": "much"}}}, "no usable Capella metadata"),
        ({"collect": {}}, "no usable Capella metadata"),
        (_document(rows=21, columns=30), "has 20 x 30 pixels, its metadata say 21 x 30"),
        (_document() | {"product_type": "GEC"}, "complex64 pixels, which no Capella GEC has"),
    ],
)
def test_metadata_that_do_not_fit_are_refused(
    write_scene: Callable[..., Path], document: dict[str, Any], message: str
) -> None:
    path = write_scene("a.tif", SLC, tags=_described(document))
    with pytest.raises(InputError, match=message):
        find_product(path, "capella")


def test_a_file_without_metadata_is_refused(write_scene: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match=r"no Capella metadata; put its \*_extended.json beside it"):
        find_product(write_scene("a.tif", SLC), "capella")


def test_integer_complex_pixels_are_read_as_delivered(tmp_path: Path) -> None:
    """Capella delivers SLC as CInt16."""
    path = tmp_path / "a.tif"
    profile = {"driver": "GTiff", "count": 1, "height": 20, "width": 30, "dtype": "complex_int16"}
    pixels = (np.arange(600).reshape(20, 30) - 300 + 7j).astype(np.complex64)
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(pixels, 1)
        dataset.update_tags(**_described(_document()))
    found = find_product(path)
    assert found.product.kind == "capella-slc"
    summary = apply_radiometry(path, tmp_path / "o.tif", config=RadiometryConfig(remap="pedf"))
    assert summary.statistics.mean == pytest.approx(0.01 * np.abs(pixels).mean(), rel=1e-3)
