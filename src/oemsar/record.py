"""What a run was made of: the record that stands beside every result."""

import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import oemsar
from oemsar.files import checksum

_PACKAGES = ("torch", "lightning", "segmentation-models-pytorch", "timm", "numpy", "rasterio", "openvino")


def run_record(
    config: dict[str, Any], *, seed: int | None = None, data: Path | None = None
) -> dict[str, Any]:
    """Describe the present run.

    Args:
        config: the typed configuration of the verb, as plain values.
        seed: the seed of every random draw, where there is one.
        data: the table of tiles the run reads; its checksum is recorded.

    Returns:
        A dictionary of plain values: command, configuration, versions, seed, data table with its
        sha256, git commit of the package's checkout (None for an installed package), start time in UTC.
    """
    return {
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "config": config,
        "seed": seed,
        "data": None if data is None else {"table": data.name, "sha256": checksum(data)},
        "versions": {"oemsar": oemsar.__version__, "python": platform.python_version(), **_versions()},
        "git_commit": _git_commit(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def origin(path: Path) -> dict[str, str]:
    """Name and sha256 of a file that a result was made from."""
    return {"file": path.name, "sha256": checksum(path)}


def _versions() -> dict[str, str]:
    """Versions of the packages that decide a result, those installed."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _git_commit() -> str | None:
    """Commit of the checkout this package is imported from, with `+changes` where files differ from it."""
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
