"""XML files of metadata beside a product, read whole within a limit; declarations of entities are refused."""

from pathlib import Path
from xml.etree import ElementTree

from oemsar.errors import InputError

MOST_BYTES = 64 << 20
"""Largest metadata file that is read; the annotations of Sentinel-1 have less than 10 MB."""


def read_xml(path: Path) -> ElementTree.Element:
    """Read the XML file `path`.

    Raises:
        InputError: It is missing, too large, damaged, or declares a document type, which metadata of products
            do not and through which a few bytes can become many.
    """
    text = read_text(path)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InputError(f"{path} declares a document type, which metadata do not; fetch it again")
    try:
        return ElementTree.fromstring(text)  # noqa: S314 (document types are refused above)
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not an XML file that can be read; fetch it again") from error


def read_text(path: Path) -> str:
    """Read a text file of metadata whole.

    Raises:
        InputError: It is missing, too large, or not UTF-8.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise InputError(f"{path} has {size} bytes, too many for metadata; fetch it again")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read; fetch it again") from error
