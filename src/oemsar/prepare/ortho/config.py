"""Options of an orthorectification."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from oemsar.prepare.geometry_options import GeometryOptions
from oemsar.raster.statements import BandNumbers, NodataStatement


class OrthoConfig(GeometryOptions):
    """Grid, elevation models and treatment of a scene that is orthorectified."""

    dem: Path
    """Elevation model of the bare ground."""
    dsm: Path | None = None
    """Surface model with roofs and crowns, for layover and shadow masks."""
    crs: str
    """CRS of the result, such as EPSG:32654: projected, in metres."""
    gsd: float = Field(ge=0.001, le=10_000)
    """Ground sampling distance of the result, in metres."""
    values: Literal["amplitude", "linear"] = "amplitude"
    """Meaning of the pixels: amplitude is interpolated as power, linear (power, optical) as it is."""
    kernel: Literal["nearest", "bilinear", "bicubic"] = "bicubic"
    """Interpolation of pixels."""
    bands: BandNumbers = None
    """Bands of the scene, from 1, such as 1,2; by default all that are no mask."""
    nodata: NodataStatement = "auto"
    """Pixels without data: auto (the file's own, else zeros around the image), none, or a stored value."""
