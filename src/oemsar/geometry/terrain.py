"""The elevation models of an area."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Terrain:
    """The elevation models a scene is orthorectified with.

    Attributes:
        dem: bare ground.
        geoid: undulations, where the heights of `dem` are counted from the sea.
        dsm: surface with roofs and crowns, for layover and shadow; None to go without.
    """

    dem: Path
    geoid: Path | None = None
    dsm: Path | None = None

    def files(self) -> list[Path]:
        """Those that are given."""
        return [path for path in (self.dem, self.geoid, self.dsm) if path is not None]
