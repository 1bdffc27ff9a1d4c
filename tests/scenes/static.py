"""Buckets: files by their keys, and listings of S3 in pages."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from .server import JSON, Answer, Request

KINDS = {"json": JSON, "tif": "image/tiff", "nitf": "application/octet-stream"}


@dataclass
class Bucket:
    """A public bucket below `/NAME`.

    Attributes:
        name: First part of the path.
        files: Content by key.
        page: Keys of a page of a listing.
        in_parts: Keys whose ETag is no MD5, as of files that were stored in parts.
    """

    name: str
    files: dict[str, bytes] = field(default_factory=dict)
    page: int = 3
    in_parts: set[str] = field(default_factory=set)

    def put_json(self, key: str, content: object) -> None:
        self.files[key] = json.dumps(content).encode()

    def __call__(self, request: Request) -> Answer | None:
        if not request.path.startswith(f"/{self.name}/"):
            return None
        key = request.path.removeprefix(f"/{self.name}/")
        if not key and "list-type" in request.query:
            return Answer(self.listing(request.query), "application/xml")
        if key not in self.files:
            return Answer(b"<Error><Code>NoSuchKey</Code></Error>", "application/xml", 404)
        kind = KINDS.get(key.rpartition(".")[2], "application/octet-stream")
        return Answer(self.files[key], kind, etag=self.etag(key))

    def etag(self, key: str) -> str:
        digest = hashlib.md5(self.files[key], usedforsecurity=False).hexdigest()
        return f'"{digest}-2"' if key in self.in_parts else f'"{digest}"'

    def listing(self, query: Mapping[str, str]) -> bytes:
        """ListObjectsV2: keys of a prefix in their order, after the one that the token names."""
        assert query["list-type"] == "2"
        keys = sorted(key for key in self.files if key.startswith(query.get("prefix", "")))
        keys = [key for key in keys if key > query.get("continuation-token", "")]
        shown, more = keys[: self.page], len(keys) > self.page
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.files[key])}</Size>"
            f"<ETag>{escape(self.etag(key))}</ETag></Contents>"
            for key in shown
        )
        token = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if more else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{contents}</ListBucketResult>"
        ).encode()


def catalogue(bucket: Bucket, items: Mapping[str, list[dict[str, object]]]) -> None:
    """Put a static STAC catalogue of years, months and days into a bucket.

    Args:
        bucket: Bucket; the root is `stac/catalog.json`.
        items: Items of each day, `YYYY-MM-DD`.
    """

    def put(folder: str, links: list[dict[str, str]]) -> None:
        bucket.put_json(
            f"{folder}/catalog.json",
            {"type": "Catalog", "stac_version": "1.1.0", "id": folder, "description": "", "links": links},
        )

    days = sorted(items)
    years, months = sorted({day[:4] for day in days}), sorted({day[:7] for day in days})
    put("stac", [{"rel": "child", "href": f"./{year}/catalog.json"} for year in years])
    for year in years:
        inside = [month for month in months if month.startswith(year)]
        put(f"stac/{year}", [{"rel": "child", "href": f"./{month}/catalog.json"} for month in inside])
    for month in months:
        inside = [day for day in days if day.startswith(month)]
        links = [{"rel": "child", "href": f"./{day}/catalog.json"} for day in inside]
        put(f"stac/{month[:4]}/{month}", links)
    for day in days:
        folder = f"stac/{day[:4]}/{day[:7]}/{day}"
        put(folder, [{"rel": "item", "href": f"./{i['id']}/{i['id']}.json"} for i in items[day]])
        for item in items[day]:
            bucket.put_json(f"{folder}/{item['id']}/{item['id']}.json", item)
