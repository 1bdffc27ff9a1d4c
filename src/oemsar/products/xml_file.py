"""XML files of metadata beside a product, read whole within a limit; declarations of entities are refused."""

from pathlib import Path
from xml.etree import ElementTree

from oemsar.errors import InputError
from oemsar.limits import read_text
from oemsar.xml_text import parse_xml


def read_xml(path: Path) -> ElementTree.Element:
    """Read the XML file `path`.

    Raises:
        InputError: It is missing, too large, damaged, or declares a document type, which metadata of products
            do not and through which a few bytes can become many.
    """
    text = read_text(path)
    try:
        return parse_xml(text)
    except ValueError as error:
        raise InputError(f"{path} is not an XML file that can be read ({error}); fetch it again") from error
