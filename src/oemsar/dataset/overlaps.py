"""Ground that training tiles share with hand-labelled tiles: measured, so that nobody takes it for none.

Tiles of the release lie on grids that do not match, and their footprints can overlap. A network that trains
on ground it is scored on is scored too well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from pyproj import Geod
from shapely import STRtree

from oemsar.dataset.tile import Tile
from oemsar.raster.grid import footprint

LEAST = 1e-4
"""Smaller fractions of both tiles are no overlap: rounded coordinates make such slivers between neighbours.

At 1024 pixels this is a tenth of a row.
"""


@dataclass(frozen=True)
class Overlap:
    """Ground that a training tile and a hand-labelled tile both cover.

    Attributes:
        tile: name of the training tile.
        use: what it is: `P`, `R1` or `R5`.
        other: name of the hand-labelled tile.
        other_use: what that is: `R1`, `R5`, or its split.
        area_m2: the area on the ellipsoid, square metres.
        fraction: of the training tile.
        other_fraction: of the hand-labelled tile.
    """

    tile: str
    use: str
    other: str
    other_use: str
    area_m2: float
    fraction: float
    other_fraction: float


def measure_overlaps(
    training: Mapping[str, Sequence[Tile]], labelled: Mapping[str, Sequence[Tile]]
) -> list[Overlap]:
    """Every pair of a training tile and another, hand-labelled tile that share ground.

    Args:
        training: training tiles by use.
        labelled: hand-labelled tiles by use; a tile may be in both and is not held against itself.

    Returns:
        The pairs in the order of `training`, then of `labelled`; tiles without georeferencing are left out.
    """
    own = [(use, tile.name, polygon) for use, tile, polygon in _outlined(training)]
    others = [(use, tile.name, polygon) for use, tile, polygon in _outlined(labelled)]
    if not own or not others:
        return []
    outlines, other_outlines = (np.array([polygon for *_, polygon in side]) for side in (own, others))
    first, second = STRtree(other_outlines).query(outlines, predicate="intersects")
    shared = shapely.intersection(outlines[first], other_outlines[second])
    # within a tile a square degree is as large here as there: the ratio of areas is that of the ground
    fractions = shapely.area(shared) / shapely.area(outlines[first])
    other_fractions = shapely.area(shared) / shapely.area(other_outlines[second])
    geod = Geod(ellps="WGS84")
    found = []
    for pair in np.lexsort((second, first)).tolist():
        (use, name, _), (other_use, other, _) = own[first[pair]], others[second[pair]]
        if name == other or max(fractions[pair], other_fractions[pair]) < LEAST:
            continue
        area = abs(geod.geometry_area_perimeter(shared[pair])[0])
        found.append(
            Overlap(
                name,
                use,
                other,
                other_use,
                round(area, 2),
                round(float(fractions[pair]), 6),
                round(float(other_fractions[pair]), 6),
            )
        )
    return found


def _outlined(
    groups: Mapping[str, Sequence[Tile]],
) -> list[tuple[str, Tile, shapely.geometry.base.BaseGeometry]]:
    found = []
    for use, tiles in groups.items():
        for tile in tiles:
            outline = None if tile.grid is None else footprint(tile.grid)
            if outline is not None:
                found.append((use, tile, outline))
    return found
