"""The region of a pair: its images and elevation models, and the pair to be made of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    Field,
    JsonValue,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from oemsar.addresses import is_address
from oemsar.config_file import Config, Value
from oemsar.errors import InputError
from oemsar.geometry.datum import Datum, DemVoid
from oemsar.prepare.align.config import MATCHERS
from oemsar.prepare.radiometry.config import (
    Decibels,
    OpticalOptions,
    Percentiles,
    RemapName,
    RemapOptions,
)
from oemsar.products.registry import READERS
from oemsar.raster.statements import NodataStatement
from oemsar.record import source_name
from oemsar.sources import require_allowed

OF_EVERY_VERB = ("allow_sources", "limit")
"""Options of the command that are no keys of a region."""

_ONE_WORD = {"sar": "path", "optical": "path", "remap": "name"}
"""Sections that may be written as one word, and the key that the word stands for."""
_FARTHEST = 1e9
"""Largest coordinate of a pair."""


@contextmanager
def within(section: str) -> Iterator[None]:
    """Put the name of a section before the options that an error is about: `band` is `sar.band`."""
    try:
        yield
    except InputError as error:
        kept = (section, *OF_EVERY_VERB)
        names = [name if name in kept else f"{section}.{name}" for name in error.options]
        raise InputError(error.sentence, option=names or section) from error


def _section(
    content: Any,  # noqa: ANN401 (content of a file)
    handler: ValidatorFunctionWrapHandler,
    info: ValidationInfo,
) -> Value:
    section = str(info.field_name)
    if isinstance(content, str):
        content = {_ONE_WORD[section]: content}
    if not isinstance(content, dict | Value):
        raise InputError(f"write {_ONE_WORD[section]}, or keys and values", option=section)
    with within(section):
        made: Value = handler(content)
        return made


def _from_folder(path: Path, info: ValidationInfo) -> Path:
    """Resolve a relative path against the folder of the region file, in which an address must be allowed."""
    folder: Path | None = (info.context or {}).get("folder")
    if folder is None:
        return path
    if is_address(path):
        require_allowed(path, folder, "it names")
        return path
    return folder / path


FilePath = Annotated[Path, AfterValidator(_from_folder)]
Section = WrapValidator(_section)


class ImageFile(Value):
    """File of an image."""

    path: FilePath
    """File of the image; a relative path counts from the folder of the region file."""


class SarSource(ImageFile):
    """Radar scene of a region."""

    product: Annotated[str | None, READERS] = None
    """Kind of product, where it is not recognised."""
    band: int | None = Field(None, ge=1, le=65_535)
    """Band of a file of several, from 1."""
    nodata: NodataStatement = "auto"
    """Pixels without data: auto (the file's own, else zeros around the image), none, or a stored value."""
    attribution: str | None = None
    """Words that a publication must carry, instead of those of the product."""
    licence: str | None = None
    """Terms of the data, instead of those of the product."""


class OpticalSource(OpticalOptions, ImageFile):
    """Orthophoto of a region."""

    nodata: NodataStatement = "auto"
    """Pixels without data: auto, none, or their stored value in all three bands."""
    attribution: str | None = None
    """Words that a publication must carry, instead of those of the profile."""
    licence: str | None = None
    """Terms of the data, instead of those of the profile."""


class RemapSection(Value):
    """Remap of the radar image of a pair."""

    name: RemapName = "density"
    """How amplitude becomes 8 bits."""
    percentiles: Percentiles = (1.0, 99.0)
    """Limits of percentile and db-clip, in percent of the pixels."""
    db: Decibels = None
    """Limits of db-clip in dB, instead of percentiles."""

    def options(self) -> RemapOptions:
        """Give the remap and its limits as `apply_radiometry` takes them."""
        return RemapOptions(remap=self.name, percentiles=self.percentiles, db=self.db)


class PairRegion(Config):
    """One region: its images and elevation models, and the pair to be made of them."""

    name: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")
    """Name of the region; the outputs begin with it."""
    sar: Annotated[SarSource, Section]
    """Radar scene; may be written as its path alone."""
    optical: Annotated[OpticalSource, Section]
    """Orthophoto; may be written as its path alone."""
    dem: FilePath | None = None
    """Elevation model of the bare ground; without one a radar image stays where its map has it."""
    dem_datum: Datum | None = None
    """Zero of the elevation model's heights, where the file does not say."""
    geoid: FilePath | None = None
    """Grid of the geoid's height, for heights counted from the sea, and for voids that are sea."""
    dem_void: DemVoid = "refuse"
    """Voids of elevation models: refuse gives them no height, sea that of the geoid."""
    dsm: FilePath | None = None
    """Surface model with roofs and crowns."""
    crs: str = "auto"
    """CRS of the pair, `EPSG:N`, or `auto` for the UTM zone of the orthophoto's centre."""
    gsd: float = Field(ge=0.001, le=10_000)
    """Ground sampling distance of the pair, in metres."""
    extent: tuple[float, float, float, float] | None = None
    """Left, bottom, right and top of the pair in its CRS; by default the ground that both images show."""
    remap: Annotated[RemapSection, Section] = RemapSection()
    """Remap of amplitude to 8 bits; may be written as its name alone."""
    look_azimuth: float | None = Field(None, ge=-360, le=360)
    """Direction from the radar to the scene in degrees from true north, instead of that of the product."""
    incidence: float | None = Field(None, ge=0.1, le=89.9)
    """Angle between ray and vertical in degrees, instead of that of the product."""
    projection_height: float | None = Field(None, ge=-1000, le=10_000)
    """Ellipsoidal height in metres of a ground range product's plane, instead of that of the product."""
    search: float | None = Field(None, ge=0.1, le=10_000)
    """Radius of the search along the look, in metres; 80 by default, but 48 pixels at least."""
    engine: Annotated[str, MATCHERS] = "orientation"
    """Comparison of windows in the alignment."""
    tie_points: FilePath | None = None
    """Tie points that a person edited; nothing is matched then."""
    accept: bool = False
    """Whether to go on with an alignment that needs a person."""

    @model_validator(mode="before")
    @classmethod
    def _number_is_a_code_of_epsg(cls, content: Any) -> Any:  # noqa: ANN401 (content of a file)
        if isinstance(content, dict) and isinstance(content.get("crs"), int):
            return {**content, "crs": f"EPSG:{content['crs']}"}
        return content

    @model_validator(mode="after")
    def _models_that_belong_together(self) -> Self:
        if self.dem is None and (self.dsm is not None or self.geoid is not None):
            raise InputError(
                "surface model and geoid go with an elevation model of the bare ground; add it", option="dem"
            )
        if self.extent is not None:
            left, bottom, right, top = self.extent
            if max(map(abs, self.extent)) > _FARTHEST:
                raise InputError(
                    f"the extent reaches beyond {_FARTHEST:g} of its CRS; correct it", option="extent"
                )
            if not (left < right and bottom < top):
                raise InputError(
                    "the extent is not left, bottom, right, top with left < right and bottom < top",
                    option="extent",
                )
        return self

    def files(self) -> dict[str, Path]:
        """List the input files that are given, by key."""
        paths = {
            "sar": self.sar.path,
            "optical": self.optical.path,
            "dem": self.dem,
            "geoid": self.geoid,
            "dsm": self.dsm,
            "tie_points": self.tie_points,
        }
        return {key: path for key, path in paths.items() if path is not None}

    def plain(self) -> dict[str, JsonValue]:
        """Give the region as plain values, files by their names, for a record."""
        values: dict[str, JsonValue] = self.model_dump(mode="json")
        for key, path in self.files().items():
            section = values[key]
            if isinstance(section, dict):
                section["path"] = source_name(path)
            else:
                values[key] = source_name(path)
        return values
