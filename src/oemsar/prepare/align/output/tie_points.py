"""Tie points on disk: GeoJSON and QGIS's georeferencer, written for a person and read back from one."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pydantic import Field, model_validator

from oemsar.arrays import Doubles
from oemsar.config_file import Foreign, parse_json
from oemsar.errors import InputError
from oemsar.files import write_json, write_text
from oemsar.geometry.heights import GEOGRAPHIC
from oemsar.geometry.mapping import centre_affine, crs_of, projection, projection_onto
from oemsar.limits import read_bytes

_COLUMNS = ("sar_x", "sar_y", "optical_x", "optical_y")

_Coordinate = Annotated[float, Field(ge=-1e9, le=1e9)]


class _Properties(Foreign):
    """Properties of a feature that are read."""

    sar_x: _Coordinate
    sar_y: _Coordinate
    optical_x: _Coordinate | None = None
    optical_y: _Coordinate | None = None
    used: bool | None = None


class _Point(Foreign):
    """Geometry of a feature."""

    coordinates: Annotated[tuple[_Coordinate, ...], Field(min_length=2)]


class _Feature(Foreign):
    """Feature of a GeoJSON file."""

    properties: _Properties
    geometry: _Point | None = None

    @model_validator(mode="after")
    def _lies_somewhere(self) -> Self:
        if self.geometry is None and None in (self.properties.optical_x, self.properties.optical_y):
            raise InputError("a point has no position in the orthophoto")
        return self


class _Points(Foreign):
    """GeoJSON file of tie points."""

    features: tuple[_Feature, ...]


@dataclass(frozen=True, eq=False)
class TiePoints:
    """Pixels that show the same ground, centres at integers, all of shape (points,).

    Attributes:
        sar_x: Columns of the radar image.
        sar_y: Rows of the radar image.
        optical_x: Columns of the orthophoto.
        optical_y: Rows of the orthophoto.
        used: Whether each point takes part.
        residual: Leave-one-out error, pixels of the orthophoto; NaN where unknown.
    """

    sar_x: Doubles
    sar_y: Doubles
    optical_x: Doubles
    optical_y: Doubles
    used: NDArray[np.bool_]
    residual: Doubles

    def __len__(self) -> int:
        """Count the points."""
        return self.sar_x.size


def write_geojson(path: Path, points: TiePoints, grid: GeoBox | None) -> None:
    """Write points as GeoJSON in longitude and latitude (RFC 7946).

    Without georeferencing the coordinates are the orthophoto's pixels, y counted downwards and negative.
    """
    if grid is None:
        east, north = points.optical_x, -points.optical_y
    else:
        world = centre_affine(grid) @ (points.optical_x, points.optical_y)
        east, north = projection(crs_of(grid), GEOGRAPHIC)(*world)
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [float(east[number]), float(north[number])]},
            "properties": {
                **{name: round(float(getattr(points, name)[number]), 4) for name in _COLUMNS},
                "used": bool(points.used[number]),
                "residual_px": _number(points.residual[number]),
            },
        }
        for number in range(len(points))
    ]
    write_json(path, {"type": "FeatureCollection", "features": features})


def write_points(path: Path, points: TiePoints, grid: GeoBox | None) -> None:
    """Write points as QGIS's georeferencer saves them.

    Its map coordinates are those of the orthophoto's CRS; its source coordinates are pixels of the radar
    image from the corner of the first pixel, y downwards and negative.
    """
    if grid is None:
        map_x, map_y = points.optical_x + 0.5, -(points.optical_y + 0.5)
        head = ""
    else:
        map_x, map_y = centre_affine(grid) @ (points.optical_x, points.optical_y)
        head = f"#CRS: {crs_of(grid)}\n"
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["mapX", "mapY", "sourceX", "sourceY", "enable", "dX", "dY", "residual"])
    for number in range(len(points)):
        source = points.sar_x[number] + 0.5, -(points.sar_y[number] + 0.5)
        numbers = [f"{value:.6f}" for value in (map_x[number], map_y[number], *source)]
        residual = _number(points.residual[number]) or 0
        table.writerow([*numbers, int(points.used[number]), 0, 0, f"{residual:.4f}"])
    write_text(path, head + text.getvalue())


def read_tie_points(path: Path, grid: GeoBox | None) -> TiePoints:
    """Read points that a person edited: GeoJSON of `write_geojson`, or a `.points` file of QGIS.

    A feature needs `sar_x` and `sar_y`; without `optical_x` and `optical_y` its position on the map counts.
    `used` or `enable` false leaves a point out.

    Args:
        path: File ending in .geojson, .json or .points.
        grid: Grid of the orthophoto; None without georeferencing.

    Raises:
        InputError: The file holds no tie points.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig", "replace")
    except InputError as error:
        raise InputError(
            f"{error.sentence}; give the tie points that a person edited", option="tie_points"
        ) from error
    rows = _qgis(path, text, grid) if path.suffix.lower() == ".points" else _geojson(path, text, grid)
    if not rows:
        raise InputError(f"{path} holds no tie points; set some", option="tie_points")
    values = np.array(rows, np.float64).T
    if not np.isfinite(values).all():
        raise InputError(
            f"{path} has a tie point that is not a number; correct or remove it", option="tie_points"
        )
    sar_x, sar_y, optical_x, optical_y, used = values
    return TiePoints(sar_x, sar_y, optical_x, optical_y, used != 0, np.full(used.shape, np.nan))


def _geojson(path: Path, text: str, grid: GeoBox | None) -> list[tuple[float, ...]]:
    try:
        features = _Points.model_validate(parse_json(text)).features
    except (ValueError, InputError) as error:
        raise InputError(
            f"{path} is not GeoJSON with points that have sar_x and sar_y ({error}); edit the "
            "tie_points.geojson of an earlier run",
            option="tie_points",
        ) from error
    return [_of_feature(feature, grid) for feature in features]


def _of_feature(feature: _Feature, grid: GeoBox | None) -> tuple[float, ...]:
    properties = feature.properties
    if properties.optical_x is not None and properties.optical_y is not None:
        position = properties.optical_x, properties.optical_y
    else:
        east, north = (0.0, 0.0) if feature.geometry is None else feature.geometry.coordinates[:2]
        if grid is None:
            position = east, -north
        else:
            world = projection_onto(GEOGRAPHIC, grid)(np.array([east]), np.array([north]))
            column, row = ~centre_affine(grid) @ (float(world[0][0]), float(world[1][0]))
            position = float(column), float(row)
    return (properties.sar_x, properties.sar_y, *position, float(properties.used is not False))


def _qgis(path: Path, text: str, grid: GeoBox | None) -> list[tuple[float, ...]]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    rows: list[tuple[float, ...]] = []
    try:
        for row in csv.DictReader(lines):
            source = float(row["sourceX"]) - 0.5, -float(row["sourceY"]) - 0.5
            world = float(row["mapX"]), float(row["mapY"])
            position = (world[0] - 0.5, -world[1] - 0.5) if grid is None else ~centre_affine(grid) @ world
            rows.append((*source, float(position[0]), float(position[1]), float(row.get("enable") or 1)))
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise InputError(
            f"{path} is not a table of QGIS's georeferencer (mapX, mapY, sourceX, sourceY, enable); save it "
            "there again",
            option="tie_points",
        ) from error
    return rows


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
