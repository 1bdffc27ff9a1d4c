"""Fingerprints of files, by which a resumed work knows its inputs again."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from oemsar.addresses import is_address, local_archive
from oemsar.errors import Failure
from oemsar.files import checksum
from oemsar.remote import remote_fingerprint
from oemsar.virtual_raster_sources import files_behind

_WHOLE = 64 << 20
"""Bytes up to which all content of the files of an input counts."""
_SAMPLES = 64
_FEWEST_SAMPLES = 4
_SAMPLE = 1 << 16


def fingerprint(path: Path) -> str:
    """Digest a file; the digest is equal as long as the file is the same.

    The whole content counts up to 64 MiB. Of a larger file its size, its time of modification and 64 samples
    spread over its content count. The files behind a virtual raster (VRT) count with it, however deep; they
    share the 64 MiB and the samples. Of an address the archive on this machine counts, or the header and
    samples of the pixels on its server.

    Raises:
        OSError: The file cannot be read.
        InputError: A virtual raster names what may not be read, or an address cannot be read.
    """
    digest = hashlib.sha256()
    for each in fingerprints((path, *files_behind(path))):
        digest.update(each.encode())
    return digest.hexdigest()


def fingerprints(files: Sequence[Path]) -> list[str]:
    """Digest the files of one input, each by itself; those behind a virtual raster are to be among them."""
    whole = _WHOLE // max(1, len(files))
    samples = max(_FEWEST_SAMPLES, _SAMPLES // max(1, len(files)))
    return [_own(file, whole, samples) for file in files]


@dataclass(frozen=True)
class Unchanged:
    """Size, time of modification and inode of files when a work on them began.

    Attributes:
        stamps: State of each file by its path; None for one that was not there.
    """

    stamps: dict[Path, tuple[int, int, int] | None]

    @classmethod
    def of(cls, files: Iterable[Path]) -> "Unchanged":
        """Take the state of files; files behind virtual rasters are to be among them."""
        return cls({file: _stamp(file) for file in files})

    def changed(self) -> Path | None:
        """Find a file that is another one by now; None where all are the same."""
        return next((file for file, stamp in self.stamps.items() if _stamp(file) != stamp), None)

    def require(self) -> None:
        """Check that no file has changed since.

        Raises:
            Failure: One has; it is named.
        """
        if (file := self.changed()) is not None:
            raise Failure(f"{file} changed while it was being read; run the same command again")


def _stamp(path: Path) -> tuple[int, int, int] | None:
    file = local_archive(path) if is_address(path) else path
    if file is None:
        return None
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def _own(path: Path, whole: int, samples: int) -> str:
    """Digest one file by itself; `missing` for a source that is not there."""
    if is_address(path):
        archive = local_archive(path)
        return remote_fingerprint(path) if archive is None else f"{path} {_own(archive, whole, samples)}"
    if not path.is_file():
        return "missing"
    stat = path.stat()
    if stat.st_size <= whole:
        return checksum(path)
    digest = hashlib.sha256(f"{stat.st_size} {stat.st_mtime_ns}".encode())
    with path.open("rb") as file:
        for number in range(samples):
            file.seek(max(0, stat.st_size - _SAMPLE) * number // (samples - 1))
            digest.update(file.read(_SAMPLE))
    return digest.hexdigest()
