"""A file is recognised for what it is: Umbra, Sentinel-1, plain rasters, and what is no radar."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from oemsar.errors import InputError
from oemsar.products.product import Encoding
from oemsar.products.registry import READERS, find_product

POWER = np.random.default_rng(0).exponential(0.1, (2, 40, 50)).astype(np.float32)


@pytest.mark.parametrize(
    ("pixels", "kind", "encoding"),
    [
        (np.ones((40, 50), np.uint8), "umbra-gec", Encoding.AMPLITUDE),
        (np.ones((40, 50), np.uint16), "amplitude", Encoding.AMPLITUDE),
        (POWER[0], "amplitude", Encoding.AMPLITUDE),
        (POWER[0] - (POWER[0] < 0.002), "amplitude", Encoding.AMPLITUDE),  # a few pixels below zero
        (POWER[0] - 20, "db", Encoding.DECIBEL),
        (POWER, "sentinel1-rtc", Encoding.POWER),
        (np.log10(POWER) * 10, "sentinel1-rtc", Encoding.DECIBEL),
        (POWER[0] * 1j, "complex", Encoding.MODULUS),
    ],
)
def test_kinds_are_recognised(
    write_scene: Callable[..., Path], pixels: np.ndarray, kind: str, encoding: Encoding
) -> None:
    product = find_product(write_scene("a.tif", pixels)).product
    assert (product.kind, product.encoding) == (kind, encoding)


def test_the_named_kind_goes_before_the_recognised_one(write_scene: Callable[..., Path]) -> None:
    product = find_product(write_scene("a.tif", POWER[0]), "power").product
    assert product.encoding is Encoding.POWER


@pytest.mark.parametrize(
    ("pixels", "name", "message"),
    [
        (np.ones((3, 4, 5), np.uint8), None, "3 bands of uint8: an optical image where radar is expected"),
        (np.ones((3, 4, 5), np.uint8), "umbra-gec", "an optical image where radar is expected"),
        (np.ones((4, 5), np.complex64), "amplitude", "is complex where amplitude has real pixels"),
        (np.ones((4, 5), np.complex64), "umbra-gec", "is complex where umbra-gec has real pixels"),
        (np.ones((4, 5), np.uint8), "complex", "uint8 pixels where complex is complex"),
        (np.ones((4, 4, 5), np.float32), None, "band: .*4 bands; choose one from 1 to 4"),
        (np.ones((4, 5), np.uint8), "iceye", "product iceye is not known; choose one of sicd, capella"),
    ],
)
def test_what_does_not_fit_is_refused(
    write_scene: Callable[..., Path], pixels: np.ndarray, name: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        find_product(write_scene("a.tif", pixels), name)


def test_every_kind_says_what_it_is() -> None:
    assert all(READERS.find(name).summary and READERS.find(name).name == name for name in READERS)
