"""Room on the disk: asked for before the work, written to whole, and told in a sentence when it runs out."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from oemsar.errors import DiskFull, Failure, OemsarError

_ENDED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
"""Errors of the operating system that end a writing."""
_MESSAGES = {os.strerror(number).lower(): number for number in _ENDED}
_UNEXPLAINED = re.compile(
    r"\d+ requested and \d+ written"  # NumPy
    r"|inline_container.*(unexpected pos|file write failed)|PytorchStreamWriter failed"  # PyTorch
    r"|database or disk is full|disk I/O error|Unexpected I/O failure"  # SQLite, FlatGeobuf
    r"|TIFF\w*: ?(Write|Seek|IO) error|IO error writing|_tiff(Write|Seek)Proc|Write failed"  # GDAL
)
"""Messages of libraries that lost the number of the error on the way."""
AGAIN = "run the command again"
"""Remedy that ends the sentences on a disk, once the disk is well."""
_CHAIN = 8
"""Most errors behind an error that are looked at."""
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


class _Writable(Protocol):
    """File whose writing may stop short, as that of an unbuffered file does."""

    def write(self, data: memoryview, /) -> int | None:
        """Write some of the bytes and count them."""


def write_all(file: _Writable, data: bytes | memoryview) -> None:
    """Write every byte of `data` to a file, which an unbuffered file alone does not promise.

    Linux writes at most 2 GiB at once, and what still fits onto a disk that fills.

    Raises:
        OSError: Not all of it could be written.
    """
    view = memoryview(data)
    left = view.cast("B") if view.nbytes else view
    while left.nbytes:
        count = file.write(left)
        if not count:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left = left[count:]


def reserve(path: Path, size: int) -> None:
    """Take `size` bytes of the disk for a file that is there, whose content stays.

    A file that is mapped into memory has to have its room beforehand: a disk that fills meanwhile would kill
    the process (SIGBUS).

    Raises:
        OSError: The disk has no room for it.
    """
    if size and hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, size)


def probe_room(path: Path, size: int) -> None:
    """Take `size` bytes of the disk under a name for a moment, so that quotas and limits of files tell, too.

    Raises:
        OSError: They cannot be had.
    """
    try:
        path.touch()
        reserve(path, size)
    finally:
        path.unlink(missing_ok=True)


def require_room(folder: Path, needed: int, purpose: str) -> None:
    """Check that a disk has room.

    Args:
        folder: Folder on the disk, which may still be missing.
        needed: Bytes that must be free.
        purpose: Use of the room in the middle of a sentence, such as `for the archives`.

    Raises:
        DiskFull: Fewer bytes are free.
    """
    free = free_bytes(folder)
    if free is not None and free < needed:
        raise DiskFull(
            f"about {size_text(needed)} are needed in {folder} {purpose}, {size_text(free)} are free; "
            "free some space or choose another folder, and run the same command again"
        )


def free_bytes(folder: Path) -> int | None:
    """Ask how many bytes are free on the disk of a folder, which may be missing; None if unknown."""
    there = next((each for each in (folder, *folder.absolute().parents) if each.exists()), None)
    try:
        return None if there is None else shutil.disk_usage(there).free
    except OSError:
        return None


def size_text(size: int) -> str:
    """Write a number of bytes for a person, such as `1.5 GB`."""
    value, unit = float(size), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.{0 if unit == 0 else 1}f} {_UNITS[unit]}"


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn the errors of a disk that is full, limited or broken into a sentence that names `path`.

    Known are those of the operating system and those that NumPy, PyTorch, safetensors, PyArrow, Pillow and
    GDAL make of them.

    Raises:
        DiskFull: The disk has no room left, a quota is used up, or files may not become so large.
        Failure: The disk is read-only or broken.
    """
    try:
        yield
    except OemsarError:
        raise
    except Exception as error:
        found = disk_error(error, path)
        if found is None:
            raise
        raise found from error


def disk_error(error: BaseException, path: Path) -> Failure | None:
    """Find the sentence for an error of the disk during the writing of `path`; None for any other error."""
    number = _number(error)
    return None if number is None else broken_write(path, number)


def broken_write(path: Path, number: int = 0) -> Failure:
    """Make the error of a file that could not be written whole.

    Args:
        path: File.
        number: Error of the operating system; 0 where the library that wrote the file did not tell it.
    """
    free = free_bytes(path.parent)
    room = "" if free is None else f" ({size_text(free)} are free)"
    if number in (errno.EIO, errno.EROFS):
        return Failure(
            f"a disk failed while {path} was written ({os.strerror(number)}); check it and {AGAIN}"
        )
    if number == errno.EFBIG:
        return DiskFull(
            f"{path} grows beyond the size that a file may have there; raise the limit (ulimit -f) or choose "
            f"another disk, and {AGAIN}"
        )
    if number == errno.EDQUOT:
        return DiskFull(
            f"the quota of the disk of {path.parent} has no room left for {path.name}; free some and {AGAIN}"
        )
    otherwise = "" if number else ", or a quota or a limit of file sizes does not let it grow"
    return DiskFull(
        f"the disk of {path.parent} has no room left for {path.name}{room}{otherwise}; free some and {AGAIN}"
    )


def _number(error: BaseException) -> int | None:
    """Find the number of an error of the disk in an error or those behind it: 0 where no one tells it."""
    unexplained = None
    current: BaseException | None = error
    for _ in range(_CHAIN):
        if current is None:
            break
        if isinstance(current, OSError) and current.errno in _ENDED:
            return current.errno
        message = str(current)
        lowered = message.lower()
        for text, number in _MESSAGES.items():
            if text in lowered:
                return number
        if _UNEXPLAINED.search(message):
            unexplained = 0
        current = current.__cause__ or current.__context__
    return unexplained
