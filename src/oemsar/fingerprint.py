"""Fingerprints of files, by which a resumed work knows its inputs again."""

import hashlib
from pathlib import Path

from oemsar.files import checksum

_WHOLE = 64 << 20
"""Bytes up to which all content counts."""
_SAMPLES = 64
_SAMPLE = 1 << 16
_VRT = 1 << 20
"""Bytes of the largest virtual raster that is searched for its sources."""


def fingerprint(path: Path) -> str:
    """Digest a file; the digest is equal as long as the file is the same.

    The whole content counts up to 64 MiB. Of a larger file its size, its time of modification and 64 samples
    spread over its content count. The files behind a virtual raster (VRT) count with it, however deep.

    Raises:
        OSError: The file cannot be read.
    """
    digest = hashlib.sha256()
    for file in (path, *files_behind(path)):
        digest.update(_own(file).encode())
    return digest.hexdigest()


def files_behind(path: Path) -> list[Path]:
    """List the files that a virtual raster (VRT) reads, however deep; none for any other file."""
    return _sources(path, set())


def _own(path: Path) -> str:
    """Digest one file by itself; `missing` for a source that is not there."""
    if not path.is_file():
        return "missing"
    stat = path.stat()
    if stat.st_size <= _WHOLE:
        return checksum(path)
    digest = hashlib.sha256(f"{stat.st_size} {stat.st_mtime_ns}".encode())
    with path.open("rb") as file:
        for number in range(_SAMPLES):
            file.seek((stat.st_size - _SAMPLE) * number // (_SAMPLES - 1))
            digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


def _sources(path: Path, seen: set[Path]) -> list[Path]:
    """List the files behind a virtual raster in the order of its text; none of any other file."""
    from xml.etree import ElementTree

    if path.resolve() in seen or not path.is_file() or path.stat().st_size > _VRT:
        return []
    seen.add(path.resolve())
    text = path.read_bytes()
    if b"<VRTDataset" not in text[:1024]:
        return []
    try:
        tree = ElementTree.fromstring(text)  # noqa: S314 (expat of Python 3.11 limits the growth of entities)
    except ElementTree.ParseError:
        return []
    found = []
    for element in tree.iter():
        if element.tag in ("SourceFilename", "SourceDataset") and element.text:
            relative = element.get("relativeToVRT", "0") == "1"
            source = path.parent / element.text if relative else Path(element.text)
            found += [source, *_sources(source, seen)]
    return found
