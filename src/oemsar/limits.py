"""Limits on what a file may declare, held before anything of it is decoded, and how they are raised."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

from oemsar.errors import InputError

_VARIABLE = "OEMSAR_LIMITS"
"""Environment variable of the limits that differ from the defaults; worker processes inherit it."""


@dataclass(frozen=True)
class Limits:
    """Largest sizes that are read, chosen far above what imagery of this kind has.

    Attributes:
        bands: Bands of a raster.
        block_bytes: Decoded bytes of one block of a raster, which is decoded whole; of a PNG or JPEG those
            of the whole image.
        scene_pixels: Pixels of a scene, which is streamed: rows times columns.
        tile_pixels: Pixels of an image or label of a tile, which is decoded whole: rows times columns.
        text_bytes: Bytes of a file of JSON, XML, CSV or a list of names.
        yaml_bytes: Bytes of a YAML file.
        table_bytes: Bytes of a table of tiles, as stored and once decoded.
        table_rows: Rows of a table of tiles.
        array_bytes: Bytes of an archive of arrays (.npz) or of a compressed checkpoint once unpacked.
        archive_entries: Entries of a zip archive.
    """

    bands: int = 1024
    block_bytes: int = 1 << 30
    scene_pixels: int = 10**12
    tile_pixels: int = 1 << 26
    text_bytes: int = 64 << 20
    yaml_bytes: int = 1 << 20
    table_bytes: int = 2 << 30
    table_rows: int = 5_000_000
    array_bytes: int = 2 << 30
    archive_entries: int = 1_000_000


LIMITS = tuple(field.name for field in fields(Limits))
"""Names of the limits."""


def limits() -> Limits:
    """Give the limits of this process.

    Raises:
        InputError: The environment variable OEMSAR_LIMITS has an unknown name or no number.
    """
    return _read(os.environ.get(_VARIABLE, ""))


@lru_cache(8)
def _read(text: str) -> Limits:
    """Read the limits of the environment variable; the answer is asked for whenever a raster is opened."""
    return Limits(**parse_limits(text.split(","))) if text else Limits()


def parse_limits(assignments: list[str]) -> dict[str, int]:
    """Read limits written as NAME=NUMBER.

    Raises:
        InputError: A name is unknown, or its value is no positive number.
    """
    found = {}
    for assignment in assignments:
        name, _, value = (part.strip() for part in assignment.partition("="))
        if name not in LIMITS:
            raise InputError(f"{name} is no limit; choose one of {', '.join(LIMITS)}", option="limit")
        try:
            number = int(float(value))
        except (ValueError, OverflowError):
            number = 0
        if number < 1:
            raise InputError(f"{assignment} gives {name} no positive number; write {name}=N", option="limit")
        found[name] = number
    return found


@contextmanager
def raised_limits(**values: int) -> Iterator[None]:
    """Set limits in a block of code, for this process and the processes it starts meanwhile.

    Args:
        values: Limits by name, see `Limits`.

    Raises:
        InputError: A name is unknown, or its value is no positive number.
    """
    former = os.environ.get(_VARIABLE)
    given = parse_limits([f"{name}={value}" for name, value in values.items()])
    now = {name: getattr(limits(), name) for name in LIMITS} | given
    os.environ[_VARIABLE] = ",".join(f"{name}={value}" for name, value in now.items())
    try:
        yield
    finally:
        restore(_VARIABLE, former)


def restore(variable: str, former: str | None) -> None:
    """Give an environment variable its former value; None removes it."""
    if former is None:
        os.environ.pop(variable, None)
    else:
        os.environ[variable] = former


def require_limit(size: int, limit: str, what: str) -> None:
    """Check a declared size.

    Args:
        size: Size that a file declares.
        limit: Name of the limit.
        what: Beginning of the sentence, which the size completes, such as `scene.tif declares bands:`.

    Raises:
        InputError: The size is above the limit.
    """
    most = getattr(limits(), limit)
    if size > most:
        raise InputError(
            f"{what} {size}, more than the {most} that are read; if it is meant, raise {limit}",
            option="limit",
        )


def require_regular(path: Path, option: str | tuple[str, ...] = ()) -> None:
    """Check that a path is a regular file, so that reading it ends.

    Args:
        path: File, or a link to it.
        option: Python name of the option that names the file.

    Raises:
        InputError: There is nothing, a folder, or a pipe, device or socket.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        said = "does not exist" if missing else f"cannot be read ({reason})"
        raise InputError(f"{path} {said}", option=option) from error
    if stat.S_ISDIR(mode):
        raise InputError(f"{path} is a folder where a file is expected", option=option)
    if not stat.S_ISREG(mode):
        raise InputError(
            f"{path} is no regular file but a pipe, device or socket; copy its content to a file",
            option=option,
        )


def read_bytes(path: Path, limit: str = "text_bytes") -> bytes:
    """Read the whole content of a regular file within a limit.

    Raises:
        InputError: The file is missing, no regular file, larger than the limit, or cannot be read.
    """
    require_regular(path)
    try:
        require_limit(path.stat().st_size, limit, f"{path} has bytes:")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error


def read_text(path: Path, limit: str = "text_bytes", encoding: str = "utf-8") -> str:
    """Read the text of a regular file within a limit.

    Raises:
        InputError: As `read_bytes`, or the file is no text.
    """
    try:
        return read_bytes(path, limit).decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text in UTF-8; repair it or write it again") from error
