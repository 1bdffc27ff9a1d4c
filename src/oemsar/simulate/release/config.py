"""Configuration of a simulated world."""

from pydantic import Field, model_validator

from oemsar.config_file import MOST_PROCESSES, Config, Seed
from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.simulate.further import require_simulated

_MOST_TILES = 1_000_000


class WorldConfig(Config):
    """Size, division and seed of a simulated world, and how it is written."""

    regions: int = Field(6, ge=1, le=10_000)
    """Number of regions."""
    tiles: int = Field(12, ge=1, le=100_000)
    """Number of tiles in each region."""
    size: int = Field(512, ge=64, le=8192)
    """Rows and columns of a tile in pixels."""
    seed: Seed = 0
    """Seed of every random draw."""
    val: int | None = Field(None, ge=0, le=100_000)
    """Tiles of each region in val; about 15 % by default."""
    test: int | None = Field(None, ge=0, le=100_000)
    """Tiles of each region in test; about 25 % by default."""
    scene: int | None = Field(None, ge=64, le=20_000)
    """Rows and columns of one more scene in a region of its own; none by default."""
    inputs: Inputs | None = Field(None, exclude=True)
    """Inputs to write beside radar and optical: height, nir or height+nir; none by default."""
    workers: int | None = Field(None, ge=1, le=MOST_PROCESSES, exclude=True)
    """Processes to render in; one per processor by default."""
    overwrite: bool = Field(False, exclude=True)
    """Whether to replace an earlier world in the folder."""

    @model_validator(mode="after")
    def _write_what_there_is(self) -> "WorldConfig":
        require_simulated(self.inputs)
        return self

    @model_validator(mode="after")
    def _divide_no_more_than_there_is(self) -> "WorldConfig":
        if self.regions * self.tiles > _MOST_TILES:
            raise InputError(
                f"{self.regions} regions of {self.tiles} tiles are over {_MOST_TILES} tiles; choose fewer",
                option=("regions", "tiles"),
            )
        val, test = self.held_out
        if val + test > self.tiles:
            raise InputError(
                f"{val} and {test} are more than the {self.tiles} tiles of a region; choose fewer",
                option=("val", "test"),
            )
        return self

    def writes(self, name: str) -> bool:
        """Tell whether a further input is written."""
        return self.inputs is not None and name in self.inputs

    @property
    def held_out(self) -> tuple[int, int]:
        """Tiles of each region in `val` and in `test`."""
        at_least = (int(self.tiles >= 2), int(self.tiles >= 3))
        val = max(at_least[0], round(0.15 * self.tiles)) if self.val is None else self.val
        test = max(at_least[1], round(0.25 * self.tiles)) if self.test is None else self.test
        return (0 if self.tiles == 1 and self.val is None else val), (
            0 if self.tiles <= 2 and self.test is None else test
        )
