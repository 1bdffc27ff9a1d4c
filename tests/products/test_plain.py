"""Rasters that state nothing are told apart by their type and by values below zero."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from oemsar.errors import InputError
from oemsar.geometry.look import Look, look_tags
from oemsar.products.plain import looks_decibel
from oemsar.products.product import Encoding
from oemsar.products.registry import find_product
from oemsar.raster.read import open_raster

Write = Callable[..., Path]


def test_bytes_this_package_wrote_are_not_taken_for_umbra(write_scene: Write) -> None:
    tags = {"OEMSAR_REMAP": "pedf", "OEMSAR_ATTRIBUTION": "Somebody"}
    product = find_product(write_scene("a.tif", np.ones((4, 5), np.uint8), tags=tags)).product
    assert (product.kind, product.display_tuned, product.attribution) == ("amplitude", True, "Somebody")


def test_tags_of_the_file_are_facts_of_the_product(write_scene: Write) -> None:
    tags = {"OEMSAR_POLARISATION": "HH", "OEMSAR_LICENCE": "CC0", **look_tags(Look(77.0, 31.0), -4.5)}
    product = find_product(write_scene("a.tif", np.ones((4, 5), np.uint16), tags=tags)).product
    assert (product.look, product.projection_height) == (Look(77.0, 31.0), -4.5)
    assert (product.polarisation, product.licence, product.display_tuned) == ("HH", "CC0", False)


@pytest.mark.parametrize(("share", "decibel"), [(0.05, False), (0.15, True)])
def test_a_tenth_of_the_pixels_below_zero_makes_decibels(
    write_scene: Write, share: float, decibel: bool
) -> None:
    pixels = np.where(np.random.default_rng(0).uniform(size=(300, 700)) < share, -1, 1).astype(np.float32)
    with open_raster(write_scene("a.tif", pixels)) as dataset:
        assert looks_decibel(dataset, 1) is decibel


def test_nodata_below_zero_is_no_value_and_neither_is_what_is_not_finite(write_scene: Write) -> None:
    pixels = np.ones((2, 300, 700), np.float32)
    pixels[1, :100] = -9999
    pixels[1, 100:200] = -np.inf
    with open_raster(write_scene("a.tif", pixels, nodata=-9999)) as dataset:
        assert not looks_decibel(dataset, 2)
    with open_raster(write_scene("b.tif", pixels)) as dataset:
        assert not looks_decibel(dataset, 2)  # no backscatter is as low as -9999
        assert not looks_decibel(dataset, 1)


@pytest.mark.parametrize(("offset", "decibel"), [(0.0, True), (20.0, False)])
def test_scale_and_offset_of_the_band_decide_what_lies_below_zero(
    write_scene: Write, offset: float, decibel: bool
) -> None:
    """Hundredths of dB, as whole numbers down to -2000; with 20 added none is below zero."""
    path = write_scene("a.tif", np.arange(-2000, 0, dtype=np.int16).reshape(40, 50))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.01,), (offset,)
    with open_raster(path) as dataset:
        assert looks_decibel(dataset, 1) is decibel


@pytest.mark.parametrize("corner", [np.s_[:256, :256], np.s_[-256:, -256:], np.s_[:256, -256:]])
def test_samples_reach_all_corners(write_scene: Write, corner: tuple[slice, slice]) -> None:
    """Data is in one corner alone, all of it below zero."""
    pixels = np.full((1100, 2900), np.nan, np.float32)
    pixels[corner] = -5
    with open_raster(write_scene("a.tif", pixels)) as dataset:
        assert looks_decibel(dataset, 1)


def test_unsigned_and_complex_pixels_are_no_decibels(write_scene: Write) -> None:
    for pixels in (np.ones((4, 5), np.uint16), np.full((4, 5), -1 - 1j, np.complex64)):
        with open_raster(write_scene("a.tif", pixels)) as dataset:
            assert not looks_decibel(dataset, 1)


def test_signed_integers_below_zero_are_decibels(write_scene: Write) -> None:
    product = find_product(write_scene("a.tif", np.full((4, 5), -12, np.int16))).product
    assert (product.kind, product.encoding) == ("db", Encoding.DECIBEL)


def test_hundredths_of_decibels_without_their_scale_are_no_decibels(write_scene: Write) -> None:
    """As 16-bit files of dB are often written; read as they are, every amplitude would be zero."""
    decibels = np.random.default_rng(0).normal(-9, 6, (120, 170))
    path = write_scene("a.tif", np.round(decibels * 100).astype(np.int16))
    with pytest.raises(InputError, match=r"product: .*a\.tif has values of -\d+, which are no decibels"):
        find_product(path)
    with rasterio.open(path, "r+") as dataset:
        dataset.scales = (0.01,)
    assert find_product(path).product.kind == "db"


def test_the_logarithm_of_nearly_nothing_is_a_value_of_decibels(write_scene: Write) -> None:
    """10 log10 of 0 and 1e-30, over most of the image."""
    decibels = np.random.default_rng(0).normal(-9, 6, (120, 170)).astype(np.float32)
    decibels[:, :100] = -300
    assert find_product(write_scene("a.tif", decibels)).product.kind == "db"
