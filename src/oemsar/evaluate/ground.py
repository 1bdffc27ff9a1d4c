"""Ground that more than one tile covers, told apart so that it can be counted once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from shapely import STRtree

from oemsar.arrays import Doubles
from oemsar.dataset.layouts import natural_order
from oemsar.dataset.tile import Tile
from oemsar.geometry.mapping import affine_map, projection_onto, whole_turns
from oemsar.raster.grid import footprint


class Ground:
    """Ground of a set of tiles, with the pixels that are the first to cover it.

    Tiles count in the order of their names, numbers counted, whatever the order of the sequence. A pixel
    is the first where its centre lies in no earlier tile, whatever that tile's label says there. A tile
    without a whole georeferencing (CRS and affine) covers ground of its own.
    """

    def __init__(self, tiles: Sequence[Tile]) -> None:
        located = [tile for tile in tiles if tile.grid is not None and tile.grid.crs is not None]
        located.sort(key=lambda tile: natural_order(tile.name))
        self._grids = [tile.grid for tile in located if tile.grid is not None]
        self._indices = {tile.name: index for index, tile in enumerate(located)}
        self._outlines = [footprint(grid) for grid in self._grids]
        self._tree = STRtree(self._outlines)

    def is_first(self, tile: Tile) -> NDArray[np.bool_]:
        """Find the pixels of a tile of the set that are the first on their ground.

        Returns:
            Boolean, shape (height, width) of the tile.
        """
        first = np.ones(tile.shape, bool)
        index = self._indices.get(tile.name)
        if index is None:
            return first
        for other in sorted(self._tree.query(self._outlines[index], predicate="intersects").tolist()):
            if other < index:
                first &= ~covered(self._grids[index], self._grids[other])
        return first


def covered(grid: GeoBox, by: GeoBox) -> NDArray[np.bool_]:
    """Find the pixels of `grid` whose centre lies in the extent of the grid `by`; both have a CRS.

    Returns:
        Boolean, shape of `grid`. A centre on the first edge of `by` lies in it, one on the last does not.
    """
    height, width = grid.shape
    rows: Doubles = np.arange(height, dtype=np.float64)[:, None] + 0.5
    columns: Doubles = np.arange(width, dtype=np.float64)[None, :] + 0.5
    if grid.crs == by.crs and whole_turns(grid, by) == 0:
        there_x, there_y = affine_map(~by.affine @ grid.affine)(columns, rows)
    else:
        x, y = affine_map(grid.affine)(columns, rows)
        there_x, there_y = affine_map(~by.affine)(*projection_onto(_wkt(grid), by)(x, y))
    inside: NDArray[np.bool_] = (
        (there_x >= 0) & (there_x < by.shape[1]) & (there_y >= 0) & (there_y < by.shape[0])
    )
    return inside


def _wkt(grid: GeoBox) -> str:
    if grid.crs is None:
        raise ValueError("a grid without CRS lies nowhere on the ground")
    wkt: str = grid.crs.to_wkt()
    return wkt
