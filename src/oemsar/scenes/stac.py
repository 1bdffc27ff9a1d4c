"""STAC catalogues and items, as far as sources read them.

Own models of the few fields that are read, and no pystac: its objects resolve links by requests of their own,
beside the pace, the tries and the cache that hold here, and one item that breaks the specification ends its
reading, while services publish such items.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urljoin

import shapely
from pydantic import Field, JsonValue
from shapely.geometry.base import BaseGeometry

from oemsar.config_file import Foreign, parse_json
from oemsar.errors import Failure, InputError
from oemsar.scenes.source import Query
from oemsar.web.client import DAY, Web

_log = logging.getLogger(__name__)

_KEEP_ITEMS = 7 * DAY
_SAFE = "%/:=&?~#+!$,;'@()*[]"
_SLACK = timedelta(days=1)
_LONGEST_YEAR = timedelta(days=366)
_LONGEST_MONTH = timedelta(days=31)
_FOLDER = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
"""Folder of a year, a month or a day."""


class Link(Foreign):
    """Link of a catalogue."""

    rel: str
    """Relation, such as `child` or `item`."""
    href: str = ""
    """Address, possibly relative."""
    method: str = "GET"
    """HTTP method by which the link is followed."""
    body: dict[str, JsonValue] | None = None
    """Body of a request by POST."""


class Catalogue(Foreign):
    """Catalogue or collection."""

    id: str
    """Name of the catalogue."""
    links: tuple[Link, ...] = ()
    """Links to children and items."""


class StacAsset(Foreign):
    """Asset of an item."""

    href: str | None = None
    """Address, possibly relative, empty or wrong."""
    type: str | None = None
    """Media type."""
    checksum: str | None = Field(None, alias="file:checksum")
    """Multihash of the content, hexadecimal."""
    size: int | None = Field(None, alias="file:size", ge=0)
    """Bytes of the file."""

    @property
    def sha256(self) -> str | None:
        """SHA-256 of the content; None where the multihash is another one or missing."""
        found = re.fullmatch("1220([0-9a-f]{64})", self.checksum or "")
        return None if found is None else found[1]


class Item(Foreign):
    """Item of a catalogue."""

    id: str = Field(min_length=1)
    """Name of the item."""
    geometry: dict[str, JsonValue] | None = None
    """Outline as GeoJSON."""
    bbox: tuple[float, ...] | None = None
    """West, south, east and north, or with heights between."""
    properties: dict[str, JsonValue] = Field(default={})
    """Properties by their names with prefix."""
    assets: dict[str, StacAsset] = Field(default={})
    """Assets by name."""

    def text(self, *names: str) -> str | None:
        """Give the first property of these names that is a text or a whole number."""
        found = (self.properties.get(name) for name in names)
        return next((str(value) for value in found if isinstance(value, str | int) and value != ""), None)

    def number(self, *names: str) -> float | None:
        """Give the first property of these names that is a number, or a text of one."""
        for name in names:
            try:
                return float(str(self.properties[name]))
            except (KeyError, ValueError):
                continue
        return None

    def time(self, *names: str) -> datetime | None:
        """Give the first property of these names that is a time, in UTC."""
        for name in names:
            found = read_time(self.properties.get(name))
            if found is not None:
                return found
        return None

    def outlines(self) -> list[BaseGeometry]:
        """List the outline and the box of the item, those that are there and hold ground."""
        found = [read_outline(self.geometry)]
        if self.bbox is not None and len(self.bbox) in (4, 6):
            half = len(self.bbox) // 2
            found.append(box_outline(self.bbox[0], self.bbox[1], self.bbox[half], self.bbox[half + 1]))
        return [outline for outline in found if outline is not None]


def read_time(value: JsonValue) -> datetime | None:
    """Read a time of RFC 3339, in UTC; None where it is none."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def read_outline(geometry: JsonValue) -> BaseGeometry | None:
    """Read an outline from GeoJSON, without heights; None where it is none or holds no ground."""
    if not isinstance(geometry, dict):
        return None
    try:
        outline = shapely.make_valid(shapely.force_2d(shapely.geometry.shape(geometry)))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, shapely.errors.GEOSException):
        return None
    left, bottom, right, top = outline.bounds if outline.area > 0 else (1.0, 1.0, 0.0, 0.0)
    inside = -180 <= left <= right <= 180 and -90 <= bottom <= top <= 90
    return outline if inside else None


def box_outline(west: float, south: float, east: float, north: float) -> BaseGeometry | None:
    """Make the outline of a box, cut at the antimeridian where west is greater than east; None for no box."""
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south < north <= 90) or west == east:
        return None
    if west < east:
        return shapely.box(west, south, east, north)
    return shapely.union_all([shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)])


def absolute(base: str, href: str) -> str:
    """Resolve a link, with the blanks and other characters of its names quoted."""
    return urljoin(base, quote(href, safe=_SAFE))


def parse_item(fields: JsonValue) -> Item | None:
    """Read an item; None where it is none."""
    try:
        return Item.model_validate(fields)
    except InputError:
        return None


def crawl(web: Web, root: str, takes: Callable[[str], bool]) -> Iterator[tuple[str, Item]]:
    """Walk a static catalogue and give its items with their addresses.

    Children and items that are missing or damaged are left out with a warning.

    Args:
        web: Client that makes the requests.
        root: Address of the catalogue.
        takes: Tells by its address whether a child may hold, or an item may be, what is looked for.

    Raises:
        Failure: The catalogue itself is missing or is none, or the server cannot be reached.
    """
    seen: set[str] = set()
    waiting = [root]
    while waiting:
        address = waiting.pop()
        catalogue = read_catalogue(web, address)
        if catalogue is None and address == root:
            raise Failure(
                f"{root} is no STAC catalogue; see whether the service has moved, and name its present "
                "address",
                option="endpoint",
            )
        if catalogue is None:
            _log.warning("%s is missing or no STAC catalogue, and is left out", address)
            continue
        links = [(link.rel, absolute(address, link.href)) for link in catalogue.links if link.href]
        children = [each for rel, each in links if rel == "child" and each not in seen and takes(each)]
        seen.update(children)
        waiting.extend(reversed(children))
        yield from _items(web, [each for rel, each in links if rel == "item" and takes(each)])


def _items(web: Web, addresses: list[str]) -> Iterator[tuple[str, Item]]:
    for address, content in zip(addresses, web.get_all(addresses, keep=_KEEP_ITEMS), strict=True):
        item = parse_item(_document(content))
        if item is None:
            _log.warning("%s is missing or no STAC item, and is left out", address)
        else:
            yield address, item


def takes_folder(query: Query) -> Callable[[str], bool]:
    """Tell by the folder of its address, where that is a year, a month or a day, what a child may hold."""

    def takes(address: str) -> bool:
        folder = address.rpartition("/")[0].rpartition("/")[2]
        found = _FOLDER.fullmatch(folder)
        if found is None:
            return True
        year, month, day = (int(part) if part else 0 for part in found.groups())
        try:
            first = datetime(year, month or 1, day or 1, tzinfo=UTC)
        except ValueError:
            return True
        span = timedelta(days=1) if day else _LONGEST_MONTH if month else _LONGEST_YEAR
        return query.takes_time(first - _SLACK, first + span + _SLACK)

    return takes


def read_catalogue(web: Web, address: str) -> Catalogue | None:
    """Read a catalogue; None where it is missing or none.

    Raises:
        Failure: The server cannot be reached.
    """
    try:
        return Catalogue.model_validate(_document(web.get(address, keep=DAY)))
    except InputError:
        return None


def _document(content: bytes | None) -> JsonValue:
    """Parse JSON; None where there is none."""
    if content is None:
        return None
    try:
        return parse_json(content.decode("utf-8-sig"))
    except (ValueError, json.JSONDecodeError):
        return None
