"""Search through a STAC API (STAC API, Item Search 1.0), page by page."""

from collections.abc import Iterator
from urllib.parse import quote, urlencode

from pydantic import JsonValue
from shapely.geometry.base import BaseGeometry

from oemsar.config_file import Foreign, parse_json
from oemsar.errors import Failure, InputError
from oemsar.scenes.source import Query
from oemsar.scenes.stac import Item, Link, absolute, parse_item
from oemsar.web.client import DAY, Web

_PAGE = 100
_MOST_PAGES = 10_000


class _Page(Foreign):
    """Page of an answer."""

    features: tuple[dict[str, JsonValue], ...]
    """Items as GeoJSON."""
    links: tuple[Link, ...] = ()
    """Links, that to the next page among them."""


def search_items(web: Web, api: str, collection: str, query: Query) -> Iterator[Item]:
    """List the items of a collection whose box meets an area and whose time meets a time.

    Args:
        web: Client that makes the requests.
        api: Address of the API.
        collection: Name of the collection.
        query: Area and time.

    Raises:
        Failure: The API cannot be reached or does not answer as it should.
    """
    for part in getattr(query.area, "geoms", (query.area,)):
        address: str | None = f"{api}/search?{_asked(collection, part, query)}"
        for _ in range(_MOST_PAGES):
            if address is None:
                break
            page = _read(web.require(address, keep=DAY), api)
            yield from filter(None, map(parse_item, page.features))
            following = next(
                (link for link in page.links if link.rel == "next" and link.method == "GET"), None
            )
            address = None if following is None else absolute(address, following.href)


def _asked(collection: str, area: BaseGeometry, query: Query) -> str:
    asked = {
        "collections": collection,
        "bbox": ",".join(f"{value:.8g}" for value in area.bounds),
        "limit": str(_PAGE),
    }
    if query.start is not None or query.end is not None:
        times = ("" if time is None else f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in (query.start, query.end))
        asked["datetime"] = "/".join(time or ".." for time in times)
    return urlencode(asked, quote_via=quote, safe=",:/")


def _read(content: bytes, api: str) -> _Page:
    try:
        return _Page.model_validate(parse_json(content.decode("utf-8-sig")))
    except (InputError, ValueError) as error:
        raise Failure(
            f"{api} does not answer as a STAC API ({error}); see whether the service has moved",
            option="endpoint",
        ) from error
