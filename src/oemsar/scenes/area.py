"""Areas as a person gives them: W,S,E,N in degrees, or a GeoJSON file."""

import math
from collections.abc import Iterable
from pathlib import Path

import shapely
from pydantic import JsonValue
from shapely.geometry.base import BaseGeometry

from oemsar.config_file import read_document
from oemsar.errors import InputError

_OPTION = "area"
_EDGES = 4


def parse_area(text: str | Path) -> BaseGeometry:
    """Read an area.

    Args:
        text: Four numbers W,S,E,N in degrees, where W may be greater than E across the antimeridian, or the
            path of a GeoJSON file whose polygons make the area.

    Returns:
        Polygon or multipolygon in EPSG:4326, longitudes from -180 to 180.

    Raises:
        InputError: It is neither, or no area on the earth.
    """
    numbers = _numbers(str(text))
    return _box(numbers) if numbers is not None else _require_earth(_read(Path(text)), str(text))


def _numbers(text: str) -> list[float] | None:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return None
    if len(numbers) != _EDGES:
        raise InputError(f"{text} are {len(numbers)} numbers; give four, W,S,E,N in degrees", option=_OPTION)
    return numbers


def _box(numbers: list[float]) -> BaseGeometry:
    west, south, east, north = numbers
    text = ",".join(f"{number:g}" for number in numbers)
    if not all(map(math.isfinite, numbers)) or not -90 <= south < north <= 90:
        raise InputError(
            f"{text} has no south edge below its north edge; give W,S,E,N in degrees", option=_OPTION
        )
    if not (-180 <= west <= 180 and -180 <= east <= 180) or west == east:
        raise InputError(
            f"{text} has longitudes beyond 180 degrees or no width; give W,S,E,N", option=_OPTION
        )
    if west < east:
        return shapely.box(west, south, east, north)
    return shapely.union_all([shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)])


def _read(path: Path) -> BaseGeometry:
    """Join the polygons of a GeoJSON file (RFC 7946)."""
    if not path.is_file():
        raise InputError(
            f"{path} is no file and not four numbers; give a GeoJSON file or W,S,E,N", option=_OPTION
        )
    try:
        polygons = list(_polygons(read_document(path, "GeoJSON file")))
    except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.GEOSException) as error:
        raise InputError(f"{path} is no GeoJSON of polygons ({error})", option=_OPTION) from error
    if not polygons:
        raise InputError(f"{path} holds no polygon; draw the area as one", option=_OPTION)
    _require_degrees(shapely.total_bounds(polygons), str(path))
    return shapely.union_all(shapely.make_valid(polygons))


def _polygons(content: JsonValue) -> list[BaseGeometry]:
    if not isinstance(content, dict):
        raise TypeError("no object")
    kind = content.get("type")
    if kind in ("FeatureCollection", "GeometryCollection"):
        parts = content["features" if kind == "FeatureCollection" else "geometries"]
        if not isinstance(parts, list):
            raise TypeError("no list of features")
        return [polygon for part in parts for polygon in _polygons(part)]
    if kind == "Feature":
        return [] if content.get("geometry") is None else _polygons(content["geometry"])
    return [shapely.geometry.shape(content)] if kind in ("Polygon", "MultiPolygon") else []


def _require_earth(area: BaseGeometry, name: str) -> BaseGeometry:
    _require_degrees(area.bounds if area.area > 0 else (math.nan,) * 4, name)
    return area


def _require_degrees(bounds: Iterable[float], name: str) -> None:
    left, bottom, right, top = bounds
    if not (left >= -180 and right <= 180 and bottom >= -90 and top <= 90):
        raise InputError(
            f"{name} holds no area in degrees of longitude and latitude; write it in EPSG:4326",
            option=_OPTION,
        )
