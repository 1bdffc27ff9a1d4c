"""Outputs that replace nothing of a person's: held against the inputs, and claimed in a folder."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from oemsar.addresses import is_address, local_archive
from oemsar.disk import disk_errors
from oemsar.errors import InputError
from oemsar.files import old_path, partial_path, require_writable
from oemsar.limits import read_text
from oemsar.locks import HIDDEN

SIDE_ENDINGS = (".aux.xml", ".ovr", ".msk")
"""Endings of files that GDAL reads with a raster, after its whole name."""
_WORLD = (".tfw", ".tifw", ".wld", ".pgw", ".jgw", ".j2w", ".prj", ".rpb")
"""Endings of files that GDAL reads with a raster, in place of its own ending."""

_LOGS = (".log", ".out", ".err")
"""Endings of files that schedulers and redirections write into a folder of results."""
_NO_FILE = (-1, -1)


def require_apart(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Check that no file or folder to be written is read, or holds what is read, by whatever name or link.

    The names under which an output is written until it is whole count with it, and so does an output that
    GDAL would read with an input, such as its `.aux.xml`.

    Args:
        outputs: Every file that will be written or removed, and every folder that will be replaced.
        inputs: Every file that will be read; those that are not there count by their path.

    Raises:
        InputError: One of the outputs is an input or holds one; both are named.
    """
    folders: dict[str, str] = {}
    written = [path for output in outputs for path in (output, partial_path(output), old_path(output))]
    by_path = {_real(path, folders): path for path in written}
    by_path |= {path.resolve(): path for path in written if path.is_symlink() and path.is_dir()}
    by_file = {file: path for path in written if (file := _file(path)) is not None}
    owned = {_real(owner, folders): path for path in written for owner in _owners(path)}
    stems = {_real(path.with_suffix(""), folders): path for path in written if path.suffix.lower() in _WORLD}
    for named in inputs:
        read = local_archive(named) if is_address(named) else named
        if read is None:
            continue
        real = _real(read, folders)
        found = by_path.get(real) or (by_file.get(_file(read) or _NO_FILE) if by_file else None)
        if found is not None:
            same = f"{found} would replace" if found == read else f"{found} is the same file as"
            raise InputError(f"{same} the input {read}; choose another output path")
        around = next((by_path[folder] for folder in Path(real).parents if folder in by_path), None)
        if around is not None:
            raise InputError(
                f"{around} would replace the folder of the input {read}; choose another output path"
            )
        beside = owned.get(real) or (stems.get(real.with_suffix("")) if stems else None)
        if beside is not None:
            raise InputError(f"{beside} is read with the input {read}; choose another output path")


def _owners(path: Path) -> list[Path]:
    """List the rasters that GDAL would read a file of this name with."""
    return [path.with_name(path.name[: -len(end)]) for end in SIDE_ENDINGS if path.name.lower().endswith(end)]


def _real(path: Path, folders: dict[str, str]) -> Path:
    """Resolve the links of a path, folder by folder: a table names thousands of files of a few folders."""
    parent, name = os.path.split(os.path.abspath(path))  # noqa: PTH100 (links are resolved below)
    if parent not in folders:
        folders[parent] = os.path.realpath(parent)
    return Path(folders[parent], name)


def _file(path: Path) -> tuple[int, int] | None:
    """Device and inode of a file that is there."""
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return None
    return stat.st_dev, stat.st_ino


@contextmanager
def claimed(record: Path, own: Callable[[], bool], files: Iterable[Path] | None = None) -> Iterator[None]:
    """Claim a folder for results, unless it holds files of another origin.

    Until the folder is recognised by its record, a hidden file marks it as begun, so that the same command
    goes on in it after it was killed.

    Args:
        record: File in the folder by which the results are known.
        own: Tells whether what lies in the folder was made by the same verb.
        files: Files and folders that will be written or removed; None where the whole folder is the verb's
            and nothing may lie in it but logs.

    Raises:
        InputError: The folder, or a file in it, is of another origin, or the folder cannot be written to.
    """
    files = None if files is None else list(files)
    folder = record.parent
    mark = folder / f"{HIDDEN}{record.name}"
    if not own() and not mark.exists():
        found = strangers(folder) if files is None else filter(_is_there, files)
        if (stranger := next(iter(found), None)) is not None:
            raise InputError(
                f"{folder} holds {os.path.relpath(stranger, folder)}, which this command did not write; "
                "choose another folder or move it away"
            )
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    made = [each for each in files or () if not each.exists()]
    require_writable(folder)
    with disk_errors(mark):
        mark.touch()
    try:
        yield
    finally:
        left = strangers(folder) if files is None else filter(_is_there, files)
        if own() or next(iter(left), None) is None:
            mark.unlink(missing_ok=True)
        for each in (*made, *missing):
            with suppress(OSError):  # it is a file, or something lies in it
                each.rmdir()


def require_own(files: Iterable[Path], own: Callable[[Path], bool], what: str) -> None:
    """Check that files which will be replaced are of the kind that replaces them.

    Args:
        files: Files that will be written.
        own: Tells whether a file that is there is of the kind.
        what: The kind in words, such as `a table of tiles`.

    Raises:
        InputError: One is there and is something else.
    """
    for file in files:
        if _is_there(file) and not own(file):
            raise InputError(f"{file} is there and is not {what}; choose another output path or move it away")


def occupants(folder: Path) -> Iterator[Path]:
    """List what lies in a folder, but for files of the program's own use and empty folders.

    Raises:
        InputError: It is a file.
    """
    try:
        entries = sorted(folder.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{folder} is not a folder; choose another output path") from error
    for entry in entries:
        if not entry.name.startswith(HIDDEN) and not _is_empty_folder(entry):
            yield entry


def _is_empty_folder(path: Path) -> bool:
    """Tell whether a path is a folder with nothing in it; one that cannot be looked into is none."""
    try:
        return path.is_dir() and not any(path.iterdir())
    except OSError:  # such as lost+found
        return False


def strangers(folder: Path, read: Iterable[Path] = (), own: Iterable[Path] = ()) -> Iterator[Path]:
    """List what lies in a folder that a verb means to own whole, and is of another origin.

    Logs are none (`.log`, `.out`, `.err`): a scheduler writes them there before the verb begins. Nor is what
    an own file is written to until it is whole.

    Args:
        folder: Folder of the results, there or not.
        read: Files that the verb reads; they may lie in the folder, or in folders of it.
        own: Files and folders of the verb, below the folder.

    Raises:
        InputError: It is a file.
    """
    unfinished = {partial(folder / path).name for path in own for partial in (partial_path, old_path)}
    folders: dict[str, str] = {}
    base = Path(os.path.realpath(folder))
    below = [path for path in (_real(file, folders) for file in read) if path.is_relative_to(base)]
    inputs = {path.relative_to(base).parts[0] for path in below if path != base}
    for entry in occupants(folder):
        is_log = entry.suffix.lower() in _LOGS and entry.is_file()
        if not (is_log or entry.name in unfinished or entry.name in inputs):
            yield entry


def is_record(path: Path, *keys: str) -> bool:
    """Tell whether a file holds a JSON object with certain keys, by which results are recognised."""
    try:
        content: Any = json.loads(read_text(path))
    except (InputError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and all(key in content for key in keys)


def _is_there(path: Path) -> bool:
    """Tell whether a path names something, a broken link included; an empty folder counts as nothing."""
    if path.is_dir():
        return any(not each.name.startswith(HIDDEN) for each in path.iterdir())
    return path.exists() or path.is_symlink()
