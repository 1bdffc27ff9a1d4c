"""Options of an alignment, the thresholds of its verdict, and the matchers to choose from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from oemsar.config_file import Value
from oemsar.prepare.geometry_options import GeometryOptions
from oemsar.raster.statements import BandNumbers, NodataStatement
from oemsar.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from oemsar.prepare.align.matching.matchers import Matcher

_OWN = "oemsar.prepare.align.matching.matchers"
MATCHERS: "Registry[Callable[[], Matcher]]" = Registry(
    "engine",
    "oemsar.matchers",
    {
        "orientation": f"{_OWN}:OrientationMatcher",
        "mutual-information": f"{_OWN}:MutualInformationMatcher",
    },
)
"""Matchers of windows; each entry is called without arguments and returns a `Matcher`."""


class Thresholds(Value):
    """Thresholds of the verdict on an alignment; pixels are those of the orthophoto."""

    least_tie_points: int = Field(12, ge=0, le=10000)
    """Number of tie points below which the alignment failed."""
    least_agreeing_share: float = Field(0.2, ge=0, le=1)
    """Share of the compared windows that agree below which the alignment failed, 0 to 1."""
    agreeing_share: float = Field(0.6, ge=0, le=1)
    """Least share of the compared windows that agree, 0 to 1, to be accepted."""
    residual_median_px: float = Field(1.5, ge=0, le=1000)
    """Largest median leave-one-out error in pixels, to be accepted."""
    held_out_median_px: float = Field(3.0, ge=0, le=1000)
    """Largest median error in pixels of tie points predicted from others far away, to be accepted."""
    precision_px: float = Field(1.5, ge=0, le=1000)
    """Largest 95th percentile, over the image, of the field's spread in pixels under resampled tie points."""
    coverage: float = Field(0.5, ge=0, le=1)
    """Least share of the image's cells that hold tie points, 0 to 1, to be accepted."""
    scales_px: float = Field(2.0, ge=0, le=1000)
    """Largest difference in pixels of the fields found at the last two scales, to be accepted.

    Ground and the things on it differ by scale.
    """
    prominence: float = Field(0.5, ge=0, le=1000)
    """Least standard deviations between the best displacement of the whole and the second best."""
    leaning_agreeing_share: float = Field(0.75, ge=0, le=1)
    """Value instead of `agreeing_share` where roofs and crowns are displaced and no model shows them."""
    leaning_prominence: float = Field(1.2, ge=0, le=1000)
    """Value instead of `prominence` where roofs and crowns are displaced and no model shows them.

    A forest is displaced as a whole, and competes with the ground.
    """
    orthophoto_px: float = Field(12.0, ge=0, le=1000)
    """Largest shift in pixels between the matches of the orthophoto and those of the surface model.

    Beyond it the two do not belong together; shadows of the sun and crowns make some pixels.
    """
    repeated_px: float = Field(0.5, ge=0, le=10000)
    """Largest difference in pixels from a repetition that began elsewhere, or twice the field's spread."""
    edited_tie_points: int = Field(6, ge=0, le=10000)
    """Least number of tie points set by a person, to be accepted."""


class AlignConfig(GeometryOptions):
    """Geometry of a pair, search for its displacement, and treatment of the radar image."""

    dsm: Path | None = None
    """Surface model with roofs and crowns, which then stand where the radar sees them."""
    tie_points: Path | None = None
    """Tie points that a person edited (.geojson or .points); nothing is matched then."""
    search: float | None = Field(None, ge=0.1, le=10_000)
    """Radius of the search along the look in metres, half of it across; pixels without georeferencing.
    By default 80 m, but 48 pixels at least, and up to four times that where no displacement is clear."""
    engine: Annotated[str, MATCHERS] = "orientation"
    """Comparison of windows."""
    values: Literal["amplitude", "linear"] = "amplitude"
    """Meaning of the pixels: amplitude is interpolated as power, linear (power) as it is."""
    kernel: Literal["nearest", "bilinear", "bicubic"] = Field("bicubic", json_schema_extra={"hidden": True})
    """Interpolation of pixels."""
    bands: BandNumbers = None
    """Bands of the radar image, from 1; all by default; the first of them is compared."""
    nodata: NodataStatement = "auto"
    """Pixels of the radar image without data: auto (the file's own, else zeros around it), none, or a stored
    value."""
    optical_bands: BandNumbers = None
    """Bands of the orthophoto whose mean is compared, from 1, such as 1,2,3; by default its colours."""
    optical_nodata: NodataStatement = "auto"
    """Pixels of the orthophoto without data: auto, none, or their stored value in all its bands."""
    thresholds: Thresholds = Field(Thresholds(), json_schema_extra={"hidden": True})
    """Thresholds of the verdict."""
