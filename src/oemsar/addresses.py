"""Addresses of rasters on servers, in object stores and in archives, carried as paths.

A path folds the doubled slash of `https://`, so an address is known by its beginning and its slashes are
restored. Only what a person types becomes an address: names in tables, virtual rasters and other files are
refused, or must be allowed (`oemsar.sources`).
"""

import os
import re
from pathlib import Path

_REMOTE = {"http": "curl", "https": "curl", "ftp": "curl", "s3": "s3", "gs": "gs", "az": "az", "oss": "oss"}
"""Schemes of servers, and GDAL's file system for each."""
_PACKED = {"zip": "zip", "tar": "tar", "gzip": "gzip"}
"""Schemes of archives, and GDAL's file system for each."""
_HANDLERS = r"(?:curl|s3|gs|az|adls|oss|swift|zip|tar|gzip|7z|rar)(?:_streaming)?"
_SCHEMES = "|".join((*_REMOTE, *_PACKED))
_ADDRESS = re.compile(rf"(?:{_SCHEMES})(?:\+(?:{_SCHEMES}|file))*:/|/vsi{_HANDLERS}[/?]", re.IGNORECASE)
_FOLDED = re.compile(rf"(?<![A-Za-z])((?:{_SCHEMES})(?:\+\w+)*):/(?!/)", re.IGNORECASE)
_ENDING = re.compile(r"\.(?:zip|tar|tar\.gz|tgz|gz|kmz|7z|rar)(?=/|$)", re.IGNORECASE)


def is_address(path: Path | str) -> bool:
    """Tell whether a path is an address (`https://`, `s3://`, `zip://`, `/vsicurl/` and their kin).

    A file or folder of that very name on this machine is none.
    """
    text = str(path)
    return _ADDRESS.match(text) is not None and not os.path.lexists(text.partition("!")[0])


def spelled(path: Path | str) -> str:
    """Write a path as a person does: the slashes of an address restored, a query left out.

    The query of an address may hold a key that opens it for a time, which belongs in no record or sentence.
    """
    if not is_address(path):
        return str(path)
    return re.sub(r"\?.*", "", restored(path))


def without_queries(text: str) -> str:
    """Leave the query out of every address in a text, as it may hold a key."""
    return re.sub(rf"((?:{_SCHEMES}):/[^\s?]*)\?\S*", r"\1", text, flags=re.IGNORECASE)


def is_remote(path: Path | str) -> bool:
    """Tell whether an address leads to a server, and not to an archive on this machine."""
    return is_address(path) and local_archive(path) is None


def local_archive(path: Path | str) -> Path | None:
    """Find the archive on this machine that an address leads into; None for one on a server."""
    packed = _packed(path)
    if packed is None:
        return None
    _, archive, _ = packed
    return None if _ADDRESS.match(archive) else Path(archive)


def dataset_name(path: Path | str) -> str:
    """Give the name under which GDAL opens an address."""
    text = restored(path)
    packed = _packed(path)
    if packed is not None:
        handler, archive, member = packed
        inner = dataset_name(archive) if _ADDRESS.match(archive) else str(Path(archive).absolute())
        return f"/vsi{handler}/{{{inner}}}" + (f"/{member}" if member else "")
    if text.lower().startswith("/vsi"):
        return text
    scheme, _, rest = text.partition("://")
    handler = _REMOTE[scheme.lower()]
    return f"/vsicurl/{text}" if handler == "curl" else f"/vsi{handler}/{rest}"


def web_address(path: Path | str) -> str | None:
    """Give the `http` or `https` address behind a path, with its query; None where there is none."""
    packed = _packed(path)
    text = restored(path if packed is None else packed[1]).removeprefix("/vsicurl/")
    return text if text.lower().startswith(("http://", "https://")) else None


def restored(path: Path | str) -> str:
    """Restore the doubled slashes of addresses in a path or a sentence."""
    return _FOLDED.sub(r"\1://", str(path))


def _packed(path: Path | str) -> tuple[str, str, str] | None:
    """Split an address into an archive: handler, archive (a local path or an address), and its member."""
    text = restored(path)
    scheme, found, rest = text.partition("://")
    outer, _, inner = scheme.lower().partition("+")
    if found and outer in _PACKED:
        archive, _, member = rest.partition("!")
        archive = f"{inner}://{archive}" if inner not in ("", "file") else _local(archive)
        return _PACKED[outer], archive, member.lstrip("/")
    match = re.match(r"/vsi(zip|tar|gzip|7z|rar)/+", text, re.IGNORECASE)
    if match is None:
        return None
    handler, rest = match[1].lower(), text[match.end() :]
    if rest.startswith("{") and "}" in rest:
        archive, _, member = rest[1:].partition("}")
    elif handler == "gzip":
        archive, member = rest, ""
    else:
        ending = _ENDING.search(rest)
        archive, member = (rest, "") if ending is None else (rest[: ending.end()], rest[ending.end() :])
    nested = re.match(rf"(?:/)?(vsi{_HANDLERS}/)", archive, re.IGNORECASE)
    archive = f"/{archive.lstrip('/')}" if nested else archive if "://" in archive else _local(archive)
    return handler, archive, member.lstrip("/")


def _local(text: str) -> str:
    """Find a local archive whose leading slash may have been folded away."""
    absolute = f"/{text.lstrip('/')}"
    return (
        text if text.startswith("/") or os.path.lexists(text) or not os.path.lexists(absolute) else absolute
    )
