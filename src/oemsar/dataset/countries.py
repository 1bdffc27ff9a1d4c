"""Countries by their outlines, without network.

`countries.parquet` holds the outlines of Natural Earth's admin 0 countries, version 4.1.0, at 1:50 million
(https://www.naturalearthdata.com, public domain), as the `countries-50m` object of world-atlas 2.0.2 packs
them, on a grid of 0.0036 by 0.0017 degrees, joined by ISO 3166-1 alpha-3 code. Parts that have no code of
their own are with the country whose code covers them (Northern Cyprus, Somaliland, Australia's islands in the
Indian Ocean); Kosovo has the user-assigned code XKX; the Siachen Glacier is left out.
Countries across the antimeridian are cut there.
"""

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

if TYPE_CHECKING:
    import geopandas as gpd

COAST_TOLERANCE_KM = 25.0
"""Distance from the nearest outline, within which a point outside every outline takes its country.

Coasts at 1:50 million are off by some kilometres, and small islands are missing.
"""

_FILE = Path(__file__).with_name("countries.parquet")
_KM_PER_DEGREE = math.pi / 180 * 6371.0088
"""Along a meridian of a sphere of the earth's mean radius (IUGG)."""


@cache
def outlines() -> "gpd.GeoDataFrame":
    """Read the outlines: `country` (ISO 3166-1 alpha-3), `name` (English), `geometry` (EPSG:4326)."""
    import geopandas as gpd

    return gpd.read_parquet(_FILE)


def country_at(lon: float, lat: float, tolerance_km: float = COAST_TOLERANCE_KM) -> str | None:
    """Find the country of a point.

    Args:
        lon: Longitude in degrees (WGS 84), of any turn.
        lat: Latitude in degrees (WGS 84).
        tolerance_km: Distance in km from an outline, up to which a point outside it takes its country.

    Returns:
        ISO 3166-1 alpha-3 code of the outline the point lies in, else of the nearest one within
        `tolerance_km` (as a sphere has it, to a hundredth), else None.
    """
    tree, codes = _parts()
    lon -= 360 * round(lon / 360)
    point = shapely.Point(lon, lat)
    around = tree.query(point, predicate="intersects")
    if len(around):
        return min(str(codes[part]) for part in around)
    narrowing = max(math.cos(math.radians(lat)), 1e-3)
    reach = tolerance_km / _KM_PER_DEGREE
    # degrees of longitude are as long as those of latitude once they are narrowed
    scale = np.array([narrowing, 1.0])
    best, code = reach, None
    for here in (lon, lon - math.copysign(360, lon)):  # outlines are cut at 180 degrees
        across = reach / narrowing
        near = tree.query(shapely.box(here - across, lat - reach, here + across, lat + reach))
        if not len(near):
            continue
        flat = shapely.transform(tree.geometries[near], lambda points: points * scale)
        distances = shapely.distance(flat, shapely.Point(here * narrowing, lat))
        if distances.min() <= best:
            best, code = float(distances.min()), str(codes[near[int(np.argmin(distances))]])
    return code


@cache
def _parts() -> tuple[STRtree, NDArray[np.object_]]:
    """Build a tree of the single polygons of all countries, with the code of each."""
    frame = outlines().explode(ignore_index=True)
    return STRtree(frame.geometry.to_numpy()), frame["country"].to_numpy(dtype=object)
