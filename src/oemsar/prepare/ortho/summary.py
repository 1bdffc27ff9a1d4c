"""The summary of an orthorectification."""

from typing import Literal

from pydantic import JsonValue

from oemsar.config_file import Value
from oemsar.geometry.look import Look
from oemsar.record import RunRecord


class LookSummary(Value):
    """Direction that a radar looked in."""

    azimuth: float
    """Ground direction from the sensor to the scene, in degrees clockwise from true north."""
    incidence: float
    """Angle between ray and vertical, in degrees."""
    grazing: float
    """Angle between ray and horizontal, in degrees."""

    @classmethod
    def from_look(cls, look: Look) -> "LookSummary":
        """Summarise a look."""
        return cls(azimuth=look.azimuth, incidence=look.incidence, grazing=look.grazing)


class OrthoResult(Value):
    """Files, grid, look and shares of pixels of an orthorectified scene."""

    format: int = 1
    """Version of the summary's layout."""
    ortho: str
    """Name of the image's file."""
    masks: str | None
    """Name of the masks' file; None without a surface model."""
    sensor_model: Literal["rpc", "ground range"]
    """Geometry that the scene was put on the ground by."""
    pixels_without_height: int
    """Number of pixels of the result that lie in the scene but have no height."""
    crs: str
    """CRS of the result."""
    gsd: float
    """Ground sampling distance of the result, in metres."""
    shape: tuple[int, int]
    """Rows and columns of the result."""
    affine: tuple[float, float, float, float, float, float]
    """Affine a, b, c, d, e, f from column and row, pixel corners at integers, to the CRS."""
    look: LookSummary | None
    """Look of the radar; None where it is not known."""
    valid_share: float
    """Share of the result's pixels with data, 0 to 1."""
    layover_share: float | None = None
    """Share of the pixels with data in layover, 0 to 1; None without a surface model."""
    shadow_share: float | None = None
    """Share of the pixels with data in radar shadow, 0 to 1; None without a surface model."""
    record: RunRecord
    """Command, configuration, versions and inputs of the run."""

    def plain(self, *, record: bool = True) -> dict[str, JsonValue]:
        """Give the content of the summary's file; shares of masks are left out where there are none.

        Args:
            record: Whether to include the record of the run.
        """
        absent = {"layover_share", "shadow_share"} if self.masks is None else set()
        return self.model_dump(mode="json", exclude=absent if record else absent | {"record"})
