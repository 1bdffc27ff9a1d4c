"""The kinds of product that are read, and how a file is recognised as one of them."""

from pathlib import Path

from oemsar.errors import InputError
from oemsar.products import capella, plain, sentinel1, sicd, umbra
from oemsar.products.reader import Found, Reader

READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (sicd.READER, capella.READER, sentinel1.READER, umbra.READER, *plain.READERS)
}
"""By name, in the order in which a file is held against them."""


def find_product(path: Path, name: str | None = None, band: int | None = None) -> Found:
    """Find out what the radar file `path` is.

    Args:
        path: the file.
        name: the kind of product, where the person knows better; None recognises it.
        band: which band, from 1; None takes the only one, or the first of a product whose bands are known
            to be polarisations.

    Raises:
        InputError: the file is unreadable, an optical image, or not of the kind `name`; or its band must be
            chosen.
    """
    if name is not None:
        if name not in READERS:
            raise InputError(f"product {name} is not known; choose one of {', '.join(READERS)}")
        return READERS[name].read(path, band)
    for reader in READERS.values():
        if reader.recognises(path):
            return reader.read(path, band)
    raise InputError(f"{path} is of no kind that is read; name it with --product: {', '.join(READERS)}")
