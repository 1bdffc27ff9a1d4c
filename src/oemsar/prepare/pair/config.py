"""The configuration of a pair: one typed object."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from oemsar.geometry.vertical import Datum
from oemsar.prepare.radiometry.optical import Calibrated, Display, OpticalConfig
from oemsar.prepare.radiometry.remap import Choice


def _beside(path: Path, info: ValidationInfo) -> Path:
    """A relative path counts from the folder of the YAML file."""
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / path


Beside = Annotated[Path, AfterValidator(_beside)]
Percentiles = tuple[float, float]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SarSource(_Section):
    """The radar scene.

    Attributes:
        path: the product; relative to the YAML file.
        product: kind of product, where it is not recognised.
        band: of a file of several, from 1.
        attribution: what a publication must say, instead of what the product says.
        licence: likewise.
    """

    path: Beside
    product: str | None = None
    band: int | None = Field(None, ge=1)
    attribution: str | None = None
    licence: str | None = None


class OpticalSource(_Section):
    """The orthophoto.

    Attributes:
        path: the file; relative to the YAML file.
        profile: name of its source, see `oemsar.prepare.radiometry.optical_profiles`.
        meaning: what the pixels are: colours for viewing, or reflectance by `gain` and `offset`.
        gain: reflectance of one unit of the pixels, where they are calibrated.
        offset: reflectance of the value 0.
        percentiles: that become 1 and 255; bytes for viewing stay as they are.
        year: of the data, for the attribution.
        bands: red, green and blue, from 1; the profile's, or 1, 2, 3.
        attribution: what a publication must say, instead of what the profile says.
        licence: likewise.
    """

    path: Beside
    profile: str | None = None
    meaning: Literal["display", "calibrated"] = "display"
    gain: float | None = Field(None, gt=0)
    offset: float | None = None
    percentiles: Percentiles = (1.0, 99.0)
    year: int | None = Field(None, ge=1900, le=2100)
    bands: tuple[int, int, int] | None = None
    attribution: str | None = None
    licence: str | None = None

    @model_validator(mode="after")
    def _calibration_where_it_belongs(self) -> Self:
        if self.meaning == "calibrated" and self.gain is None:
            raise ValueError("meaning calibrated needs gain (reflectance of one unit), and offset if not 0")
        if self.meaning == "display" and (self.gain is not None or self.offset is not None):
            raise ValueError("gain and offset belong to meaning calibrated; write that or leave them out")
        Choice(self.percentiles)
        return self

    def config(self) -> OpticalConfig:
        """The treatment, as `optical_to_eight_bit` takes it."""
        meaning = Display() if self.gain is None else Calibrated(self.gain, self.offset or 0.0)
        return OpticalConfig(meaning, self.percentiles, self.profile, self.bands, self.year)


class RemapChoice(_Section):
    """How amplitude becomes 8 bits.

    Attributes:
        name: see `oemsar.prepare.radiometry.remap`.
        percentiles: limits of `percentile` and `db-clip`.
        db: limits of `db-clip` in dB, instead of the percentiles.
    """

    name: str = "density"
    percentiles: Percentiles = (1.0, 99.0)
    db: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _limits_rise(self) -> Self:
        self.choice()
        return self

    def choice(self) -> Choice:
        """The parameters a person sets, as a remap takes them."""
        return Choice(self.percentiles, self.db)


SHORT = {"sar": "path", "optical": "path", "remap": "name"}
"""Sections that may be written as one word, and what it is."""


class Region(_Section):
    """One region: where its images are, and what the pair is to be.

    Attributes:
        name: of the region; the outputs begin with it.
        sar: radar scene; may be written as its path alone.
        optical: orthophoto; may be written as its path alone.
        dem: elevation model of the bare ground; without one a radar image lies where its map has it.
        dem_datum: what its heights are counted from, where it does not say.
        geoid: undulations, where they are counted from the sea.
        dsm: surface model with roofs and crowns.
        crs: of the pair, `EPSG:N`, or `auto` for the UTM zone of the orthophoto's centre.
        gsd: ground sampling distance of the pair, metres.
        extent: left, bottom, right, top in `crs`; by default the ground that both images show.
        remap: amplitude to 8 bits; may be written as its name alone.
        look_azimuth: degrees from true north, instead of what the product tells.
        incidence: degrees from the vertical, likewise.
        projection_height: ellipsoidal metres of a ground range product's plane, likewise.
        search: radius of the search along the look, metres.
        engine: of the alignment.
        tie_points: that a person edited; then nothing is matched.
        accept: whether to go on with an alignment that needs a person.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")
    sar: SarSource
    optical: OpticalSource
    dem: Beside | None = None
    dem_datum: Datum | None = None
    geoid: Beside | None = None
    dsm: Beside | None = None
    crs: str = "auto"
    gsd: float = Field(gt=0)
    extent: tuple[float, float, float, float] | None = None
    remap: RemapChoice = RemapChoice()
    look_azimuth: float | None = None
    incidence: float | None = None
    projection_height: float | None = None
    search: float | None = Field(None, gt=0)
    engine: str = "orientation"
    tie_points: Beside | None = None
    accept: bool = False

    @model_validator(mode="before")
    @classmethod
    def _sections_of_one_word(cls, content: Any) -> Any:  # noqa: ANN401 (what the file holds)
        if not isinstance(content, dict):
            return content
        sections = {
            key: {SHORT[key]: value} if key in SHORT and isinstance(value, str) else value
            for key, value in content.items()
        }
        code = sections.get("crs")
        return {**sections, "crs": f"EPSG:{code}"} if isinstance(code, int) else sections

    @model_validator(mode="after")
    def _models_that_belong_together(self) -> Self:
        if self.dem is None and (self.dsm is not None or self.geoid is not None):
            raise ValueError("dsm and geoid go with dem; add the elevation model of the bare ground")
        if self.extent is not None:
            left, bottom, right, top = self.extent
            if not (left < right and bottom < top):
                raise ValueError("extent is not left, bottom, right, top with left < right and bottom < top")
        return self

    def files(self) -> dict[str, Path]:
        """The input files that are given, by key."""
        paths = {
            "sar": self.sar.path,
            "optical": self.optical.path,
            "dem": self.dem,
            "geoid": self.geoid,
            "dsm": self.dsm,
            "tie_points": self.tie_points,
        }
        return {key: path for key, path in paths.items() if path is not None}

    def plain(self) -> dict[str, Any]:
        """The configuration as plain values, files by their names."""
        values = self.model_dump(mode="json")
        for key, path in self.files().items():
            if isinstance(values[key], dict):
                values[key]["path"] = path.name
            else:
                values[key] = path.name
        return values
