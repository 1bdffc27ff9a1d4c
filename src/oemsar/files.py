"""Files that are either whole or not there: written beside their name, then renamed."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from oemsar.errors import InputError

_BLOCK = 1 << 20


def partial_path(path: Path) -> Path:
    """The name beside `path` under which it is written until it is whole."""
    return path.with_name(f".{path.name}.partial")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to, and rename it to `path` when the block ends without an error.

    The yielded path lies in the same folder, so that the rename is atomic. After an error the
    partial file is removed and `path` keeps its former content.

    Raises:
        InputError: the folder cannot be written to.
    """
    require_writable(path.parent)
    partial = partial_path(path)
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder to fill, and put it in the place of `path` when the block ends without an error.

    A folder cannot be replaced in one step: the old one is renamed away, the new one renamed in,
    and the old one removed. A process killed between the two renames leaves the whole new folder
    under its partial name; `recover_folder` finishes the work.
    """
    require_writable(path.parent)
    recover_folder(path)
    partial = partial_path(path)
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir()
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    old = path.with_name(f".{path.name}.old")
    if path.exists():
        path.replace(old)
    partial.replace(path)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def workplace(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path` for the work on it, and remove it when the block ends.

    What a killed run left there is removed first.

    Raises:
        InputError: the folder of `path` cannot be written to.
    """
    require_writable(path.parent)
    partial = partial_path(path)
    if partial.is_file():
        partial.unlink()
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def recover_folder(path: Path) -> None:
    """Finish a `replacing_folder` that was killed between its two renames."""
    old = path.with_name(f".{path.name}.old")
    if not old.exists():
        return
    if not path.exists():
        partial = partial_path(path)
        (partial if partial.exists() else old).replace(path)
    shutil.rmtree(old, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text to `path`, whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 (JSON is any nesting of plain values)
    """Write `value` as indented JSON to `path`, whole or not at all; NaN is refused."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def require_writable(folder: Path) -> None:
    """Create `folder` where it is missing and see that a file can be written in it.

    Raises:
        InputError: it cannot be created or written to, or is a file.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".oemsar-{os.getpid()}.probe"
        probe.touch()
        probe.unlink()
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{folder} is not a folder; choose another output path") from error
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written to ({error.strerror}); choose another output path"
        ) from error


def checksum(path: Path, algorithm: str = "sha256") -> str:
    """Hexadecimal digest of the content of `path`."""
    digest = hashlib.new(algorithm)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
