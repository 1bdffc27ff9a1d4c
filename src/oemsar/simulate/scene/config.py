"""Configuration of a simulated scene."""

from pydantic import Field, model_validator

from oemsar.config_file import Config, Seed
from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.simulate.further import require_simulated
from oemsar.simulate.world.character import Character, Country

_STEEPEST = 0.35
"""Relief over the side of the scene: more would be a cliff."""
_LONGEST = 6000.0
"""Metres of the longest side of a scene."""


class SceneConfig(Config):
    """Extent, relief and radar geometry of a simulated scene, and how it is written."""

    size: int = Field(1024, ge=64, le=60_000)
    """Rows and columns of the scene at the ground sampling distance of the radar."""
    gsd: float = Field(0.5, ge=0.1, le=2)
    """Ground sampling distance of the radar image in metres."""
    relief: float = Field(20.0, ge=0, le=9000)
    """Metres from the lowest to the highest ground."""
    incidence: float = Field(40.0, ge=15, le=65)
    """Incidence angle at the centre in degrees."""
    look_azimuth: float = Field(90.0, ge=-360, le=360)
    """Ground direction in which the radar looks, in degrees clockwise from true north."""
    offset: float = Field(10.0, ge=0, le=200)
    """Length of the shift in the geolocation of the radar, in metres."""
    seed: Seed = 0
    """Seed of every random draw."""
    country: Country | None = None
    """Country of the scene; drawn by default."""
    character: Character | None = None
    """Most of the land use; drawn by default."""
    optical_gsd: float | None = None
    """Ground sampling distance of the orthophoto in metres; that of the radar by default."""
    reflectors: int = Field(0, ge=0, le=10_000)
    """Number of corner reflectors on open ground."""
    inputs: Inputs | None = Field(None, exclude=True)
    """Inputs to write beside radar and optical: height, nir or height+nir; none by default."""
    slant: bool = Field(False, exclude=True)
    """Whether to write the slant range image too."""
    overwrite: bool = Field(False, exclude=True)
    """Whether to replace an earlier scene in the folder."""

    @model_validator(mode="after")
    def _fit_together(self) -> "SceneConfig":
        require_simulated(self.inputs)
        extent = self.size * self.gsd
        if extent > _LONGEST:
            raise InputError(
                f"{self.size} pixels of {self.gsd:g} m are over {_LONGEST / 1000:g} km; ask for less",
                option=("size", "gsd"),
            )
        if self.relief > _STEEPEST * extent:
            raise InputError(
                f"{self.relief:g} m over {extent:g} m is a cliff; "
                f"ask for {_STEEPEST * extent:.0f} m or less, or for a larger scene",
                option="relief",
            )
        if self.optical_gsd is not None and not self.gsd <= self.optical_gsd <= 4 * self.gsd:
            raise InputError(
                f"{self.optical_gsd} is out of range; "
                f"ask for one to four times the {self.gsd:g} m of the radar",
                option="optical_gsd",
            )
        return self
