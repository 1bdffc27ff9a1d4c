"""The JSON beside an Umbra product: `..._METADATA.json`, or the STAC item `....stac.v2.json` in its place.

Sources: Umbra's Collect Metadata schema, 1.0 and later; the STAC extensions `umbra` 1.0.0, `view` and `sar`.
`..._METADATA.json` was tried on a real file, `....stac.v2.json` only on files made by the extension's text.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field

from oemsar.config_file import Value, read_json
from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.products.beside import is_file
from oemsar.products.json_file import DOCUMENT_FAULTS, read_document

_EARTH_RADIUS = 6_371_000.0
_STEPS = 20


@dataclass(frozen=True)
class UmbraMetadata:
    """Metadata of an Umbra collect that radiometry and geometry need.

    Attributes:
        look: Look at the scene; None where not stated.
        polarisation: Polarisations, joined by commas; None where not stated.
        time: Start of the collect; None where not stated.
    """

    look: Look | None
    polarisation: str | None
    time: datetime | None


class _Properties(Value):
    """Properties of the STAC item of a collect, those that are read."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    incidence: float | None = Field(None, alias="view:incidence_angle", gt=0, lt=90)
    """Incidence angle at the scene, degrees."""
    grazing: float | None = Field(None, alias="umbra:grazing_angle_degrees", gt=0, lt=90)
    """Complement of the incidence angle, degrees."""
    target_azimuth: float | None = Field(None, alias="umbra:target_azimuth_angle_degrees")
    """Direction from the target to the satellite, degrees from north: 90 looks west from the east."""
    polarisations: tuple[str, ...] = Field((), alias="sar:polarizations")
    """Transmitted and received polarisations."""
    start: datetime | None = Field(None, alias="start_datetime")
    """Start of the collect."""
    moment: datetime | None = Field(None, alias="datetime")
    """Time of the collect."""


class _Item(Value):
    """STAC item of a collect, as far as it is read."""

    model_config = ConfigDict(extra="ignore")

    properties: _Properties
    """Properties of the collect."""


def beside(path: Path) -> Path | None:
    """Find the metadata beside the product `path`; None where there are none."""
    stem = path.stem.removesuffix("_GEC")
    names = (f"{stem}_METADATA.json", f"{stem}.stac.v2.json", f"{path.stem}.stac.v2.json")
    return next((file for file in map(path.with_name, names) if is_file(file)), None)


def read_metadata(path: Path) -> UmbraMetadata:
    """Read the metadata file `path`.

    Raises:
        InputError: It is no JSON or no Umbra metadata.
    """
    if path.name.endswith(".stac.v2.json"):
        return _from_item(read_json(path, _Item, "STAC item of Umbra").properties)
    document = read_document(path)
    try:
        collect = document["collects"][0]
        polarisations = collect.get("polarizations") or []
        start = collect.get("startAtUTC")
        return UmbraMetadata(
            look=_look(collect),
            polarisation=",".join(polarisations) or None,
            time=None if start is None else datetime.fromisoformat(start),
        )
    except DOCUMENT_FAULTS as error:
        raise InputError(f"{path} is not Umbra metadata ({error}); fetch it again or remove it") from error


def _from_item(properties: _Properties) -> UmbraMetadata:
    incidence = properties.incidence
    if incidence is None and properties.grazing is not None:
        incidence = 90 - properties.grazing
    look = None
    if incidence is not None and properties.target_azimuth is not None:
        look = Look((properties.target_azimuth + 180) % 360, incidence)
    return UmbraMetadata(
        look=look,
        polarisation=",".join(properties.polarisations) or None,
        time=properties.start or properties.moment,
    )


def _look(collect: Mapping[str, Any]) -> Look | None:
    """Find the look at the scene from the azimuth that Umbra measures below the satellite.

    Source: Umbra's documentation of collect geometry: `angleAzimuthDegrees` is "measured clockwise from
    north as measured from a point on the ground directly below the satellite".
    """
    below, incidence = collect.get("angleAzimuthDegrees"), collect.get("angleIncidenceDegrees")
    centre, distance = collect.get("sceneCenterPointLla"), collect.get("slantRangeMeters")
    if below is None or incidence is None or centre is None or distance is None:
        return None
    longitude, latitude = centre["coordinates"][:2]
    return Look(azimuth_at_scene(below, latitude, longitude, incidence, distance), incidence)


def azimuth_at_scene(
    below: float, latitude: float, longitude: float, incidence: float, distance: float
) -> float:
    """Turn the azimuth measured below the sensor into the one measured at the scene, degrees.

    Args:
        below: Azimuth from the point below the sensor to the scene, measured at that point, degrees.
        latitude: Latitude of the scene, degrees.
        longitude: Longitude of the scene, degrees.
        incidence: Incidence angle at the scene, degrees.
        distance: Slant range, metres.
    """
    import pyproj

    angle = math.radians(incidence)
    across = math.atan2(distance * math.sin(angle), _EARTH_RADIUS + distance * math.cos(angle))
    geod = pyproj.Geod(ellps="WGS84")
    azimuth = below
    for _ in range(_STEPS):
        *_, back = geod.fwd(longitude, latitude, azimuth + 180, across * _EARTH_RADIUS)
        azimuth += (below - back + 180) % 360 - 180
    return azimuth % 360
