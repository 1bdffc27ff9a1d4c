"""A file is recognised by what tells its kind, never by its number of bands, and the reason is said."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp

from oemsar.errors import InputError
from oemsar.products.product import Encoding
from oemsar.products.registry import READERS, find_product

POWER = np.random.default_rng(0).exponential(0.1, (2, 40, 50)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "pixels", "kind", "encoding", "reason"),
    [
        (
            "2024_UMBRA-05_GEC.tif",
            np.ones((40, 50), np.uint8),
            "umbra-gec",
            Encoding.AMPLITUDE,
            "name of Umbra",
        ),
        ("a.tif", np.ones((40, 50), np.uint8), "amplitude", Encoding.AMPLITUDE, "uint8 pixels, and nothing"),
        ("a.tif", np.ones((40, 50), np.uint16), "amplitude", Encoding.AMPLITUDE, "uint16 pixels"),
        ("a.tif", POWER[0], "amplitude", Encoding.AMPLITUDE, "nothing says that they are power"),
        # a few pixels below zero
        ("a.tif", POWER[0] - (POWER[0] < 0.002), "amplitude", Encoding.AMPLITUDE, "float32 pixels"),
        ("a.tif", POWER[0] - 20, "db", Encoding.DECIBEL, "many values below zero"),
        ("iw-vv.rtc.tiff", POWER[0], "sentinel1-rtc", Encoding.POWER, "name of Planetary Computer"),
        ("a.tif", POWER[0] * 1j, "complex", Encoding.MODULUS, "complex64 pixels"),
    ],
)
def test_kinds_are_recognised_and_said(  # noqa: PLR0917 (one row of the table)
    write_scene: Callable[..., Path],
    caplog: pytest.LogCaptureFixture,
    name: str,
    pixels: np.ndarray,
    kind: str,
    encoding: Encoding,
    reason: str,
) -> None:
    caplog.set_level("INFO", "oemsar")
    found = find_product(write_scene(name, pixels))
    assert (found.product.kind, found.product.encoding) == (kind, encoding)
    assert reason in found.recognised_by
    assert [record.getMessage() for record in caplog.records] == [
        f"{found.path} is read as {kind}: {found.recognised_by}"
    ]


@pytest.mark.parametrize("alpha", [True, False])
@pytest.mark.parametrize("pixels", [POWER, np.log10(POWER) * 10])
def test_no_number_of_bands_makes_a_polarisation_pair(
    write_scene: Callable[..., Path], pixels: np.ndarray, alpha: bool
) -> None:
    """Two bands are read only where a person says which, or what they are; an alpha band is none."""
    path = write_scene("a.tif", pixels)
    if alpha:
        with rasterio.open(path, "r+") as dataset:
            dataset.colorinterp = [ColorInterp.gray, ColorInterp.alpha]
        found = find_product(path)
        assert (found.band, found.product.polarisation, found.product.calibration) == (1, None, None)
        assert found.product.kind in ("amplitude", "db")
        return
    with pytest.raises(InputError, match="2 bands; choose one from 1 to 2, or name the product"):
        find_product(path)
    assert find_product(path, band=2).product.kind in ("amplitude", "db")
    named = find_product(path, "sentinel1-rtc")
    assert (named.product.polarisation, named.recognised_by) == ("VV,VH", "named by a person")


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
        (np.ones((4, 4, 5), np.float32), None, "4 bands; choose one from 1 to 4"),
        (np.ones((4, 5), np.uint8), "iceye", "product iceye is not known; choose one of sicd, sentinel1-grd"),
    ],
)
def test_what_does_not_fit_is_refused(
    write_scene: Callable[..., Path], pixels: np.ndarray, name: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        find_product(write_scene("a.tif", pixels), name)


def test_every_kind_says_what_it_is() -> None:
    assert all(READERS.find(name).summary and READERS.find(name).name == name for name in READERS)


@pytest.mark.parametrize("name", ["notes.txt", "empty.tif", "folder.tif", "missing.tif"])
def test_what_no_reader_can_open_is_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "notes.txt":
        path.write_text("notes")
    elif name == "empty.tif":
        path.touch()
    elif name == "folder.tif":
        path.mkdir()
    with pytest.raises(InputError, match=name):
        find_product(path)


@pytest.mark.parametrize("name", list(READERS))
def test_no_reader_raises_over_what_it_cannot_open(tmp_path: Path, name: str) -> None:
    """Hostile beginnings of files, and files that cannot be read."""
    beginnings = [
        b"",
        b"II*\x00\x08\x00\x00\x00",
        b"NITF02.10IMSICD" + bytes(5000),
        b"<?xml?>",
        b"\x89PNG\r\n",
    ]
    reader = READERS.find(name)
    for number, content in enumerate(beginnings):
        path = tmp_path / f"iw-vv.rtc{number}.tif"
        path.write_bytes(content)
        found = reader.recognises(path)
        assert found is None or (name, number) == ("sicd", 2)
    assert reader.recognises(tmp_path / ("x" * 300)) is None
