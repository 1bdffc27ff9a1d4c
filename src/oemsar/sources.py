"""Files that another file may name: those below its own folder, and those a person allows."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oemsar.addresses import is_address, spelled
from oemsar.errors import InputError
from oemsar.limits import restore

_VARIABLE = "OEMSAR_ALLOW_SOURCES"
"""Environment variable of the allowed folders and addresses, one a line; worker processes inherit it."""


def allowed_sources() -> tuple[str, ...]:
    """List the folders, files and addresses that files may name beside those below their own folder."""
    return tuple(filter(None, os.environ.get(_VARIABLE, "").split("\n")))


@contextmanager
def allow_sources(*sources: Path | str) -> Iterator[None]:
    """Let files name what lies below `sources`, in a block of code.

    A virtual raster, a folder with links or the file of a region names other files. Those below its own
    folder are read; others only where they are allowed. The permission holds for this process and for the
    processes it starts meanwhile.

    Args:
        sources: Folders, files, or beginnings of addresses such as `https://host/folder/`.
    """
    former = os.environ.get(_VARIABLE)
    given = (str(source) if is_address(source) else str(Path(source).absolute()) for source in sources)
    os.environ[_VARIABLE] = "\n".join((*allowed_sources(), *given))
    try:
        yield
    finally:
        restore(_VARIABLE, former)


def is_allowed(path: Path, folder: Path) -> bool:
    """Tell whether a file on this machine lies below `folder` or is allowed, links resolved."""
    target = path.resolve()
    homes = (folder, *(Path(source) for source in allowed_sources() if not is_address(source)))
    return any(target.is_relative_to(home.resolve()) for home in homes)


def is_allowed_address(address: Path | str) -> bool:
    """Tell whether a person allowed an address that a file names."""
    wanted = spelled(address)
    if "/../" in f"{wanted}/" or "%2e" in wanted.lower():
        return False
    for source in filter(is_address, allowed_sources()):
        beginning = spelled(source).rstrip("/")
        if wanted == beginning or wanted.startswith(f"{beginning}/"):
            return True
    return False


def require_unlinked(path: Path, folder: Path) -> None:
    """Check that a file or folder found below `folder` is no link to what lies elsewhere and is not allowed.

    Raises:
        InputError: It is one.
    """
    if path.is_symlink():
        require_allowed(path, folder, f"{folder} has")


def require_allowed(path: Path, folder: Path, by: str) -> None:
    """Check that a file may name another.

    Args:
        path: File or address that is named.
        folder: Folder of the file that names it.
        by: Beginning of the sentence, which the path completes, such as `mosaic.vrt reads`.

    Raises:
        InputError: The file lies neither below the folder nor below an allowed one, or is an address that is
            not allowed.
    """
    if is_address(path):
        if not is_allowed_address(path):
            raise InputError(
                f"{by} the address {spelled(path)}; if you trust it, allow it", option="allow_sources"
            )
    elif not is_allowed(path, folder):
        target = f"{path}, a link to {path.resolve()}," if path.is_symlink() else f"{path},"
        raise InputError(
            f"{by} {target} outside of {folder}; move it there or, if it may be read, allow it",
            option="allow_sources",
        )
