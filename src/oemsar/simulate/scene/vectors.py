"""Roads and buildings of a scene as GeoJSON."""

from collections.abc import Iterable
from functools import cache

import numpy as np
from pydantic import JsonValue
from pyproj import Transformer
from shapely import transform
from shapely.geometry import LineString, Polygon, box, mapping

from oemsar.simulate.scene.geometry import SceneGeometry
from oemsar.simulate.world.canvas_plan import CanvasPlan
from oemsar.simulate.world.landcover import WorldRasters
from oemsar.simulate.world.polygon import Rectangle, densify

_SEEN = 0.5
"""Share of its rectangle that a building shows at least: others stand for parts of one drawn over them."""
_SMALLEST = 8.0
"""Square metres of the smallest building: smaller boxes are machines on roofs."""
_DECIMALS = 8


def roads(geometry: SceneGeometry, plan: CanvasPlan) -> dict[str, JsonValue]:
    """Collect the middle lines of streets within the orthophoto, with their width in metres and class.

    Streets wider than 8 m are `main`, others `local`; where open water without a bridge crosses, they end.
    """
    features: list[dict[str, JsonValue]] = []
    for street in plan.streets:
        line = [plan.bend(point) for point in [*densify([street.start, street.end], 8.0)]]
        line = line[: len(line) // 2 + 1]
        for piece in _dry(line, plan):
            kind = "main" if street.width > 8 else "local"
            features += _within(LineString(piece), geometry, {"width": round(street.width, 2), "class": kind})
    return _collection(features)


def buildings(geometry: SceneGeometry, land_cover: WorldRasters) -> dict[str, JsonValue]:
    """Collect the footprints of the buildings within the orthophoto.

    Properties: `height` of the ridge and `eaves` in metres over the mean ground, `ground` ellipsoidal,
    `roof` (`flat`, `gabled` or `hipped`) and `class` by size: `shed`, `house`, `block` or `hall`.
    """
    table, gsd, ground = land_cover.table, land_cover.gsd, land_cover.ground
    shown = np.bincount(land_cover.surface.ravel(), minlength=len(table.height)) * gsd**2
    features: list[dict[str, JsonValue]] = []
    for number in np.nonzero(table.half_width > 0)[0].tolist():
        half_length, half_width = float(table.half_length[number]), float(table.half_width[number])
        size = 4 * half_length * half_width
        if size < _SMALLEST or shown[number] < _SEEN * size:
            continue
        axis = complex(table.axis[number])
        centre = complex(table.centre[number])
        outline = Rectangle(centre, axis / abs(axis), half_length, half_width).outline
        pitch, eaves = float(table.pitch[number]), float(table.height[number])
        ridge = eaves + pitch * half_width
        row = min(max(int(centre.imag / gsd), 0), ground.shape[0] - 1)
        column = min(max(int(centre.real / gsd), 0), ground.shape[1] - 1)
        roof = "flat" if pitch == 0 else "hipped" if table.hipped[number] else "gabled"
        properties: dict[str, JsonValue] = {
            "height": round(ridge, 2),
            "eaves": round(eaves, 2),
            "ground": round(float(ground[row, column]) + geometry.base, 2),
            "roof": roof,
            "class": _kind(size, ridge, pitch),
        }
        features += _within(Polygon([(point.real, point.imag) for point in outline]), geometry, properties)
    return _collection(features)


def _kind(size: float, height: float, pitch: float) -> str:
    """Classify a building by its footprint in square metres, its height in metres and its roof."""
    if size < 30:
        return "shed"
    if size < 350 and pitch > 0.2:
        return "house"
    return "hall" if size > 700 and height < 14 else "block"


def _dry(line: list[complex], plan: CanvasPlan) -> Iterable[list[tuple[float, float]]]:
    """Cut out the pieces of a line that do not lie in water."""
    piece: list[tuple[float, float]] = []
    gsd = plan.surfaces.gsd
    for point in line:
        row = min(max(int(point.imag / gsd), 0), plan.surfaces.shape[0] - 1)
        column = min(max(int(point.real / gsd), 0), plan.surfaces.shape[1] - 1)
        if plan.waters.shore[row, column] > 0 or plan.waters.bridge[row, column]:
            piece.append((point.real, point.imag))
            continue
        if len(piece) > 1:
            yield piece
        piece = []
    if len(piece) > 1:
        yield piece


def _within(
    shape: LineString | Polygon, geometry: SceneGeometry, properties: dict[str, JsonValue]
) -> list[dict[str, JsonValue]]:
    """Cut out the parts of a shape in canvas metres that lie in the orthophoto, as features in EPSG:4326."""
    gsd, canvas = geometry.config.gsd, geometry.canvas.affine
    rows, columns = geometry.core
    frame = box(columns.start * gsd, rows.start * gsd, columns.stop * gsd, rows.stop * gsd)
    inside = shape.intersection(frame)
    if inside.is_empty or inside.geom_type not in (shape.geom_type, f"Multi{shape.geom_type}"):
        return []
    to_wgs84 = _to_wgs84(geometry.region.epsg)
    parts = list(getattr(inside, "geoms", [inside]))
    features: list[dict[str, JsonValue]] = []
    for part in parts:
        placed = transform(
            part, lambda xy: np.column_stack(to_wgs84.transform(canvas.c + xy[:, 0], canvas.f - xy[:, 1]))
        )
        features.append({"type": "Feature", "properties": properties, "geometry": mapping(placed)})
    return features


@cache
def _to_wgs84(epsg: int) -> Transformer:
    return Transformer.from_crs(epsg, 4326, always_xy=True)


def _collection(features: list[dict[str, JsonValue]]) -> dict[str, JsonValue]:
    return {"type": "FeatureCollection", "features": [*features]}
