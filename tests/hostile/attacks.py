"""What an attack is, and the faults that no input may bring a command to."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 20.0
"""Longest time that a command may take with any input."""
BYTES = 2 << 30
"""Most memory that it may hold."""
CODES = {0, 1, 2, 3}
"""Exit codes of a command that ends by itself."""


@dataclass(frozen=True)
class Ended:
    """The end of a command; `code` is None where it took too long, the negative number of a signal by one."""

    code: int | None
    seconds: float
    peak_bytes: int
    group: int
    stdout: str
    stderr: str

    def fault(self) -> str | None:
        """Name what no input may bring a command to; None where there is nothing of the kind."""
        if self.code is None:
            return f"still running after {self.seconds:.0f} s"
        if self.code not in CODES:
            return f"exit code {self.code}"
        if "Traceback" in self.stderr or "Traceback" in self.stdout:
            return "a traceback"
        if self.peak_bytes > BYTES:
            return f"{self.peak_bytes / 2**30:.1f} GiB of memory"
        if self.code and not (self.stderr + self.stdout).strip():
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
Together = Callable[..., list[Ended]]


@dataclass(frozen=True)
class Order:
    """A command for the server.

    Attributes:
        argv: Arguments of `oemsar`.
        seconds: Time after which it and its children are killed and count as hanging.
        file_bytes: Size of the largest file that it may write; None for no limit.
        after: Seconds to wait before its start.
        kill_after: Seconds after its start at which it alone is killed; None for never.
    """

    argv: list[str]
    seconds: float = SECONDS
    file_bytes: int | None = None
    after: float = 0.0
    kill_after: float | None = None


def order(*argv: object, **limits: Any) -> Order:
    """Make an order of the arguments of a command."""
    return Order([str(each) for each in argv], **limits)


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
            marked = f"OEMSAR_ATTACK={group}\0".encode() in (process / "environ").read_bytes()
            if state != "Z" and (int(of_group) == group or marked):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:  # it has ended meanwhile
            continue
    return found
