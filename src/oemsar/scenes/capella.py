"""Capella's open data: a static STAC catalogue of radar products, each an item of its own."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from oemsar.errors import InputError
from oemsar.progress import Report
from oemsar.scenes.download import download
from oemsar.scenes.scene import Asset, Scene, wkt_of
from oemsar.scenes.source import Order, Query, Services
from oemsar.scenes.stac import Item, StacAsset, absolute, crawl, read_catalogue, takes_folder
from oemsar.scenes.window import cut_asset, is_cut
from oemsar.web.client import Web

_POLARISATIONS = ("HH", "HV", "VH", "VV")
_TIMES = re.compile(r"_(\d{14})_(\d{14})(?=[_./]|$)")
"""Begin and end in the name of an item, such as `CAPELLA_C14_SP_GEO_HH_20240709040329_20240709040358`."""
_BY_TIME = "by-datetime"
_GROUPING = re.compile(r"by-[a-z-]+")
"""Catalogues that hold the same items by one property or another."""
_METADATA = "metadata"


class Capella:
    """Source of Capella's open data."""

    name = "capella"
    summary = "radar products of 0.3 to 1 m, X band (Capella Open Data)"
    licence = "CC BY 4.0"
    attribution = "Capella Space"
    assets = ("GEO", "GEC", _METADATA)
    endpoints = ("capella_catalog",)
    has_levels = False

    def search(self, query: Query, services: Services) -> Iterator[Scene]:
        """Find products that meet an area and a time.

        Raises:
            Failure: The catalogue cannot be reached or does not answer as it should.
        """
        root = services.endpoints.of("capella_catalog")
        takes, seen = _takes(services.web, root, query), set[str]()
        for address, item in crawl(services.web, root, takes):
            scene = None if item.id in seen else _scene(item, address, self)
            seen.add(item.id)
            if scene is not None and query.takes(scene):
                yield scene

    def fetch(self, order: Order, services: Services, report: Report) -> None:
        """Bring a file to disk: whole, or the part of an image that meets a window.

        Raises:
            InputError: The window does not meet the image.
            DiskFull: The disk has no room left.
            Failure: The network or the disk fails.
        """
        if is_cut(order):
            cut_asset(order, services, report)
        else:
            download(order, services, report)


def _takes(web: Web, root: str, query: Query) -> Callable[[str], bool]:
    """Tell by its address what a catalogue or an item may hold; of several groupings that by time alone."""
    catalogue = read_catalogue(web, root)
    links = [] if catalogue is None else [link.href for link in catalogue.links if link.rel == "child"]
    by_time = any(_BY_TIME in href for href in links)
    folder = takes_folder(query)

    def takes(address: str) -> bool:
        grouping = _GROUPING.search(address.removeprefix(root.rpartition("/")[0]))
        if by_time and grouping is not None and _BY_TIME not in grouping[0]:
            return False
        times = _TIMES.search(address)
        if times is None:
            return folder(address)
        start, end = (_moment(time) for time in times.groups())
        return query.takes_time(start, end)

    return takes


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _scene(item: Item, address: str, source: Capella) -> Scene | None:
    """Describe an item; None where it has no place or no file."""
    outline = next(iter(item.outlines()), None)
    product = item.text("sar:product_type", "product:type") or "image"
    images = {
        key: asset for key, asset in item.assets.items() if key.upper() in _POLARISATIONS and asset.href
    }
    named = {product if len(images) == 1 else f"{product}_{key}": asset for key, asset in images.items()}
    metadata = item.assets.get(_METADATA)
    if metadata is not None and metadata.href:
        named[_METADATA] = metadata
    if outline is None or not named:
        return None
    resolutions = [item.number(f"sar:resolution_{axis}") for axis in ("range", "azimuth")]
    start = item.time("start_datetime", "datetime")
    polarisations = item.properties.get("sar:polarizations")
    try:
        return Scene(
            name=item.id,
            source=source.name,
            footprint=wkt_of(outline),
            start=start,
            end=item.time("end_datetime"),
            year=None if start is None else start.year,
            gsd=max((value for value in resolutions if value), default=None),
            licence=source.licence,
            attribution=source.attribution,
            incidence=item.number("view:incidence_angle"),
            polarisation=",".join(map(str, polarisations)) if isinstance(polarisations, list) else None,
            assets=tuple(_asset(name, asset, address) for name, asset in named.items()),
        )
    except InputError:
        return None


def _asset(name: str, asset: StacAsset, address: str) -> Asset:
    href = absolute(address, asset.href or "")
    return Asset(
        name=name,
        file=unquote(urlsplit(href).path).rpartition("/")[2],
        address=href,
        media_type=asset.type,
        size=asset.size,
        sha256=asset.sha256,
    )


SOURCE = Capella()
