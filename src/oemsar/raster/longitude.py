"""Longitude as a circle: coordinates of a point that differ by a turn, and outlines across 180 degrees.

Files count longitudes from -180 to 180, from 0 to 360, or on beyond the antimeridian; maps such as Web
Mercator do the same in metres. Coordinates are brought into the turn of the grid that they are looked up in.
"""

import math
from functools import lru_cache

import numpy as np
import shapely
from odc.geo.geobox import GeoBox
from pydantic import JsonValue
from pyproj import CRS, Transformer
from rasterio import Affine
from shapely.geometry.base import BaseGeometry

from oemsar.arrays import Doubles

_CYLINDRICAL = (
    "Popular Visualisation Pseudo Mercator",
    "Mercator (variant A)",
    "Mercator (variant B)",
    "Equidistant Cylindrical",
    "Equidistant Cylindrical (Spherical)",
    "Lambert Cylindrical Equal Area",
)
"""Projections whose x is proportional to longitude."""
_WEB_MERCATOR = "+proj=merc +a=6378137 +b=6378137 +lon_0={} +units=m +nadgrids=@null +no_defs"
_EDGE = 33
"""Points along each side of a grid from which its outline across the antimeridian is drawn."""


@lru_cache(maxsize=128)
def turn_of(crs: str) -> float:
    """Find the distance along x after which a CRS shows the same ground again; 0 where it never does.

    Args:
        crs: CRS as WKT or `EPSG:N`.
    """
    flat = CRS.from_user_input(crs).to_2d()
    if flat.is_geographic:
        return round(2 * math.pi / flat.axis_info[0].unit_conversion_factor, 9)
    operation = flat.coordinate_operation
    if operation is None or operation.method_name not in _CYLINDRICAL or flat.geodetic_crs is None:
        return 0.0
    to_map = Transformer.from_crs(flat.geodetic_crs, flat, always_xy=True)
    x, _ = to_map.transform(np.array([0.0, 1.0, 90.0, 91.0]), np.zeros(4))
    # the map may be cut between one pair of meridians, not between both
    return 360 * float(min(abs(x[1] - x[0]), abs(x[3] - x[2])))


def near(x: Doubles, centre: float, turn: float) -> Doubles:
    """Move x by whole turns to within half a turn of a centre; unchanged where a turn is 0."""
    if not turn:
        return x
    moved: Doubles = x + turn * np.round((centre - x) / turn)
    return moved


def centre_x(grid: GeoBox) -> float:
    """Give the x of the middle of a grid in its CRS."""
    rows, columns = grid.shape
    return float((grid.affine @ (columns / 2, rows / 2))[0])


def turned_source(grid: GeoBox, target: GeoBox) -> tuple[str, Affine] | None:
    """Describe a grid in a CRS whose cut lies opposite to it, for libraries that count from -180 to 180.

    Args:
        grid: Grid of a raster that is to be read by coordinates.
        target: Grid that it is brought to.

    Returns:
        CRS as WKT or as words of PROJ, with its origin in the middle of the grid, and affine; None where the
        grid lies within half a turn of the origin of its own CRS, and the target in the same turn, so that
        nothing has to be done.
    """
    if grid.crs is None or target.crs is None:
        return None
    turn = turn_of(str(grid.crs.to_wkt()))
    if not turn:
        return None
    box, slack = grid.extent.boundingbox, 1e-9 * turn
    within = -turn / 2 - slack <= box.left and box.right <= turn / 2 + slack
    there = target.extent.boundingbox
    same_kind = turn_of(str(target.crs.to_wkt())) == turn
    if within and not (same_kind and max(abs(there.left), abs(there.right)) > turn / 2 + slack):
        return None
    degrees = float(round(360 * centre_x(grid) / turn))
    degrees -= 360 * round(degrees / 360)
    flat = CRS.from_wkt(grid.crs.to_wkt()).to_2d()
    shift = turn * degrees / 360
    whole_turns = turn * round((centre_x(grid) - shift) / turn)
    operation = flat.coordinate_operation
    if operation is not None and operation.method_name == _CYLINDRICAL[0]:
        crs = _WEB_MERCATOR.format(degrees)  # PROJ knows this projection without an origin
    else:
        crs = CRS.from_json_dict(_with_origin(flat.to_json_dict(), degrees)).to_wkt()
    return crs, Affine.translation(-shift - whole_turns, 0) @ grid.affine


def _with_origin(content: dict[str, JsonValue], degrees: float) -> dict[str, JsonValue]:
    """Move the origin of longitude in a CRS, as PROJJSON; without its code, which names the unmoved one."""
    moved = {key: value for key, value in content.items() if key not in ("id", "bbox", "area", "scope")}
    base = moved.get("base_crs")
    if isinstance(base, dict):
        return {**moved, "base_crs": _with_origin(base, degrees)}
    frame = moved.pop("datum", None) or moved.pop("datum_ensemble", None)
    if isinstance(frame, dict):
        kept = {key: value for key, value in frame.items() if key not in ("members", "accuracy", "id")}
        moved["datum"] = {
            **kept,
            "type": "GeodeticReferenceFrame",
            "name": str(frame["name"]).removesuffix(" ensemble"),
            "prime_meridian": {"name": "middle of the raster", "longitude": degrees},
        }
    return moved


def outline(grid: GeoBox) -> BaseGeometry:
    """Trace the outline of a grid with a CRS in EPSG:4326, cut at the antimeridian if it lies across."""
    plain: BaseGeometry = grid.extent.to_crs("EPSG:4326").geom
    left, _, right, _ = plain.bounds
    if left >= -180 and right <= 180 and right - left < 180:
        return plain
    along, rows_columns = np.linspace(0, 1, _EDGE), grid.shape
    zero, one = np.zeros(_EDGE), np.ones(_EDGE)
    column = np.concatenate([along, one, along[::-1], zero]) * rows_columns[1]
    row = np.concatenate([zero, along, one, along[::-1]]) * rows_columns[0]
    a, b, c, d, e, f = grid.affine[:6]
    crs = None if grid.crs is None else grid.crs.to_wkt()
    to_degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(a * column + b * row + c, d * column + e * row + f)
    return _cut(shapely.Polygon(np.stack([np.unwrap(lon, period=360), lat], axis=1)))


def _cut(outline: BaseGeometry) -> BaseGeometry:
    """Cut an outline of any longitudes into parts between -180 and 180 degrees."""
    left, _, right, _ = outline.bounds
    parts = []
    for number in range(math.floor((left + 180) / 360), math.ceil((right + 180) / 360)):
        part = outline.intersection(shapely.box(360 * number - 180, -90, 360 * number + 180, 90))
        parts.append(shapely.transform(part, lambda points, n=number: points - (360 * n, 0)))
    return shapely.union_all(parts)
