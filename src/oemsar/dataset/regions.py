"""Regions: clusters of tiles on the ground, found from their georeferencing and named by country.

The names of the published tiles tell no region. Its regions are cities and their surroundings: tiles of one
lie within a few kilometres of each other, and regions far apart. So two tiles are of one region where a chain
of tiles leads from one to the other whose every step, between the centres of two tiles, is at most
`REGION_DISTANCE_KM` (single linkage).
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from oemsar.config_file import Value
from oemsar.dataset.config import REGION_DISTANCE_KM
from oemsar.dataset.countries import country_at
from oemsar.dataset.table import Table, describe_table
from oemsar.dataset.tile import SPLITS, Split, Tile
from oemsar.errors import InputError

UNASSIGNED = "unassigned"
"""Name of the group of tiles without a region."""

NO_COUNTRY = "XXX"
"""Country in the name of a region that lies in none; ISO 3166 leaves the code to users."""

_NEIGHBOURS = 9
"""Nearest tiles looked at first, a tile itself among them; distances between clumps of them come after."""

_GEOCENTRIC = "EPSG:4978"
_GEOGRAPHIC = "EPSG:4979"

Points = NDArray[np.float64]
"""Geocentric coordinates in metres, shape (n, 3): nearness has no seam at a pole or the antimeridian."""


class RegionSummary(Value):
    """A cluster of tiles."""

    name: str
    """Country and ordinal from west to east, such as `JPN-03`."""
    country: str | None
    """ISO 3166-1 alpha-3 code; None where the centroid lies in no country."""
    lon: float
    """Longitude of the mean of the tiles' centres in degrees (WGS 84)."""
    lat: float
    """Latitude of the mean of the tiles' centres in degrees (WGS 84)."""
    tiles: dict[Split, int]
    """Number of tiles by split."""
    hand_labelled: dict[Split, int]
    """Number of tiles with a hand-made label by split."""
    gap_km: float | None
    """Distance in km between a tile of the region and the nearest of another, centre to centre in a straight
    line; None where there is no other region."""


def assign_regions(tiles: Sequence[Tile], distance_km: float = REGION_DISTANCE_KM) -> list[Tile]:
    """Fill in region and country of the tiles, in their order; None in both without georeferencing.

    Names depend on the ground the tiles cover, and not on their order: regions of a country are counted by
    the longitude of their centroid, from -180 degrees on. Of a part of the dataset, with fewer regions, the
    names differ from those of the whole.

    Args:
        tiles: Tiles of different names, with or without region and country.
        distance_km: Longest step between the tiles of a region, centre to centre, in km.

    Raises:
        InputError: The distance is not positive, or a tile's coordinates lie nowhere on earth.
    """
    if not distance_km > 0:
        raise InputError(
            f"a distance of {distance_km:g} km cannot tell regions apart; give a positive one",
            option="region_distance",
        )
    ordered = sorted((tile for tile in tiles if is_placed(tile)), key=lambda tile: tile.name)
    if not ordered:
        return [replace(tile, region=None, country=None) for tile in tiles]
    points = tile_centres(ordered)
    labels = _clusters(points, distance_km * 1000)
    centroids = [_centroid(points[labels == label]) for label in range(labels.max() + 1)]
    countries = [country_at(lon, lat) for lon, lat in centroids]
    names = _names(centroids, countries)
    found = {tile.name: int(label) for tile, label in zip(ordered, labels, strict=True)}
    return [
        replace(
            tile,
            region=names[found[tile.name]] if tile.name in found else None,
            country=countries[found[tile.name]] if tile.name in found else None,
        )
        for tile in tiles
    ]


def summarise_regions(tiles: Sequence[Tile]) -> list[RegionSummary]:
    """Summarise the regions that tiles name, ordered by name; tiles without region or grid are left out."""
    members: dict[str, list[Tile]] = defaultdict(list)
    for tile in sorted(tiles, key=lambda tile: tile.name):
        if tile.region is not None and is_placed(tile):
            members[tile.region].append(tile)
    points = {name: tile_centres(found) for name, found in sorted(members.items())}
    return [_region(name, members[name], points) for name in points]


def require_regions(tiles: Sequence[Tile], table: Table) -> None:
    """Check that at least one tile has a region.

    Args:
        tiles: Tiles of the table.
        table: Table they come from, named in the sentence of an error.

    Raises:
        InputError: No tile has a region.
    """
    if all(tile.region is None for tile in tiles):
        raise InputError(
            f"{describe_table(table)} has no tile with a region: no tile is georeferenced, or the table was "
            "written without regions; write it again with `oemsar data index` on georeferenced tiles"
        )


def by_region(tiles: Sequence[Tile]) -> dict[str, list[Tile]]:
    """Group tiles by region, ordered by its name; those without one are under `UNASSIGNED`, last."""
    groups: dict[str, list[Tile]] = defaultdict(list)
    for tile in tiles:
        groups[tile.region or UNASSIGNED].append(tile)
    return {name: groups[name] for name in sorted(groups, key=lambda name: (name == UNASSIGNED, name))}


def _region(name: str, tiles: Sequence[Tile], points: dict[str, Points]) -> RegionSummary:
    lon, lat = _centroid(points[name])
    others = [found for other, found in points.items() if other != name]
    gap = np.min(KDTree(points[name]).query(np.concatenate(others))[0]) / 1000 if others else None
    return RegionSummary(
        name=name,
        country=tiles[0].country,
        lon=lon,
        lat=lat,
        tiles=_by_split(tiles),
        hand_labelled=_by_split([tile for tile in tiles if tile.real_label is not None]),
        gap_km=None if gap is None else round(float(gap), 3),
    )


def _by_split(tiles: Sequence[Tile]) -> dict[Split, int]:
    counts = Counter(tile.split for tile in tiles)
    return {split: counts[split] for split in SPLITS}


def is_placed(tile: Tile) -> bool:
    """Tell whether the grid of a tile says where on the earth it lies."""
    return tile.grid is not None and tile.grid.crs is not None


def tile_centres(tiles: Sequence[Tile]) -> Points:
    """Compute the centres of the grids of tiles on the ellipsoid.

    Args:
        tiles: Tiles whose grids have a CRS.

    Returns:
        Geocentric coordinates in metres, shape (tiles, 3).

    Raises:
        InputError: A tile lies nowhere on earth.
    """
    by_crs: dict[str, list[int]] = defaultdict(list)
    flat = np.empty((len(tiles), 2))
    for number, tile in enumerate(tiles):
        grid = tile.grid
        if grid is None or grid.crs is None:
            raise ValueError(f"tile {tile.name} has no grid")
        rows, columns = grid.shape
        flat[number] = grid.affine @ (columns / 2, rows / 2)
        by_crs[grid.crs.wkt].append(number)
    points = np.empty((len(tiles), 3))
    for wkt, numbers in by_crs.items():
        # by way of longitude and latitude: a vertical axis of the CRS must not lift the tiles
        to_degrees = Transformer.from_crs(CRS(wkt).to_2d(), "EPSG:4326", always_xy=True)
        lon, lat = to_degrees.transform(*flat[numbers].T)
        points[numbers] = np.stack(_to_geocentric().transform(lon, lat, np.zeros(len(numbers))), axis=1)
    wrong = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(wrong):
        raise InputError(
            f"tile {tiles[wrong[0]].name} has georeferencing that lies nowhere on earth; repair its files"
        )
    return points


def _to_geocentric() -> Transformer:
    return Transformer.from_crs(_GEOGRAPHIC, _GEOCENTRIC, always_xy=True)


def _centroid(points: Points) -> tuple[float, float]:
    """Compute longitude and latitude of the mean of `points`, degrees to seven decimals (a centimetre)."""
    to_degrees = Transformer.from_crs(_GEOCENTRIC, _GEOGRAPHIC, always_xy=True)
    lon, lat, _ = to_degrees.transform(*points.mean(axis=0))
    return round(float(lon), 7), round(float(lat), 7)


def _clusters(points: Points, distance: float) -> NDArray[np.int32]:
    """Find the cluster of each point, numbered from 0: single linkage, exact.

    Memory grows with the points and not with their pairs: clumps of near neighbours first, which are many
    tiles each, then the distances between clumps. Distances are chords, which fall short of the arc on the
    ground by less than a millionth at 10 km.
    """
    neighbours = np.arange(1, min(_NEIGHBOURS, len(points)) + 1)
    near, found = map(np.asarray, KDTree(points).query(points, k=neighbours))
    rows, columns = np.nonzero(near <= distance)
    clumps = _components(len(points), rows, found[rows, columns])
    members = np.argsort(clumps, kind="stable")
    first = np.concatenate([[0], np.cumsum(np.bincount(clumps))])
    links = []
    # a point at exactly `distance` is within it, and the tree looks for nearer ones only
    bound = np.nextafter(distance, np.inf)
    for clump in range(len(first) - 1):
        own = points[members[first[clump] : first[clump + 1]]]
        reached, _ = KDTree(own).query(points, distance_upper_bound=bound)
        links += [(clump, int(other)) for other in np.unique(clumps[np.isfinite(reached)])]
    merged = _components(len(first) - 1, *np.array(links).T)
    clusters: NDArray[np.int32] = merged[clumps]
    return clusters


def _components(count: int, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.int32]:
    graph = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(count, count))
    labels: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return labels


def _names(centroids: Sequence[tuple[float, float]], countries: Sequence[str | None]) -> list[str]:
    """Name each region by its country and its centroid (longitude and latitude)."""
    codes = [country or NO_COUNTRY for country in countries]
    names = [""] * len(centroids)
    for code in set(codes):
        members = [number for number, own in enumerate(codes) if own == code]
        members.sort(key=centroids.__getitem__)
        width = max(2, len(str(len(members))))
        for rank, number in enumerate(members, 1):
            names[number] = f"{code}-{rank:0{width}d}"
    return names
