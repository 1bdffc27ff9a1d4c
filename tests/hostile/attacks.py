"""What an attack is, and the faults that no input may bring a command to."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..commands import MARK, Command, Ended

SECONDS = 20.0
"""Longest time that a command may take with any input."""
BYTES = 2 << 30
"""Most memory that it may hold."""
MOST_BYTES = 8 << 30
"""Address space of a command."""
CODES = {0, 1, 2, 3}
"""Exit codes of a command that ends by itself."""


def fault_of(ended: Ended) -> str | None:
    """Name what no input may bring a command to; None where there is nothing of the kind."""
    if ended.code is None:
        return f"still running after {ended.seconds:.0f} s"
    if ended.code not in CODES:
        return f"exit code {ended.code}"
    if "Traceback" in ended.stderr or "Traceback" in ended.stdout:
        return "a traceback"
    if ended.peak_bytes > BYTES:
        return f"{ended.peak_bytes / 2**30:.1f} GiB of memory"
    if ended.code and not (ended.stderr + ended.stdout).strip():
        return "no sentence"
    return None


@dataclass(frozen=True)
class World:
    """The inputs of the attacks.

    Attributes:
        root: Folder of all that follows.
        sar: Radar image of a scene.
        optical: Orthophoto of the scene.
        data: Folder of the dataset.
        table: Table of its tiles.
        model: Saved model that sees radar.
    """

    root: Path
    sar: Path
    optical: Path
    data: Path
    table: Path
    model: Path


Attack = Callable[..., Ended]
AtOnce = Callable[..., list[Ended]]


def order(*argv: object, **limits: Any) -> Command:
    """Make the command `oemsar ARGV`, which hangs after `SECONDS` where no other time is given."""
    limits = {"seconds": SECONDS, "most_bytes": MOST_BYTES} | limits
    return Command(("oemsar", *map(str, argv)), **limits)


def digests_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def alive(group: int) -> list[str]:
    """Tell which processes of a command still run, also those that left its group (Linux alone)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state, _, of_group = (process / "stat").read_text().rpartition(")")[2].split()[:3]
            marked = f"{MARK}={group}\0".encode() in (process / "environ").read_bytes()
            if state != "Z" and (int(of_group) == group or marked):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:  # it has ended meanwhile
            continue
    return found
