"""NAIP orthophotos of the United States, as the Planetary Computer offers them: a STAC API with signed links.

Four bands of bytes, red, green, blue and near infrared; some files mark the fourth as alpha, which it is not.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

import numpy as np
import shapely
from pydantic import JsonValue
from pyproj import Transformer
from pyproj.exceptions import CRSError, ProjError
from shapely.geometry.base import BaseGeometry

from oemsar.errors import InputError
from oemsar.progress import Report
from oemsar.scenes.download import download
from oemsar.scenes.scene import Asset, Scene, wkt_of
from oemsar.scenes.signing import SignedLinks
from oemsar.scenes.source import Order, Query, Services
from oemsar.scenes.stac import Item
from oemsar.scenes.stac_api import search_items
from oemsar.scenes.tags import tags_of
from oemsar.scenes.window import cut_asset, is_cut

LICENCE = "public domain (work of the United States government); the agency asks to be credited"
"""Terms of NAIP."""
ATTRIBUTION = (
    "Imagery courtesy of the National Agriculture Imagery Program (NAIP), "
    "U.S. Department of Agriculture, YEAR"
)
"""Words that a publication of NAIP must carry."""
COLOURS = ("Red", "Green", "Blue", "Undefined")
"""Colours of the bands of NAIP; the last is near infrared."""


class Naip:
    """Source of NAIP through a STAC API."""

    name = "naip"
    summary = "orthophotos of the United States, 0.3 to 1 m, near infrared (NAIP, Planetary Computer)"
    licence = LICENCE
    attribution = ATTRIBUTION
    assets = ("image",)
    endpoints = ("naip_stac", "naip_sign")
    has_levels = False

    def search(self, query: Query, services: Services) -> Iterator[Scene]:
        """Find the quarter quadrangles that meet an area and a time.

        Raises:
            Failure: The API cannot be reached or does not answer as it should.
        """
        seen: set[str] = set()
        for item in search_items(services.web, services.endpoints.of("naip_stac"), "naip", query):
            scene = _scene(item)
            if scene is not None and scene.name not in seen and query.takes(scene):
                seen.add(scene.name)
                yield scene

    def fetch(self, order: Order, services: Services, report: Report) -> None:
        """Bring a file to disk: whole, or the part of the image that meets a window.

        Raises:
            InputError: The window does not meet the image.
            DiskFull: The disk has no room left.
            Failure: The network or the disk fails.
        """
        links = SignedLinks(services.web, services.endpoints.of("naip_sign"))
        if is_cut(order):
            tags = tags_of(order.scene, order.asset)
            cut_asset(order, services, report, links, colours=COLOURS, tags=tags)
        else:
            download(order, services, report, links)


def _scene(item: Item) -> Scene | None:
    """Describe an item; None where it has no place or no image."""
    outline = next(iter(item.outlines()), None) or projected_outline(item)
    image = item.assets.get("image")
    if outline is None or image is None or not image.href:
        return None
    year = item.number("naip:year")
    start = item.time("start_datetime", "datetime")
    files = {"image": image, **{name: item.assets[name] for name in ("metadata",) if name in item.assets}}
    try:
        return Scene(
            name=item.id,
            source=Naip.name,
            footprint=wkt_of(outline),
            start=start,
            end=item.time("end_datetime"),
            year=int(year) if year is not None else None if start is None else start.year,
            gsd=item.number("gsd"),
            licence=LICENCE,
            attribution=ATTRIBUTION,
            assets=tuple(
                Asset(
                    name=name,
                    file=urlsplit(asset.href or "").path.rpartition("/")[2],
                    address=asset.href or "",
                    media_type=asset.type,
                    size=asset.size,
                    sha256=asset.sha256,
                )
                for name, asset in files.items()
                if asset.href
            ),
        )
    except InputError:
        return None


def projected_outline(item: Item) -> BaseGeometry | None:
    """Make the outline of an item that states its box in a projection alone; None where it does not."""
    box: JsonValue = item.properties.get("proj:bbox")
    code = item.text("proj:code") or (f"EPSG:{found}" if (found := item.text("proj:epsg")) else None)
    if not isinstance(box, list) or len(box) != 4 or code is None:
        return None
    try:
        left, bottom, right, top = (float(str(value)) for value in box)
        to_degrees = Transformer.from_crs(code, "EPSG:4326", always_xy=True)
        outline = shapely.transform(
            shapely.box(left, bottom, right, top),
            lambda points: np.stack(to_degrees.transform(*points.T), axis=1),
        )
    except (ValueError, CRSError, ProjError):
        return None
    west, south, east, north = outline.bounds
    return outline if -180 <= west < east <= 180 and -90 <= south < north <= 90 else None


SOURCE = Naip()
