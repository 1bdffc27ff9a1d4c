"""Files that are either whole or not there: written beside their name, then renamed."""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from oemsar.addresses import is_address, spelled
from oemsar.disk import disk_error, disk_errors, require_room
from oemsar.errors import InputError

_BLOCK = 1 << 20
UNFINISHED: set[Path] = set()
"""Partial files, scratch folders and locks at work, which a process that is ended at once removes."""


def partial_path(path: Path) -> Path:
    """Name the file or folder beside `path` in which it is written until it is whole."""
    return path.with_name(f".{path.name}.partial")


def old_path(path: Path) -> Path:
    """Name the folder beside `path` to which its former content is renamed while it is replaced."""
    return path.with_name(f".{path.name}.old")


def unlinked(path: Path) -> Path:
    """Remove the file or link at a path, so that writing there makes a new file; a folder stays.

    A link would be followed, and a second name of another file would change that one.
    """
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
    return path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a path to write to, and rename it to `path` when the block ends without an error.

    The yielded path lies in the same folder, so that the rename is atomic. After an error the
    partial file is removed and `path` keeps its former content.

    Raises:
        InputError: The folder cannot be written to, or `path` is a folder.
    """
    require_writable(path.parent)
    if path.is_dir():
        raise InputError(f"{path} is a folder; give the name of the file to write")
    partial = unlinked(partial_path(path))
    try:
        with disk_errors(path), _unfinished(partial):
            yield partial
            partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_folder(path: Path, own: Collection[str] | None = None) -> Iterator[Path]:
    """Yield an empty folder to fill, and replace `path` by it when the block ends without an error.

    A folder cannot be replaced in one step: the old one is renamed away, the new one renamed in,
    and the old one removed. A process killed between the two renames leaves the whole new folder
    under its partial name; `recover_folder` finishes the work.

    Args:
        path: Folder to replace.
        own: Names of the files that the program writes there: what else lies in the old folder comes into the
            new one. None where all of it is the program's.

    Raises:
        InputError: `path` is a file, or its folder cannot be written to.
    """
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file where a folder is to be written; choose another output path")
    require_writable(path.parent)
    recover_folder(path)
    partial = unlinked(partial_path(path))
    if partial.exists():
        shutil.rmtree(partial)
    try:
        with disk_errors(path), _unfinished(partial):
            partial.mkdir()
            yield partial
            if own is not None and path.exists():
                _carry_over(path, partial, own)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    old = old_path(path)
    if path.exists():
        path.replace(old)
    partial.replace(path)
    shutil.rmtree(old, ignore_errors=True)


def _carry_over(old: Path, new: Path, own: Collection[str]) -> None:
    """Link what a person put into a folder into the one that replaces it; copy it where links do not go."""
    for entry in old.iterdir():
        target = new / entry.name
        if entry.name in own or target.exists():
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.copytree(entry, target, symlinks=True, copy_function=_link)
        elif entry.is_symlink():
            target.symlink_to(entry.readlink())
        else:
            _link(str(entry), str(target))


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
    return target


@contextmanager
def scratch_folder(path: Path, needed: int = 0) -> Iterator[Path]:
    """Yield an empty folder beside `path` for the work on it, and remove it when the block ends.

    Remains of a killed run are removed first.

    Args:
        path: File that the work is on.
        needed: Bytes that the work puts there at least.

    Raises:
        InputError: The folder of `path` cannot be written to.
        DiskFull: The disk has no room for the work.
    """
    require_writable(path.parent)
    partial = unlinked(partial_path(path))
    shutil.rmtree(partial, ignore_errors=True)
    require_room(path.parent, needed, f"for the work on {path.name}")
    try:
        with disk_errors(path), _unfinished(partial):
            partial.mkdir()
            yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def _unfinished(partial: Path) -> Iterator[None]:
    """Remember what has to go when the process is ended at once."""
    UNFINISHED.add(partial)
    try:
        yield
    finally:
        UNFINISHED.discard(partial)


def remove_unfinished() -> None:
    """Remove the partial files, scratch folders and locks at work, before the process is ended at once."""
    for partial in list(UNFINISHED):
        with suppress(OSError):
            partial.unlink() if partial.is_file() else shutil.rmtree(partial, ignore_errors=True)


def recover_folder(path: Path) -> None:
    """Finish an `atomic_folder` that was killed between its two renames."""
    old = old_path(path)
    if not old.exists():
        return
    if not path.exists():
        partial = partial_path(path)
        (partial if partial.exists() else old).replace(path)
    shutil.rmtree(old, ignore_errors=True)


def readable_folder(path: Path) -> Path:
    """Find what `recover_folder` would make of `path`, and change nothing on disk.

    Returns:
        `path` itself, unless an `atomic_folder` was killed between its two renames: then the folder that
        would be renamed to `path`.
    """
    old = old_path(path)
    if path.exists() or not old.exists():
        return path
    partial = partial_path(path)
    return partial if partial.exists() else old


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text to `path`, whole or not at all."""
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 (JSON is any nesting of plain values)
    """Write `value` as indented JSON to `path`, whole or not at all; NaN is refused."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def require_writable(folder: Path) -> None:
    """Create `folder` where it is missing and check that a file can be written in it.

    The file that is tried has no name where the disk knows such files, so that nothing of it stays however
    the process ends.

    Raises:
        InputError: It cannot be created or written to, or is a file.
    """
    if is_address(folder):
        raise InputError(f"{spelled(folder)} is an address; results are written to folders of this machine")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder, prefix=".oemsar-", suffix=".probe").close()
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{folder} is not a folder; choose another output path") from error
    except OSError as error:
        full = disk_error(error, folder / "a new file")
        if full is not None and error.errno != errno.EROFS:
            raise full from error
        raise InputError(
            f"{folder} cannot be written to ({error.strerror}); choose another output path"
        ) from error


def checksum(path: Path, algorithm: str = "sha256") -> str:
    """Compute the hexadecimal digest of the content of `path`."""
    digest = hashlib.new(algorithm)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
