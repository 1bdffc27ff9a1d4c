"""Configurations of the tables and figures of the paper."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from oemsar.config_file import MOST_PROCESSES, Config
from oemsar.errors import InputError


class Table2Config(Config):
    """Options of the count of pixels and segments."""

    connectivity: int = Field(8, ge=4, le=8)
    """Neighbours of a pixel of a segment: 8, corners count, or 4."""

    workers: int | None = Field(None, ge=1, le=MOST_PROCESSES)
    """Processes to read in; one per processor by default."""

    @field_validator("connectivity")
    @classmethod
    def _know_neighbours(cls, connectivity: int) -> int:
        if connectivity not in (4, 8):
            raise InputError(f"{connectivity} is not known; choose 4 or 8", option="connectivity")
        return connectivity

    @property
    def neighbours(self) -> Literal[4, 8]:
        """Number of neighbours of a pixel of a segment."""
        return 4 if self.connectivity == 4 else 8


class Table3Config(Config):
    """Options of the comparison of labels."""

    against: Path | None = None
    """Folder of a second set of labels, named as the tiles, to compare with those of the table."""

    workers: int | None = Field(None, ge=1, le=MOST_PROCESSES)
    """Threads to read in; one per processor by default."""


class FiguresConfig(Config):
    """Options of the figures of a dataset."""

    per_country: int = Field(3, ge=1, le=100)
    """Tiles of each country in examples.png."""
