"""The JSON that describes a Capella product: in the file's image description, and in `extended.json` beside.

Fields after the Capella Space SAR Products Format Specification, versions 1.5 to 1.10. Amplitude is
`scale_factor` times the pixel (its modulus, for SLC); the squared amplitude is what `radiometry` names:
beta nought for SLC, sigma nought for GEC and GEO.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.products.json_file import DOCUMENT_FAULTS, read_document
from oemsar.products.product import Calibration

_RADIOMETRY: dict[str, Literal["sigma0", "beta0", "gamma0"]] = {
    "sigma_nought": "sigma0",
    "beta_nought": "beta0",
    "gamma_nought": "gamma0",
}
_PLANE = re.compile(r"ExplicitInflatedWGS84\[(-?[\d.]+(?:e-?\d+)?)\]")


@dataclass(frozen=True)
class CapellaMetadata:
    """Metadata of a Capella product that radiometry and geometry need.

    Attributes:
        product_type: `SLC`, `GEC`, `GEO` and others; empty where the metadata is cut short.
        scale_factor: Amplitude of a pixel of value 1.
        calibration: Physical meaning of the squared amplitude; None where the metadata names no radiometry.
        shape: Rows and columns; None where not stated.
        polarisation: Transmitted and received, such as `HH`; None where not stated.
        look: Look at the centre pixel; None where not stated.
        projection_height: Ellipsoidal metres of the plane a GEC lies on; None for other products.
        time: Time of the centre pixel or of the start of the collect; None where not stated.
        copyright: Line of the provider; empty where not stated.
        licence: Address of the terms; empty where not stated.
    """

    product_type: str
    scale_factor: float
    calibration: Calibration | None
    shape: tuple[int, int] | None
    polarisation: str | None
    look: Look | None
    projection_height: float | None
    time: datetime | None
    copyright: str
    licence: str


def parse_metadata(document: Mapping[str, Any], name: str) -> CapellaMetadata:
    """Read the metadata of a Capella product.

    Args:
        document: JSON as nested dictionaries.
        name: File, for messages.

    Raises:
        InputError: It has no usable scale factor, or a field is of the wrong kind.
    """
    try:
        return _parse(document, name)
    except DOCUMENT_FAULTS as error:
        raise InputError(
            f"{name} holds no usable Capella metadata ({error}); fetch the product again"
        ) from error


def read_metadata(path: Path) -> CapellaMetadata:
    """Read the metadata in the JSON file `path`.

    Raises:
        InputError: It is missing or holds no Capella metadata.
    """
    return parse_metadata(read_document(path), str(path))


def _parse(document: Mapping[str, Any], name: str) -> CapellaMetadata:
    collect = document["collect"]
    image = collect["image"]
    scale = float(image["scale_factor"])
    if not (math.isfinite(scale) and scale > 0):
        raise InputError(
            f"{name}: its scale_factor {scale} is not a positive number; fetch the product again"
        )
    radar = collect.get("radar", {})
    directions = (radar.get("transmit_polarization"), radar.get("receive_polarization"))
    time = image.get("center_pixel", {}).get("center_time") or collect.get("start_timestamp")
    plane = _PLANE.fullmatch((image.get("terrain_models") or {}).get("reprojection", {}).get("name", ""))
    quantity = _RADIOMETRY.get(image.get("radiometry", ""))
    return CapellaMetadata(
        product_type=_text(document, "product_type"),
        scale_factor=scale,
        calibration=None if quantity is None else Calibration(quantity, quality=_text(image, "calibration")),
        shape=(int(image["rows"]), int(image["columns"])) if "rows" in image else None,
        polarisation="".join(directions) if all(directions) else None,
        look=_look(collect),
        projection_height=float(plane[1]) if plane else None,
        time=None if time is None else datetime.fromisoformat(time),
        copyright=_text(document, "copyright"),
        licence=_text(document, "license"),
    )


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name) or ""
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


def _look(collect: Mapping[str, Any]) -> Look | None:
    """Read the look: incidence as stated, azimuth of the line of sight at the centre time."""
    centre = collect["image"].get("center_pixel")
    states = collect.get("state", {}).get("state_vectors")
    if not centre or not states or "target_position" not in centre:
        return None
    target = np.array(centre["target_position"], np.float64)
    seconds = [_seconds(state["time"]) for state in states]
    positions = np.array([state["position"] for state in states], np.float64)
    moment = _seconds(centre["center_time"])
    sensor = np.array([np.interp(moment, seconds, positions[:, axis]) for axis in range(3)])
    east, north, _ = local_axes(target)
    ray = target - sensor
    azimuth = math.degrees(math.atan2(ray @ east, ray @ north)) % 360
    return Look(azimuth, float(centre["incidence_angle"]))


def local_axes(
    position: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Give unit vectors east, north and up (normal of the WGS 84 ellipsoid) at an earth-centred position."""
    import pyproj

    to_geodetic = pyproj.Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True)
    longitude, latitude, _ = to_geodetic.transform(position[0], position[1], position[2], radians=True)
    sine_lon, cosine_lon = math.sin(longitude), math.cos(longitude)
    sine_lat, cosine_lat = math.sin(latitude), math.cos(latitude)
    east = np.array([-sine_lon, cosine_lon, 0.0])
    north = np.array([-sine_lat * cosine_lon, -sine_lat * sine_lon, cosine_lat])
    up = np.array([cosine_lat * cosine_lon, cosine_lat * sine_lon, sine_lat])
    return east, north, up


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
