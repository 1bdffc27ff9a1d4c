"""Room on the disk: asked for before the work, and told when it runs out all the same."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.filesize import decimal

from oemsar.errors import DiskFull, Failure
from oemsar.files import disk_errors


def require_space(folder: Path, needed: int, purpose: str) -> None:
    """Check that a disk has room.

    Args:
        folder: Existing folder on the disk.
        needed: Bytes that must be free.
        purpose: Use of the room as the end of a sentence, such as `for the archives`.

    Raises:
        DiskFull: Fewer bytes are free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskFull(
            f"{folder} has {decimal(free)} free and {decimal(needed)} are needed {purpose}; "
            "free some space or choose another folder, and run the same command again"
        )


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turn an error of the operating system during the writing of a file into a sentence.

    Raises:
        DiskFull: The disk is full or a quota used up.
        Failure: The disk is read-only or broken.
    """
    try:
        with disk_errors(path):
            yield
    except OSError as error:
        raise Failure(
            f"{path} could not be written ({error.strerror}); check the disk and run the same command again "
            "to go on from here"
        ) from error
