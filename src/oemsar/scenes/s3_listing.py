"""Listings of public S3 buckets (ListObjectsV2 of the S3 API), page by page."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, urlencode

from oemsar.errors import Failure
from oemsar.web.client import DAY, Web
from oemsar.xml_text import parse_xml

_MD5 = re.compile(r'"?([0-9a-f]{32})"?')
"""ETag of an object that was stored in one piece; one of several pieces has a dash and is no checksum."""
_MOST_PAGES = 100_000


class S3Object(NamedTuple):
    """Object of a bucket.

    Attributes:
        key: Name of the object with its folders.
        size: Bytes of the object.
        md5: MD5 of the content, hexadecimal; None where the listing does not hold it.
    """

    key: str
    size: int
    md5: str | None


def list_objects(web: Web, bucket: str, prefix: str, *, keep: float = DAY) -> Iterator[S3Object]:
    """List the objects of a bucket whose keys have a beginning, in their order.

    Args:
        web: Client that makes the requests.
        bucket: Address of the bucket.
        prefix: Beginning of the keys.
        keep: Seconds for which an earlier listing is taken without asking.

    Raises:
        Failure: The server cannot be reached, or does not answer with a listing.
    """
    token: str | None = None
    for _ in range(_MOST_PAGES):
        asked = {"list-type": "2", "prefix": prefix} | (
            {} if token is None else {"continuation-token": token}
        )
        address = f"{bucket}/?{urlencode(asked, quote_via=quote)}"
        found, following = _read(web.require(address, keep=keep), bucket)
        yield from found
        if following is None or following == token:
            return
        token = following


def _read(content: bytes, bucket: str) -> tuple[list[S3Object], str | None]:
    """Read a page: its objects, and the token of the next page where there is one."""
    try:
        root = parse_xml(content)
        if root.tag.rpartition("}")[2] != "ListBucketResult":
            raise ValueError(f"its root is {root.tag[:40]!r}")
        objects = [
            S3Object(
                entry.findtext("{*}Key", ""),
                int(entry.findtext("{*}Size", "")),
                found[1] if (found := _MD5.fullmatch(entry.findtext("{*}ETag", ""))) else None,
            )
            for entry in root.iterfind("{*}Contents")
        ]
    except ValueError as error:
        raise Failure(
            f"{bucket} does not answer with a listing of its objects ({error}); see whether it is a bucket",
            option="endpoint",
        ) from error
    truncated = root.findtext("{*}IsTruncated", "false") == "true"
    return objects, root.findtext("{*}NextContinuationToken") if truncated else None
