"""XML of metadata is read within limits; what could grow or is no XML is refused in a sentence."""

from pathlib import Path

import pytest

from oemsar.errors import InputError
from oemsar.limits import raised_limits
from oemsar.products.xml_file import read_xml

BOMB = '<!DOCTYPE a [<!ENTITY b "ccccc"><!ENTITY d "&b;&b;&b;">]><a>&d;</a>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>'


def test_elements_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text('<?xml version="1.0" encoding="UTF-8"?><a><b>\u00e9</b></a>', encoding="utf-8")
    assert read_xml(path).findtext("b") == "\u00e9"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BOMB.encode(), "declares a document type"),
        (OUTSIDE.encode(), "declares a document type"),
        (b"<a><b></a>", "is not an XML file that can be read"),
        (b"", "is not an XML file that can be read"),
        (b"<a>\xff</a>", "no text in UTF-8"),
        (b"<a>" * 200_000, "is not an XML file that can be read"),
    ],
)
def test_what_is_no_plain_xml_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_xml(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text("<a/>  ")
    with raised_limits(text_bytes=5), pytest.raises(InputError, match="has bytes: 6, more than the 5"):
        read_xml(path)
    for missing in (tmp_path / "missing.xml", tmp_path):
        with pytest.raises(InputError, match=r"does not exist|is a folder"):
            read_xml(missing)
