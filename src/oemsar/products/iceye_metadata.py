"""The metadata of an ICEYE product: tags of the GeoTIFF, and the JSON or XML file beside it.

Fields after ICEYE's product documentation (metadata of Cloud Optimized GeoTIFFs; product metadata 2.4): COGs
carry the properties of a STAC item in the tag `ICEYE_PROPERTIES` and as JSON beside the file; older GeoTIFFs
carry tags, and an XML file beside them, of other names. Both are one model here.
"""

import html
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field

from oemsar.config_file import Value
from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.limits import read_text
from oemsar.products.beside import is_file
from oemsar.products.umbra_metadata import azimuth_at_scene
from oemsar.products.xml_file import read_xml

PROPERTIES_TAG = "ICEYE_PROPERTIES"
"""Tag that holds the properties of the STAC item of a COG, as JSON."""


def _joined(content: Any) -> Any:  # noqa: ANN401 (content of a file)
    return ",".join(map(str, content)) if isinstance(content, list) else content


def _lower(content: Any) -> Any:  # noqa: ANN401 (content of a file)
    return content.strip().casefold() if isinstance(content, str) else content


class AmplitudeMapping(Value):
    """Function that was applied to amplitude before it was stored."""

    model_config = ConfigDict(extra="ignore")

    function: Annotated[str, BeforeValidator(_lower)]
    """Name of the function, such as `power`."""


class IceyeMetadata(Value):
    """Metadata of an ICEYE product that radiometry and geometry need."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    level: str = Field("", validation_alias=AliasChoices("sar:product_type", "product_level"))
    """Kind of product, such as `GRD` or `SLC-COG`; empty where not stated."""
    calibration_factor: float | None = Field(
        None,
        gt=1e-30,
        lt=1e30,
        validation_alias=AliasChoices("iceye:calibration_factor", "calibration_factor"),
    )
    """Factor from the squared pixel to sigma nought (GRD); None where not stated."""
    polarisation: Annotated[str | None, BeforeValidator(_joined)] = Field(
        None, validation_alias=AliasChoices("sar:polarizations", "polarization")
    )
    """Transmitted and received, such as `VV`; None where not stated."""
    incidence: float | None = Field(
        None, gt=0, lt=90, validation_alias=AliasChoices("view:incidence_angle", "incidence_center")
    )
    """Incidence angle at the scene centre, degrees; None where not stated."""
    azimuth_below: float | None = Field(None, validation_alias="view:azimuth")
    """Azimuth of the scene from the point below the satellite, measured there, degrees."""
    range: float | None = Field(None, gt=0, validation_alias="iceye:range")
    """Slant range to the scene centre, metres."""
    centroid: dict[str, float] | None = Field(None, validation_alias="proj:centroid")
    """Latitude and longitude of the scene centre, degrees."""
    heading: float | None = None
    """Direction of flight at the centre of the acquisition, degrees from north."""
    look_side: Annotated[Literal["left", "right"] | None, BeforeValidator(_lower)] = Field(
        None, validation_alias=AliasChoices("sar:observation_direction", "look_side")
    )
    """Side of the flight on which the scene lies."""
    start: datetime | None = Field(
        None, validation_alias=AliasChoices("start_datetime", "acquisition_start_utc")
    )
    """Start of the acquisition, UTC."""
    mapping: AmplitudeMapping | None = Field(None, validation_alias="iceye:amplitude_mapping")
    """Function that was applied to amplitude; None for none."""

    @property
    def look(self) -> Look | None:
        """Look at the scene centre; None where the fields do not tell it."""
        if self.incidence is None:
            return None
        if self.azimuth_below is not None and self.range is not None and self.centroid is not None:
            centre = self.centroid
            if {"lat", "lon"} <= set(centre):
                azimuth = azimuth_at_scene(
                    self.azimuth_below, centre["lat"], centre["lon"], self.incidence, self.range
                )
                return Look(azimuth, self.incidence)
        if self.heading is None or self.look_side is None:
            return None
        side = 90 if self.look_side == "right" else -90
        return Look((self.heading + side) % 360, self.incidence)

    @property
    def time(self) -> datetime | None:
        """Start of the acquisition with its time zone; None where not stated."""
        if self.start is None or self.start.tzinfo is not None:
            return self.start
        return self.start.replace(tzinfo=UTC)


def read_metadata(path: Path, tags: Mapping[str, str]) -> tuple[IceyeMetadata, tuple[Path, ...]]:
    """Read the metadata of the product `path`; what the file itself says goes before files beside it.

    Args:
        path: GeoTIFF of the product.
        tags: Metadata items of the open file.

    Returns:
        The metadata, and the files beside the product that were read.

    Raises:
        InputError: A file beside it cannot be read, or a field is of the wrong kind.
    """
    beside = metadata_files(path)
    fields: dict[str, object] = {}
    for file in reversed(beside):
        fields |= _from_xml(file) if file.suffix.casefold() == ".xml" else _from_json(file)
    fields |= {name.casefold(): value for name, value in tags.items()}
    fields |= tagged_properties(tags)
    try:
        return IceyeMetadata.model_validate(fields), tuple(beside)
    except InputError as error:
        raise InputError(f"{path} holds no usable ICEYE metadata ({error}); fetch it again") from error


def metadata_files(path: Path) -> list[Path]:
    """List the metadata files beside the product `path`, JSON before XML."""
    names = (path.with_suffix(suffix) for suffix in (".json", ".xml"))
    return [file for file in names if is_file(file)]


def tagged_properties(tags: Mapping[str, str]) -> dict[str, object]:
    """Read the properties that a COG carries in a tag; empty where there are none or they are damaged."""
    try:
        # ICEYE escapes the JSON once more than GDAL takes back
        properties = json.loads(html.unescape(tags.get(PROPERTIES_TAG, "")))
    except (ValueError, RecursionError):
        return {}
    return properties if isinstance(properties, dict) else {}


def _from_json(path: Path) -> dict[str, object]:
    try:
        document = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a JSON file that can be read; fetch it again") from error
    properties = document.get("properties", document) if isinstance(document, dict) else None
    if not isinstance(properties, dict):
        raise InputError(f"{path} holds no JSON object of ICEYE; fetch it again")
    return properties


def _from_xml(path: Path) -> dict[str, object]:
    return {element.tag.casefold(): element.text.strip() for element in read_xml(path) if element.text}
