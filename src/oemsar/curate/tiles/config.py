"""Rules by which tiles are cut from pairs."""

from typing import Self

from pydantic import Field, model_validator

from oemsar.config_file import Config, Seed
from oemsar.errors import InputError


class TilesConfig(Config):
    """Size of the tiles, the ground they must show, and their division into splits."""

    size: int = Field(1024, ge=16, le=16_384)
    """Rows and columns of a tile."""
    overlap: int = Field(0, ge=0, le=16_383)
    """Pixels that neighbouring tiles share."""
    valid: float = Field(0.99, ge=0, le=1)
    """Least share of a tile with data in both images."""
    layover: float = Field(0.5, ge=0, le=1)
    """Largest share of layover in the ground of both images; not applied where it is not known."""
    shadow: float = Field(0.5, ge=0, le=1)
    """Largest share of radar shadow in the ground of both images; not applied where it is not known."""
    test_share: float = Field(0.1, ge=0, le=1)
    """Share of the tiles of each region that become split test."""
    val_share: float = Field(0.05, ge=0, le=1)
    """Share of the tiles of each region that become split val."""
    block: int = Field(2, ge=1, le=1024)
    """Tiles along the side of the squares that are dealt to the splits as a whole."""
    distance: float = Field(0.0, ge=0, le=1e6)
    """Least distance between tiles of different splits, metres; with 0 they may touch but share no ground."""
    seed: Seed = 0
    """Seed of the division into splits."""

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.overlap >= self.size:
            raise InputError(
                f"tiles of {self.size} pixels cannot share {self.overlap}; let them share fewer",
                option=("size", "overlap"),
            )
        if self.test_share + self.val_share > 1:
            raise InputError(
                f"{self.test_share:g} and {self.val_share:g} of the tiles are more than all of them; "
                "give shares that add up to 1 or less",
                option=("test_share", "val_share"),
            )
        return self
