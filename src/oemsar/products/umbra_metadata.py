"""The JSON beside an Umbra product: `..._METADATA.json`, Umbra's Collect Metadata schema 1.0 and later."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.products.capella_metadata import read_document

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


def beside(path: Path) -> Path:
    """Give the path of the metadata beside the product `path`."""
    return path.with_name(f"{path.stem.removesuffix('_GEC')}_METADATA.json")


def read_metadata(path: Path) -> UmbraMetadata:
    """Read the metadata file `path`.

    Raises:
        InputError: It is no JSON or no Umbra metadata.
    """
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
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is not Umbra metadata ({error}); fetch it again or remove it") from error


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
