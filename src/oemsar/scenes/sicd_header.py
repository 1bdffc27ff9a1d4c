"""The metadata of a SICD, read from some parts of its file, which can have more than 10 GB.

The header of NITF 2.1 (MIL-STD-2500C, table A-1) tells the lengths of all segments; the XML of SICD
(NGA.STND.0024-1) is a data extension segment behind the image. sarkit reads the same, but is an extra, and a
search for scenes should not need one.
"""

import io
from datetime import datetime
from typing import BinaryIO, NamedTuple

from pydantic import JsonValue
from shapely.geometry.base import BaseGeometry

from oemsar.errors import Failure
from oemsar.limits import require_limit
from oemsar.scenes.stac import read_outline, read_time
from oemsar.xml_text import parse_xml

_LENGTHS = 354
"""Offset of the length of the header, behind which the numbers and lengths of segments follow."""
_SEGMENTS = (("image", 6, 10), ("graphic", 4, 6), ("reserved", 0, 0), ("text", 4, 5), ("data", 4, 9))
"""Kinds of segment in their order, with the digits of the lengths of subheader and content."""


class SicdFacts(NamedTuple):
    """Facts on a SICD.

    Attributes:
        outline: Outline of the image in EPSG:4326; None where not stated.
        start: Begin of the collect; None where not stated.
        look_azimuth: Direction in which the radar looks at the scene, degrees from north; None where not
            stated.
        incidence: Incidence angle at the scene centre, degrees; None where not stated.
    """

    outline: BaseGeometry | None
    start: datetime | None
    look_azimuth: float | None
    incidence: float | None


def read_sicd_facts(file: BinaryIO | io.RawIOBase, name: str) -> SicdFacts:
    """Read the metadata of a SICD.

    Args:
        file: The file, open for reading at any offset.
        name: Name of the file in sentences.

    Raises:
        Failure: It is no SICD in NITF.
    """
    try:
        root = parse_xml(_xml(file))
        corners: list[JsonValue] = [
            [float(corner.findtext("{*}Lon", "")), float(corner.findtext("{*}Lat", ""))]
            for corner in root.iterfind("{*}GeoData/{*}ImageCorners/{*}ICP")
        ]
    except ValueError as error:
        raise Failure(f"{name} is no SICD that can be read ({error}); fetch its metadata file") from error
    ring = [*corners, *corners[:1]]
    azimuth, incidence = (_number(root.findtext(f"{{*}}SCPCOA/{{*}}{key}")) for key in _ANGLES)
    return SicdFacts(
        outline=read_outline({"type": "Polygon", "coordinates": [ring]}) if len(corners) > 2 else None,
        start=read_time(root.findtext("{*}Timeline/{*}CollectStart")),
        # AzimAng points from the scene centre to the sensor
        look_azimuth=None if azimuth is None else (azimuth + 180) % 360,
        incidence=incidence,
    )


_ANGLES = ("AzimAng", "IncidenceAng")


def _xml(file: BinaryIO | io.RawIOBase) -> bytes:
    """Find the first data extension segment that is XML of SICD and read it."""
    head = _read(file, 0, _LENGTHS + 6)
    if not head.startswith(b"NITF"):
        raise ValueError("it does not begin as NITF")
    length = int(head[_LENGTHS:])
    require_limit(length, "text_bytes", "a header of NITF has bytes:")
    header = io.BytesIO(_read(file, 0, length))
    header.seek(_LENGTHS + 6)
    offset = length
    for kind, subheader, content in _SEGMENTS:
        for _ in range(int(header.read(3))):
            sizes = int(header.read(subheader) or 0), int(header.read(content) or 0)
            if kind == "data" and b"SICD" in (start := _read(file, offset + sizes[0], min(sizes[1], 512))):
                require_limit(sizes[1], "text_bytes", "the metadata of a SICD have bytes:")
                return start + _read(file, offset + sizes[0] + len(start), sizes[1] - len(start))
            offset += sum(sizes)
    raise ValueError("it has no metadata of SICD")


def _read(file: BinaryIO | io.RawIOBase, offset: int, count: int) -> bytes:
    file.seek(offset)
    found = bytearray()
    while len(found) < count:
        part = file.read(count - len(found))
        if not part:
            raise ValueError("it ends too early")
        found += part
    return bytes(found)


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
