"""Faults of tiles that a verification finds."""

from pathlib import Path
from typing import Literal

from oemsar.config_file import Value
from oemsar.dataset.tile import Split

Kind = Literal[
    "no_image",
    "missing_file",
    "unreadable",
    "unwritten",
    "wrong_type",
    "wrong_bands",
    "wrong_values",
    "unknown_input",
    "wrong_size",
    "different_grid",
    "label_out_of_range",
    "empty",
    "duplicate",
]
"""Stable names of the faults, for programs that read the findings."""


class Finding(Value):
    """One thing that is wrong with a tile."""

    tile: str
    """Name of the tile."""
    split: Split
    """Split of the tile."""
    file: Path | None
    """File at fault; None where the fault is that there is none."""
    kind: Kind
    """Stable name of the fault."""
    message: str
    """Sentence for a person."""


class Verification(Value):
    """Result of the verification of a table."""

    tiles: int
    """Number of tiles."""
    files: int
    """Number of files the tiles name."""
    findings: tuple[Finding, ...]
    """Faults in the order of the tiles and of their files."""
    ok: bool
    """Whether nothing is wrong."""
