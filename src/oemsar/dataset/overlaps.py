"""Ground that training tiles share with hand-labelled tiles, measured so that nobody takes it for none.

Tiles of the release lie on grids that do not match, and their footprints can overlap. A network that trains
on ground it is scored on is scored too well.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from pyproj import Geod
from shapely import STRtree

from oemsar.config_file import Value
from oemsar.dataset.tile import Tile
from oemsar.raster.grid import footprint

LEAST = 1e-4
"""Fraction of a tile below which shared ground counts as none.

Rounded coordinates make such slivers between neighbours. At 1024 pixels this is a tenth of a row.
"""


class Overlap(Value):
    """Ground that a training tile and a hand-labelled tile both cover."""

    tile: str
    """Name of the training tile."""
    use: str
    """Use of the training tile: `P`, `R1` or `R5`."""
    other: str
    """Name of the hand-labelled tile."""
    other_use: str
    """Use of the hand-labelled tile: `R1`, `R5`, or its split."""
    area_m2: float
    """Area on the ellipsoid in square metres."""
    fraction: float
    """Shared fraction of the training tile, 0..1."""
    other_fraction: float
    """Shared fraction of the hand-labelled tile, 0..1."""


def measure_overlaps(
    training: Mapping[str, Sequence[Tile]], labelled: Mapping[str, Sequence[Tile]]
) -> list[Overlap]:
    """Measure the ground of every pair of a training tile and another, hand-labelled tile.

    Args:
        training: Training tiles by use.
        labelled: Hand-labelled tiles by use; a tile may be in both and is not held against itself.

    Returns:
        Pairs that share ground, in the order of `training`, then of `labelled`; tiles without georeferencing
        are left out.
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
                tile=name,
                use=use,
                other=other,
                other_use=other_use,
                area_m2=round(area, 2),
                fraction=round(float(fractions[pair]), 6),
                other_fraction=round(float(other_fractions[pair]), 6),
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
