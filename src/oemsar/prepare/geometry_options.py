"""Options on the geometry of a radar image and on its elevation models."""

from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from oemsar.config_file import Config
from oemsar.errors import InputError
from oemsar.geometry.datum import Datum, DemVoid
from oemsar.geometry.terrain import Terrain

if TYPE_CHECKING:
    from oemsar.geometry.look import Look


class GeometryOptions(Config):
    """Elevation models of an area, and the geometry of a radar image where its file does not state it."""

    dem: Path | None = None
    """Elevation model of the bare ground."""
    dem_datum: Datum | None = None
    """Zero of the elevation model's heights, where the file does not say."""
    geoid: Path | None = None
    """Grid of the geoid's height, for heights counted from the sea, and for voids that are sea."""
    dem_void: DemVoid = "refuse"
    """Voids of elevation models: refuse gives them no height, sea that of the geoid."""
    dsm: Path | None = None
    """Surface model with roofs and crowns."""
    look_azimuth: float | None = Field(None, ge=-360, le=360)
    """Direction from the radar to the scene, in degrees from true north."""
    incidence: float | None = Field(None, ge=0.1, le=89.9)
    """Angle between ray and vertical, in degrees."""
    projection_height: float | None = Field(None, ge=-1000, le=10_000)
    """Ellipsoidal height in metres that a product without RPC was projected on."""

    @model_validator(mode="after")
    def _models_that_belong_together(self) -> Self:
        if self.dem is None and (self.dsm is not None or self.geoid is not None):
            raise InputError(
                "surface model and geoid go with an elevation model of the bare ground; add it", option="dem"
            )
        return self

    @property
    def terrain(self) -> Terrain | None:
        """Elevation models; None where none is given."""
        return (
            None
            if self.dem is None
            else Terrain(self.dem, self.geoid, self.dsm, self.dem_datum, self.dem_void)
        )

    @property
    def look(self) -> "Look | None":
        """Look that was given; None where the file is to tell it.

        Raises:
            InputError: Only one of the two angles is given, or an angle is out of range.
        """
        from oemsar.geometry.look import look_from_angles

        return look_from_angles(self.look_azimuth, self.incidence)
