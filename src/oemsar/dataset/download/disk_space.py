"""Room on the disk: asked for before the work, and what is said when it runs out all the same."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.filesize import decimal

from oemsar.errors import Failure


def require_space(folder: Path, needed: int, purpose: str) -> None:
    """See that the disk of `folder` has `needed` bytes free.

    Args:
        folder: an existing folder.
        needed: bytes.
        purpose: what they are for, as in "for the archives".

    Raises:
        Failure: it has fewer.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Failure(
            f"{folder} has {decimal(free)} free and {decimal(needed)} are needed {purpose}; "
            "free some space or choose another folder, and run the same command again"
        )


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn an error of the operating system while `path` is written into a sentence.

    Raises:
        Failure: the disk is full, over quota, read-only or broken.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            sentence = f"the disk is full, {path} could not be written; free some space"
        else:
            sentence = f"{path} could not be written ({error.strerror}); mend that"
        raise Failure(f"{sentence} and run the same command again to go on from here") from error
