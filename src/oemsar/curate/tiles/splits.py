"""Division of tiles into train, val and test, such that none is trained on ground of another split."""

import math
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from odc.geo.geobox import GeoBox
from pyproj import Geod
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from oemsar.curate.tiles.config import TilesConfig
from oemsar.curate.tiles.cut import Cut
from oemsar.dataset.overlaps import LEAST
from oemsar.dataset.tile import Split
from oemsar.raster.grid import footprint

_RANK: Mapping[Split, int] = {"test": 0, "val": 1, "train": 2}
"""Order in which splits keep their tiles where two come too close."""
_ROUNDING = 1e-3
"""Metres by which a distance may fall short, since it is computed in degrees."""


def deal(cuts: Sequence[Cut], region: str, rules: TilesConfig) -> dict[str, Split]:
    """Deal the tiles of a region to the splits, square blocks of them as a whole, in an order of the seed.

    The last block of a split is divided where the share demands it, in the order of its rows.

    Args:
        cuts: Tiles of the region.
        region: Name of the region, which the order depends on, and not on other regions.
        rules: Shares, blocks and seed.

    Returns:
        Split of each tile, by its name.
    """
    blocks: dict[tuple[int, int], list[Cut]] = {}
    for cut in cuts:
        block = cut.number[0] // rules.block, cut.number[1] // rules.block
        blocks.setdefault(block, []).append(cut)
    rng = np.random.default_rng([rules.seed, zlib.crc32(region.encode())])
    order = rng.permutation(len(blocks)).tolist()
    lists = list(blocks.values())
    names = [cut.name for index in order for cut in lists[index]]
    test = round(rules.test_share * len(names))
    val = min(round(rules.val_share * len(names)), len(names) - test)
    splits: dict[str, Split] = dict.fromkeys(names, "train")
    splits |= dict.fromkeys(names[:test], "test")
    splits |= dict.fromkeys(names[test : test + val], "val")
    return splits


def too_close(splits: Mapping[str, Split], grids: Mapping[str, GeoBox], distance: float) -> set[str]:
    """Find the tiles that must go so that those of different splits keep their distance.

    A tile of train goes for one of val or test, one of val for one of test.

    Args:
        splits: Split of each tile, by its name.
        grids: Grid of each tile, by its name; of any CRS.
        distance: Least distance in metres; with 0 the tiles may touch and share no ground.
    """
    names = list(splits)
    outlines = np.array([footprint(grids[name]) for name in names], object)
    ranks = np.array([_RANK[splits[name]] for name in names])
    gone: set[str] = set()
    for split in ("test", "val"):
        kept = [index for index in np.flatnonzero(ranks == _RANK[split]).tolist() if names[index] not in gone]
        others = np.flatnonzero(ranks > _RANK[split])
        if not kept or not others.size:
            continue
        tree = STRtree(outlines[kept])
        for index in others.tolist():
            near = tree.query(_around(outlines[index], distance))
            if any(_is_closer(outlines[index], outlines[kept[each]], distance) for each in near.tolist()):
                gone.add(names[index])
    return gone


def _around(outline: BaseGeometry, distance: float) -> BaseGeometry:
    """Make a box that holds everything within a distance of an outline in degrees."""
    left, bottom, right, top = outline.bounds
    across, along = _metres_in_degree(max(abs(bottom), abs(top)))
    return shapely.box(
        left - distance / across, bottom - distance / along, right + distance / across, top + distance / along
    )


def _is_closer(one: BaseGeometry, other: BaseGeometry, distance: float) -> bool:
    """Tell whether two outlines in degrees are nearer than a distance, or share ground."""
    if shapely.area(shapely.intersection(one, other)) >= LEAST * min(one.area, other.area):
        return True
    if not distance:
        return False
    scale = np.array(_metres_in_degree(one.centroid.y))
    on_ground = [shapely.transform(each, lambda points: points * scale) for each in (one, other)]
    return bool(shapely.distance(*on_ground) < distance - _ROUNDING * max(1, distance / 1000))


def _metres_in_degree(latitude: float) -> tuple[float, float]:
    """Measure a degree of longitude and one of latitude on the ellipsoid, in metres."""
    geod = Geod(ellps="WGS84")
    step = 1e-3
    latitude = min(latitude, 89.0)
    across = geod.inv(0, latitude, step, latitude)[2] / step
    along = geod.inv(0, latitude - step / 2, 0, latitude + step / 2)[2] / step
    return max(across, math.ulp(1.0)), along
