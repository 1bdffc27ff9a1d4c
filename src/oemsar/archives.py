"""Zip archives: the faults of reading them, and the limits that those a library unpacks are held against."""

import struct
import zipfile
import zlib
from pathlib import Path

from oemsar.limits import require_limit

ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    UnicodeDecodeError,
    ValueError,
    struct.error,
)
"""Exceptions of the standard library for an archive that is damaged or of a kind it does not read."""


def require_no_bomb(path: Path) -> None:
    """Check that the zip archive at a path declares no more bytes than are read; other files pass.

    Raises:
        InputError: It declares more entries or bytes than the limits.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (OSError, *ZIP_FAULTS):
        return
    require_limit(len(entries), "archive_entries", f"{path} declares entries:")
    packed = [entry for entry in entries if entry.compress_type != zipfile.ZIP_STORED]
    require_limit(sum(entry.file_size for entry in packed), "array_bytes", f"{path} declares bytes unpacked:")
