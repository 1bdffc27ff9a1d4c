"""Options of a sample."""

from typing import Literal

from pydantic import Field

from oemsar.config_file import Config, Seed


class SampleConfig(Config):
    """Size of a sample, the tiles it is drawn from, and the template of a label."""

    per_region: int = Field(20, ge=1, le=100_000)
    """Number of tiles to draw in each region."""
    seed: Seed = 0
    """Seed of the draw."""
    split: Literal["auto", "all", "train", "val", "test"] = "auto"
    """Tiles to draw from: auto is val and test together where the table has them, else all."""
    template: Literal["empty", "pseudo"] = "empty"
    """Content of a label to begin with: nothing, or the pseudo label of the tile."""
