"""Errors of the disk during a download, from which the same command goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oemsar.disk import disk_errors
from oemsar.errors import Failure


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
