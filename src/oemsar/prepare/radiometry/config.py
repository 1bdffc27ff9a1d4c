"""Options of the remap of a radar scene and of the stretch of an orthophoto, and the names to choose from."""

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from oemsar.config_file import Config
from oemsar.errors import InputError
from oemsar.products.registry import READERS
from oemsar.raster.statements import NodataStatement
from oemsar.registry import Registry

if TYPE_CHECKING:
    from oemsar.prepare.radiometry.optical_profiles import OpticalProfile
    from oemsar.prepare.radiometry.remap import Remap

_REMAP = "oemsar.prepare.radiometry.remap"
REMAPS: "Registry[Remap]" = Registry(
    "remap",
    "oemsar.remaps",
    {
        "identity": f"{_REMAP}:IDENTITY",
        "linear": f"{_REMAP}:LINEAR",
        "log": f"{_REMAP}:LOG",
        "density": f"{_REMAP}:DENSITY",
        "nrl": f"{_REMAP}:NRL",
        "pedf": f"{_REMAP}:PEDF",
        "percentile": f"{_REMAP}:PERCENTILE",
        "db-clip": f"{_REMAP}:DB_CLIP",
    },
)
"""Remaps from amplitude to grey values."""

_PROFILE = "oemsar.prepare.radiometry.optical_profiles"
PROFILES: "Registry[OpticalProfile]" = Registry(
    "profile",
    "oemsar.optical_profiles",
    {"naip": f"{_PROFILE}:NAIP", "bd-ortho": f"{_PROFILE}:BD_ORTHO", "gsi": f"{_PROFILE}:GSI"},
)
"""Sources of orthophotos, with their attribution and licence."""


_LARGEST_DB = 1000.0


def _rising_percentiles(percentiles: tuple[float, float]) -> tuple[float, float]:
    low, high = percentiles
    if not 0 <= low < high <= 100:
        raise InputError(
            f"the percentiles {low:g} {high:g} are not two rising numbers between 0 and 100; "
            "give the lower one first",
            option="percentiles",
        )
    return percentiles


def _rising_decibels(db: tuple[float, float] | None) -> tuple[float, float] | None:
    if db is not None and max(map(abs, db)) > _LARGEST_DB:
        raise InputError(
            f"the limits {db[0]:g} {db[1]:g} are no backscatter in dB; "
            f"give numbers between -{_LARGEST_DB:g} and {_LARGEST_DB:g}",
            option="db",
        )
    if db is not None and not db[0] < db[1]:
        raise InputError(
            f"the limits {db[0]:g} {db[1]:g} in dB do not rise; give the lower one first", option="db"
        )
    return db


def _however_spelt(registry: Registry[Any]) -> BeforeValidator:
    """Make a validator that finds a name, whatever its case, blanks, hyphens and underscores."""

    def find(name: Any) -> Any:  # noqa: ANN401 (anything may be given)
        if not isinstance(name, str):
            return name
        alike = (known for known in registry.names() if _letters(known) == _letters(name))
        return next(alike, name)

    return BeforeValidator(find)


def _letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


Band = Annotated[int, Field(ge=1, le=65_535)]
Percentiles = Annotated[tuple[float, float], AfterValidator(_rising_percentiles)]
Decibels = Annotated[tuple[float, float] | None, AfterValidator(_rising_decibels)]
RemapName = Annotated[str, REMAPS, _however_spelt(REMAPS)]
ProfileName = Annotated[str | None, PROFILES, _however_spelt(PROFILES)]


class RemapOptions(Config):
    """Choice of a remap and of its limits."""

    remap: RemapName = "density"
    """How amplitude becomes 8 bits."""
    percentiles: Percentiles = (1.0, 99.0)
    """Limits of percentile and db-clip, in percent of the pixels."""
    db: Decibels = None
    """Limits of db-clip in dB, instead of percentiles."""


class RadiometryConfig(RemapOptions):
    """Treatment of a radar scene that becomes 8 bits."""

    product: Annotated[str | None, READERS] = None
    """Kind of product, where it is not recognised."""
    band: int | None = Field(None, ge=1, le=65_535)
    """Band of a file of several, from 1."""
    sigma0: bool = False
    """Remap the root of sigma nought instead of amplitude; needs a calibrated product."""
    nodata: NodataStatement = "auto"
    """Pixels without data: auto (the file's own, else zeros around the image), none, or a stored value."""
    look_azimuth: float | None = Field(None, ge=-360, le=360)
    """Direction from the radar to the scene in degrees from true north, where the product does not say."""
    incidence: float | None = Field(None, ge=0.1, le=89.9)
    """Angle between ray and vertical in degrees, where the product does not say."""


class OpticalOptions(Config):
    """Meaning and treatment of the pixels of an orthophoto."""

    profile: ProfileName = None
    """Source of the orthophoto, which sets attribution and licence."""
    meaning: Literal["display", "calibrated"] = "display"
    """Meaning of the pixels: colours for viewing, or reflectance by gain and offset; never guessed."""
    gain: float | None = Field(None, ge=1e-12, le=1e6)
    """Reflectance of one unit of calibrated pixels."""
    offset: float | None = Field(None, ge=-1e6, le=1e6)
    """Reflectance of the value 0 of calibrated pixels, 0 by default."""
    percentiles: Percentiles = (1.0, 99.0)
    """Percentiles of all bands together that become 1 and 255; bytes for viewing stay as they are."""
    year: int | None = Field(None, ge=1900, le=2100)
    """Year of the data, for the attribution."""
    bands: tuple[Band, Band, Band] | None = None
    """Bands that are red, green and blue, from 1; by default those of the profile, or 1, 2, 3."""

    @model_validator(mode="after")
    def _calibration_where_it_belongs(self) -> Self:
        if self.meaning == "calibrated" and self.gain is None:
            raise InputError(
                "calibrated pixels need a gain, the reflectance of one unit, and an offset unless it is 0",
                option="gain",
            )
        if self.meaning == "display" and (self.gain is not None or self.offset is not None):
            raise InputError(
                "gain and offset belong to calibrated pixels; set meaning to calibrated or leave them out",
                option=("gain", "offset"),
            )
        return self


class OpticalConfig(OpticalOptions):
    """Treatment of an orthophoto that becomes 8 bits."""

    nodata: NodataStatement = "auto"
    """Pixels without data: auto (the file's own, else zeros around the image), none, or the stored value of
    all three bands."""
