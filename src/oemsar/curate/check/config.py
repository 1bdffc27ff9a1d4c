"""Options of a check."""

from pathlib import Path

from pydantic import Field

from oemsar.config_file import Config


class CheckConfig(Config):
    """Labels and predictions to compare with, and the length of the lists."""

    against: Path | None = None
    """Folder of labels of a second person, named after the tiles."""
    predictions: Path | None = None
    """Table of tiles whose soft labels come from models that were not trained on these labels."""
    listed: int = Field(300, ge=1, le=1_000_000)
    """Number of tiles, and of segments, that are listed as most likely wrong."""
    smallest: int = Field(16, ge=1, le=1_000_000)
    """Pixels of a segment that is listed, at least."""
