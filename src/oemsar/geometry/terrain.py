"""The elevation models of an area."""

from dataclasses import dataclass
from pathlib import Path

from oemsar.geometry.datum import Datum, DemVoid


@dataclass(frozen=True)
class Terrain:
    """Elevation models that a scene is orthorectified with.

    Attributes:
        dem: Path of the bare ground.
        geoid: Path of the undulations, where the heights of `dem` are counted from the sea; else None.
        dsm: Path of the surface with roofs and crowns, for layover and shadow; None to go without.
        datum: Zero of the heights, where a file does not say.
        void: Voids of `dem` and `dsm`: `refuse` gives them no height, `sea` that of the geoid.
    """

    dem: Path
    geoid: Path | None = None
    dsm: Path | None = None
    datum: Datum | None = None
    void: DemVoid = "refuse"

    def files(self) -> list[Path]:
        """List the paths that are given."""
        return [path for path in (self.dem, self.geoid, self.dsm) if path is not None]
