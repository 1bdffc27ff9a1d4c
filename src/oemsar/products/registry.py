"""The kinds of product that are read, and how a file is recognised as one of them."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from oemsar.errors import InputError
from oemsar.registry import Registry

if TYPE_CHECKING:
    from oemsar.products.reader import OpenedProduct, Reader

log = logging.getLogger(__name__)

_OWN = {
    "sicd": "oemsar.products.sicd:READER",
    "sentinel1-grd": "oemsar.products.sentinel1_grd:READER",
    "capella": "oemsar.products.capella:READER",
    "iceye-grd": "oemsar.products.iceye:READER",
    "sentinel1-rtc": "oemsar.products.sentinel1_rtc:READER",
    "umbra-gec": "oemsar.products.umbra:READER",
    "complex": "oemsar.products.plain:COMPLEX",
    "db": "oemsar.products.plain:DECIBEL",
    "power": "oemsar.products.plain:POWER",
    "amplitude": "oemsar.products.plain:AMPLITUDE",
}
"""Readers of this package in the order in which they are tried, the most particular first."""

READERS: Registry["Reader"] = Registry("product", "oemsar.products", _OWN)
"""Readers by the name of the product; another package adds an `oemsar.products.reader.Reader`."""


def find_product(path: Path, name: str | None = None, band: int | None = None) -> "OpenedProduct":
    """Recognise a radar file and read what it says about itself; the kind and what told it are logged.

    Readers of other packages are tried first, since `complex` and `amplitude` recognise any raster.

    Args:
        path: File of the product, or its folder.
        name: Kind of product, where the person knows better; None recognises it.
        band: Band, from 1; None takes the only one, or the first of a product whose bands are known to be
            polarisations.

    Raises:
        InputError: The file is unreadable, an optical image, or not of the kind `name`; or its band must be
            chosen.
    """
    if name is not None:
        return _told(READERS.find(name).read(path, band), "named by a person")
    reader, reason = recognise(path)
    return _told(reader.read(path, band), reason)


def recognise(path: Path) -> tuple["Reader", str]:
    """Find the reader of a radar file, without reading what the file says about itself.

    Args:
        path: File of the product, or its folder.

    Returns:
        The reader, and what told the kind, in words.

    Raises:
        InputError: The file is unreadable or of no kind that is read.
    """
    names = READERS.names()
    for each in (*(added for added in names if added not in _OWN), *_OWN):
        reader = READERS.find(each)
        reason = reader.recognises(path)
        if reason is not None:
            return reader, reason
    from oemsar.raster.read import open_raster  # the names alone must not load GDAL

    with open_raster(path):  # says why a file cannot be opened
        pass
    raise InputError(
        f"{path} is of no kind that is read; name one of {', '.join(names)}", option=READERS.option
    )


def _told(found: "OpenedProduct", reason: str) -> "OpenedProduct":
    """Say what a file is taken for and why."""
    log.info("%s is read as %s: %s", found.path, found.product.kind, reason)
    return replace(found, recognised_by=reason)
