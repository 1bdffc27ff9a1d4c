"""Configuration of maps and of contest submissions."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from oemsar.errors import InputError
from oemsar.inference.config import InferenceConfig
from oemsar.inputs import NamedValues, by_input
from oemsar.polygons.config import FORMATS, OutlineConfig
from oemsar.products.registry import READERS
from oemsar.raster.statements import BandNumbers, NodataStatement, band_numbers, nodata_value

_LARGEST_VALUE, _SMALLEST_VALUE = 1e30, 1e-30
_CLOSEST = 1e-5
"""Least difference of two limits over the larger of them, for 255 steps between 32-bit floats."""


_UNASKED = {"polygons": None, "min_area": None, "areas": None, "stac": False}
"""Options that decide no pixel of what the network gives, and their defaults."""
_WHOLE = {"simplify": 1.0, "sheet": None}
"""Options of outlines, and their defaults."""


class WindowConfig(InferenceConfig):
    """Windows in which an image is mapped, and the network that maps them."""

    window: int = Field(1024, ge=1, le=65_536)
    """Side of the windows in pixels, near the size of the tiles the network was trained on."""
    overlap: int = Field(128, ge=0, le=65_536)
    """Width in pixels of the zone in which windows are blended, at most a third of the window."""

    @model_validator(mode="after")
    def _zones_never_meet(self) -> "WindowConfig":
        if self.overlap > self.window // 3:
            raise InputError(
                f"overlap {self.overlap} does not fit window {self.window}; "
                "give at most a third of the window",
                option=("overlap", "window"),
            )
        return self


def _stretchable(limits: tuple[float, float] | None, info: ValidationInfo) -> tuple[float, float] | None:
    """Check that values between two limits can be told apart as 32-bit floats."""
    if limits is None:
        return None
    low, high = limits
    option = info.field_name or ()
    if max(abs(low), abs(high)) > _LARGEST_VALUE:
        raise InputError(
            f"{low:g} {high:g} are no values of an image; give those that become 0 and 255", option=option
        )
    if not low < high:
        raise InputError(f"{low} {high} is empty; the low value must be below the high one", option=option)
    if high - low < max(abs(low), abs(high), _SMALLEST_VALUE) * _CLOSEST:
        raise InputError(
            f"{low} {high} are too close to be told apart; give values further apart", option=option
        )
    return limits


ValueRange = Annotated[tuple[float, float] | None, AfterValidator(_stretchable)]
"""Two rising values of an image, which become 0 and 255."""


class PredictConfig(WindowConfig, OutlineConfig):
    """Options of the map of a scene."""

    sets: float | None = Field(None, ge=0.5, le=0.999)
    """Coverage that prediction sets promise, such as 0.9: writes them as a layer, for a calibrated model."""
    probabilities: bool = False
    """Also write the probability of each class, as bytes with scale and offset, MAP_probabilities.tif."""
    entropy: bool = False
    """Also write the entropy of the probabilities, 0 to 1, bytes with scale and offset, MAP_entropy.tif."""
    disagreement: bool = False
    """Also write how far several models differ, as bytes with scale and offset, MAP_disagreement.tif."""
    inputs_layer: bool = False
    """Also write which inputs carry data at each pixel, as a layer of bits, MAP_inputs.tif."""
    polygons: Path | None = None
    """Polygons of the map to write, ending in .gpkg, .fgb or .parquet."""
    min_area: float | None = Field(None, ge=1e-4, le=1e9)
    """Smallest mapping unit in square metres on the ground: smaller patches go to the class beside them, and
    the raw map is kept as MAP_raw.tif."""
    areas: Path | None = None
    """Table of the areas of the classes to write, ending in .csv."""
    stac: bool = False
    """Also write STAC items of the map and of its models, MAP.stac.json and MAP.model.stac.json."""
    optical: Path | None = None
    """Orthophoto beside a radar scene, for a model that sees both, on any grid."""
    product: Annotated[str | None, READERS] = None
    """Kind of product of the radar image, where it is not recognised."""
    bands: BandNumbers = None
    """Bands of the scene, from 1: one for radar, three (such as 1,2,3) for red, green and blue, otherwise as
    many as the model has channels."""
    nodata: NodataStatement = "auto"
    """Pixels without data: auto (the file's own, else zeros around the image), none, or a stored value."""
    range: ValueRange = None
    """Values that become 0 and 255, for a scene that is not 8-bit; by default its percentiles 1 and 99."""
    optical_bands: BandNumbers = None
    """Red, green and blue of the orthophoto, from 1, such as 1,2,3; by default those that its file tells."""
    optical_nodata: NodataStatement = "auto"
    """Pixels of the orthophoto without data: auto, none, or their stored value in all three bands."""
    optical_range: ValueRange = None
    """Values that become 0 and 255, for an orthophoto not of 8 bits; by default its percentiles 1 and 99."""

    input: NamedValues = ()
    """Input and file of an image beside the scene, such as height=dsm.tif, on any grid; may be given several
    times."""
    input_bands: NamedValues = ()
    """Input and its bands in the file, from 1, such as nir=4; may be given several times."""
    input_nodata: NamedValues = ()
    """Input and its value without data, auto or none, such as height=-9999; may be given several times."""
    inputs: str | None = None
    """Inputs that are given to a model of fusion any, joined by +, the scene being the first of them; by
    default the model's first and those of the images beside the scene."""

    @property
    def outlines(self) -> OutlineConfig:
        """Options of the outlines of polygons."""
        return OutlineConfig(simplify=self.simplify, sheet=self.sheet)

    @property
    def of_pixels(self) -> "PredictConfig":
        """Options with those left out that decide no pixel of what the network gives."""
        return self.model_copy(update=_UNASKED | _WHOLE)

    @property
    def unrecorded(self) -> set[str]:
        """Names of options that a record leaves out, since they are at their default."""
        unasked = {**_UNASKED, "probabilities": False, "entropy": False, "disagreement": False}
        unused = {name for name, value in unasked.items() if getattr(self, name) == value}
        return super().unrecorded | unused | (set(_WHOLE) if self.polygons is None else set())

    @property
    def orthophoto(self) -> Path | None:
        """Orthophoto beside the scene, by whichever of the two options it is given."""
        given = by_input(self.input).get("optical")
        return self.optical if given is None else Path(given)

    @property
    def further(self) -> dict[str, Path]:
        """Files of the other inputs beside the scene, by name."""
        return {name: Path(path) for name, path in by_input(self.input).items() if name != "optical"}

    def bands_of(self, name: str) -> tuple[int, ...] | None:
        """Give the bands of the file of an input beside the scene; None where they are not stated."""
        bands = by_input(self.input_bands, "input_bands").get(name)
        return None if bands is None else band_numbers(bands, "input_bands")

    def nodata_of(self, name: str) -> str:
        """Give what is stated about the pixels without data of an input beside the scene."""
        return by_input(self.input_nodata, "input_nodata").get(name, "auto")

    @model_validator(mode="after")
    def _files_beside_fit(self) -> "PredictConfig":
        if self.polygons is not None and self.polygons.suffix.lower() not in FORMATS:
            raise InputError(
                f"{self.polygons} names no format of polygons; end it with {', '.join(FORMATS)}",
                option="polygons",
            )
        if self.areas is not None and self.areas.suffix.lower() != ".csv":
            raise InputError(f"{self.areas} must end in .csv: it is a table", option="areas")
        if self.polygons is None:
            for name, value in _WHOLE.items():
                if getattr(self, name) != value:
                    raise InputError(
                        "is about polygons, and none are asked for; leave it out, or name a file of polygons",
                        option=name,
                    )
        return self

    @model_validator(mode="after")
    def _inputs_fit(self) -> "PredictConfig":
        files = by_input(self.input)
        if self.optical is not None and "optical" in files:
            raise InputError("both name the orthophoto; give it once", option=("optical", "input"))
        for option in ("input_bands", "input_nodata"):
            for name, value in by_input(getattr(self, option), option).items():
                if name not in files or name == "optical":
                    own = "optical_" if name == "optical" else ""
                    raise InputError(
                        f"is about the {name} beside the scene, and none is given; the options of the "
                        f"orthophoto and of the scene are {option.replace('input_', own)}",
                        option=option,
                    )
                if option == "input_nodata":
                    nodata_value(value, option)
                else:
                    band_numbers(value, option)
        return self

    @model_validator(mode="after")
    def _statements_fit(self) -> "PredictConfig":
        stated = ("optical_bands", "optical_nodata", "optical_range")
        if self.orthophoto is None and (
            given := [n for n in stated if getattr(self, n) not in (None, "auto")]
        ):
            raise InputError(
                "is about an orthophoto beside the scene, and none is given; the scene's own options are "
                f"{', '.join(name.removeprefix('optical_') for name in stated)}",
                option=given[0],
            )
        return self


class SubmissionConfig(InferenceConfig):
    """Options of a contest submission."""

    names: Path | None = None
    """Text file of the names the submission must have, one a line."""
