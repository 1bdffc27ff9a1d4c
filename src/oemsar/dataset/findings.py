"""What can be wrong with a tile, and where it was found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from oemsar.dataset.tile import Split

Kind = Literal[
    "no_image",
    "missing_file",
    "unreadable",
    "unwritten",
    "wrong_type",
    "wrong_bands",
    "wrong_size",
    "different_grid",
    "label_out_of_range",
    "empty",
    "duplicate",
]
"""Stable names of the faults, for programs that read the findings."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        tile: name of the tile.
        split: its split.
        file: the file at fault; None where the fault is that there is none.
        kind: stable name of the fault.
        message: one sentence for a person.
    """

    tile: str
    split: Split
    file: Path | None
    kind: Kind
    message: str


@dataclass(frozen=True)
class Verification:
    """Result of verifying a table: how much was looked at, and what is wrong with it.

    Attributes:
        tiles: number of tiles.
        files: number of files the tiles name.
        findings: what is wrong, in the order of the tiles and of their files.
    """

    tiles: int
    files: int
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings
