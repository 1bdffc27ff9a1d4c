"""The record of a run that stands beside every result: command, configuration, versions, inputs."""

import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from pydantic_core import to_jsonable_python

import oemsar
from oemsar.addresses import is_address, local_archive, spelled, without_queries
from oemsar.config_file import Value
from oemsar.files import checksum
from oemsar.limits import require_regular

_PACKAGES = ("torch", "lightning", "segmentation-models-pytorch", "timm", "numpy", "rasterio", "openvino")


class FileOrigin(Value):
    """A file that a result was made from."""

    file: str
    """Name of the file, without its folder; of one at an address the whole address without its query."""
    sha256: str | None
    """Digest of its content; None for a file on a server, which is not fetched as a whole."""


class TableOrigin(Value):
    """A table of tiles that a result was made from."""

    table: str | None
    """Name of the file, without its folder; None for tiles that were given as values."""
    sha256: str
    """Digest of the file's content, or of the values."""


class RunRecord(Value):
    """The facts of a run that decide its result."""

    format: int = 1
    """Version of the record's layout."""
    command: tuple[str, ...]
    """Program and arguments."""
    config: dict[str, JsonValue]
    """Configuration of the verb, plain values."""
    seed: int | None
    """Seed of every random draw; None where nothing is drawn."""
    data: TableOrigin | None
    """Table of tiles that the run reads; None where it reads none."""
    versions: dict[str, str]
    """Versions of Python and of the packages that decide a result."""
    git_commit: str | None
    """Commit of the package's checkout, with `+changes` where files differ; None for an installed package."""
    started: str
    """Time at which the run began, UTC, ISO 8601."""

    def plain(self) -> dict[str, JsonValue]:
        """Give the record as plain values, to be written as JSON."""
        return self.model_dump(mode="json")


def run_record(
    config: Value | Mapping[str, Any],
    *,
    seed: int | None = None,
    data: Path | TableOrigin | None = None,
) -> RunRecord:
    """Describe the present run.

    Args:
        config: Configuration of the verb.
        seed: Seed of every random draw, where there is one.
        data: Table of tiles that the run reads; its checksum is recorded.
    """
    return RunRecord(
        command=(Path(sys.argv[0]).name, *map(without_queries, sys.argv[1:])),
        config=to_jsonable_python(config),
        seed=seed,
        data=TableOrigin(table=data.name, sha256=checksum(data)) if isinstance(data, Path) else data,
        versions=package_versions(),
        git_commit=_git_commit(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def origin(path: Path) -> FileOrigin:
    """Take name and sha256 of a file that a result is made from.

    Raises:
        InputError: It is not there, or is a folder, pipe or device.
    """
    if not is_address(path):
        require_regular(path)
    return FileOrigin(file=source_name(path), sha256=source_checksum(path))


def source_name(path: Path) -> str:
    """Give the name under which a record lists a file: without its folder, or the whole address."""
    return spelled(path) if is_address(path) else path.name


def source_checksum(path: Path) -> str | None:
    """Compute the SHA-256 of a file, or of the archive that holds it; None for a file on a server."""
    if not is_address(path):
        return checksum(path)
    archive = local_archive(path)
    return None if archive is None else checksum(archive)


def package_versions() -> dict[str, str]:
    """List the versions of Python and of the installed packages that decide a result, by name."""
    return dict(_installed())


@cache
def _installed() -> dict[str, str]:
    """Read the versions from the metadata of the packages, which takes longer than many a small verb."""
    versions = {"oemsar": oemsar.__version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _git_commit() -> str | None:
    """Find the commit of the checkout this package is imported from; `+changes` where files differ."""
    checkout = Path(__file__).resolve().parents[2]
    if not (checkout / ".git").exists():
        return None
    try:
        commit = _git(checkout, "rev-parse", "HEAD")
        return commit + "+changes" if _git(checkout, "status", "--porcelain") else commit
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(checkout: Path, *arguments: str) -> str:
    command = ["git", "-C", str(checkout), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603
