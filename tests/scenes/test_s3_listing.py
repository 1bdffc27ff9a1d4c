"""Listings of S3 are read page by page, names with blanks and signs included."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from oemsar.errors import Failure
from oemsar.scenes.s3_listing import list_objects
from oemsar.web.client import Web, open_web
from oemsar.web.retry import RetryPolicy

from .server import Answer, Server
from .static import Bucket

NAMES = [f"sar-data/a & b/Washington, DC /{number}+é.tif" for number in range(7)]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    policy = RetryPolicy(tries=2, first_wait=0.01)
    with open_web(policy=policy, timeout=3, rate=1000, at_once=2, cache=tmp_path / "kept") as opened:
        yield opened


def test_all_pages_of_a_prefix_come_in_order(server: Server, web: Web) -> None:
    bucket = Bucket("b", {name: name.encode() for name in [*NAMES, "stac/catalog.json"]}, page=3)
    bucket.in_parts.add(NAMES[1])
    server.routes.append(bucket)
    found = list(list_objects(web, f"{server.address}/b", "sar-data/"))
    assert [each.key for each in found] == NAMES
    assert [each.size for each in found] == [len(name.encode()) for name in NAMES]
    assert [each.md5 is None for each in found] == [False, True, *[False] * 5]
    assert len(server.requests) == 3
    assert list(list_objects(web, f"{server.address}/b", "none/")) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><ListBucketResult/>',
        b"<ListBucketResult><Contents><Key>a</Key><Size>many</Size></Contents></ListBucketResult>",
    ],
)
def test_what_is_no_listing_is_told(server: Server, web: Web, body: bytes) -> None:
    server.routes.append(lambda request: Answer(body, "application/xml"))
    with pytest.raises(Failure, match="does not answer with a listing of its objects") as raised:
        list(list_objects(web, server.address, ""))
    assert raised.value.options == ("endpoint",)
