"""Umbra's open data: a static STAC catalogue, and the bucket behind it, which is the truth.

Items whose links are empty or lead elsewhere occur; their files are found in the bucket by listing. The place
of a collect is that of the metadata beside its files where they can be read, or of its SICD, of which some
parts are fetched, and that of the item otherwise.
"""

import logging
from collections.abc import Iterator
from typing import BinaryIO, cast

from shapely.geometry.base import BaseGeometry

from oemsar.progress import Report
from oemsar.scenes.download import download
from oemsar.scenes.scene import Scene, wkt_of
from oemsar.scenes.sicd_header import read_sicd_facts
from oemsar.scenes.source import Order, Query, Services
from oemsar.scenes.stac import Item, crawl, takes_folder
from oemsar.scenes.umbra_bucket import METADATA, Bucket, Collect
from oemsar.scenes.umbra_facts import Facts, facts_of_item, facts_of_metadata
from oemsar.scenes.window import cut_asset, is_cut
from oemsar.web.client import DAY
from oemsar.web.range_file import RangeFile

_log = logging.getLogger(__name__)

_KEEP_METADATA = 30 * DAY


class Umbra:
    """Source of Umbra's open data."""

    name = "umbra"
    summary = "radar scenes of 0.16 to 1 m, X band, spotlight (Umbra Open Data)"
    licence = "CC BY 4.0 for products of the Umbra Open Data Program"
    attribution = "Umbra Lab, Inc."
    assets = ("GEC", METADATA)
    endpoints = ("umbra_catalog", "umbra_bucket")
    has_levels = False

    def search(self, query: Query, services: Services) -> Iterator[Scene]:
        """Find collects whose item and metadata meet the area and the time.

        Raises:
            Failure: Catalogue or bucket cannot be reached or do not answer as they should.
        """
        bucket = Bucket(services.web, services.endpoints.of("umbra_bucket"))
        seen: set[str] = set()
        for _, item in crawl(services.web, services.endpoints.of("umbra_catalog"), takes_folder(query)):
            if not _may_meet(item, query):
                continue
            collect = bucket.locate(item)
            if collect is None:
                _log.warning("no file of Umbra's item %s is in the bucket; it is left out", item.id)
                continue
            scene = self._scene(item, collect, query, services)
            if scene is not None and scene.name not in seen:
                seen.add(scene.name)
                yield scene

    def fetch(self, order: Order, services: Services, report: Report) -> None:
        """Bring a file to disk: whole, or the part of an image that meets a window.

        Raises:
            InputError: The window does not meet the image.
            DiskFull: The disk has no room left.
            Failure: The network or the disk fails, or a checksum is wrong.
        """
        if is_cut(order):
            cut_asset(order, services, report)
        else:
            download(order, services, report)

    def _scene(self, item: Item, collect: Collect, query: Query, services: Services) -> Scene | None:
        """Describe a collect; None where it does not meet the query after all."""
        stated = facts_of_item(item)
        facts = _facts_in_bucket(collect, services).over(stated)
        if facts.outline is None:
            _log.warning("nothing tells where %s lies; it is left out", collect.stamp)
            return None
        if not facts.outline.intersects(query.area):
            _log.info("%s lies elsewhere than its item says; it is left out", collect.stamp)
            return None
        start = facts.start or collect.start
        if not query.takes_time(start, facts.end) or not query.takes_gsd(facts.gsd):
            return None
        return Scene(
            name=collect.stamp,
            source=self.name,
            footprint=wkt_of(facts.outline),
            start=start,
            end=facts.end,
            year=start.year,
            gsd=facts.gsd,
            licence=self.licence,
            attribution=self.attribution,
            look_azimuth=facts.look_azimuth,
            incidence=facts.incidence,
            polarisation=facts.polarisation,
            assets=collect.assets(services.endpoints.of("umbra_bucket")),
        )


def _may_meet(item: Item, query: Query) -> bool:
    """Tell whether an item may meet a query: by its outline or its box, or because it has neither."""
    outlines: list[BaseGeometry] = item.outlines()
    meets = not outlines or any(outline.intersects(query.area) for outline in outlines)
    start = item.time("start_datetime", "datetime")
    return meets and (start is None or query.takes_time(start, item.time("end_datetime")))


def _facts_in_bucket(collect: Collect, services: Services) -> Facts:
    """Read the metadata beside the files of a collect, or parts of its SICD; empty where neither is there."""
    bucket = services.endpoints.of("umbra_bucket")
    addresses = {asset.name: asset.address for asset in collect.assets(bucket)}
    if METADATA in addresses:
        content = services.web.get(addresses[METADATA], keep=_KEEP_METADATA)
        facts = None if content is None else facts_of_metadata(content)
        if facts is not None:
            return facts
        _log.warning("%s is missing or no metadata of Umbra", addresses[METADATA])
    if "SICD" in addresses:
        with RangeFile(services.web, addresses["SICD"]) as file:
            found = read_sicd_facts(cast(BinaryIO, file), addresses["SICD"])
        return Facts(found.outline, found.start, None, None, found.look_azimuth, found.incidence)
    return Facts()


SOURCE = Umbra()
