"""Fingerprints of files, by which a resumed work knows its inputs again."""

import hashlib
from pathlib import Path

from oemsar.addresses import is_address, local_archive
from oemsar.files import checksum
from oemsar.remote import remote_fingerprint
from oemsar.virtual_raster_sources import files_behind

_WHOLE = 64 << 20
"""Bytes up to which all content counts."""
_SAMPLES = 64
_SAMPLE = 1 << 16


def fingerprint(path: Path) -> str:
    """Digest a file; the digest is equal as long as the file is the same.

    The whole content counts up to 64 MiB. Of a larger file its size, its time of modification and 64 samples
    spread over its content count. The files behind a virtual raster (VRT) count with it, however deep. Of an
    address the archive on this machine counts, or the header and samples of the pixels on its server.

    Raises:
        OSError: The file cannot be read.
        InputError: A virtual raster names what may not be read, or an address cannot be read.
    """
    digest = hashlib.sha256()
    for file in (path, *files_behind(path)):
        digest.update(_own(file).encode())
    return digest.hexdigest()


def _own(path: Path) -> str:
    """Digest one file by itself; `missing` for a source that is not there."""
    if is_address(path):
        archive = local_archive(path)
        return remote_fingerprint(path) if archive is None else f"{path} {_own(archive)}"
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
