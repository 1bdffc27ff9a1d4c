"""What an attack is, and the faults that no input may bring a command to."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECONDS = 20.0
"""Longest time that a command may take with any input."""
BYTES = 2 << 30
"""Most memory that it may hold."""
CODES = {0, 1, 2, 3}
"""Exit codes of a command that ends by itself."""


@dataclass(frozen=True)
class Ended:
    """The end of a command."""

    code: int | None
    seconds: float
    peak_bytes: int
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
