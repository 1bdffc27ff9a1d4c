"""Grids of map tiles: the pixels of one level of a service, numbered from its upper left corner."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from odc.geo.geobox import GeoBox
from rasterio import Affine
from shapely.geometry.base import BaseGeometry

from oemsar.raster.read import Extent
from oemsar.scenes.pixels_of_area import extent_of, part_of

HALF_WORLD = math.pi * 6_378_137.0
"""Half the side of the world in Web Mercator, metres."""


@dataclass(frozen=True)
class TileMatrix:
    """One level of a service of tiles.

    Attributes:
        crs: CRS as `EPSG:N`.
        left: x of the left edge of the first column of tiles.
        top: y of the upper edge of the first row of tiles.
        resolution: Side of a pixel in the unit of the CRS.
        tile: Side of a tile in pixels.
        columns: Columns of tiles that the service may have.
        rows: Rows of tiles that the service may have.
    """

    crs: str
    left: float
    top: float
    resolution: float
    tile: int
    columns: range
    rows: range

    @property
    def affine(self) -> Affine:
        """From columns and rows of pixels to the CRS."""
        return Affine(self.resolution, 0, self.left, 0, -self.resolution, self.top)

    def pixels_of(self, area: BaseGeometry, *, dense: bool = True) -> Extent:
        """Find the pixels around an area that lie in tiles the service may have.

        Args:
            area: Area in EPSG:4326.
            dense: Whether the edges of the area bend on the map; see `extent_of`.
        """
        found = extent_of(area, self.crs, self.affine, dense=dense)
        whole = self._whole
        moved = Extent(found.row - whole.row, found.column - whole.column, found.height, found.width)
        inside = moved.clipped((whole.height, whole.width))
        return Extent(inside.row + whole.row, inside.column + whole.column, inside.height, inside.width)

    def pixels_of_scene(self, outline: BaseGeometry, window: BaseGeometry | None) -> Extent:
        """Find the pixels of a scene whose outline has its corners on this grid, or those in a window."""
        scene = self.pixels_of(outline, dense=False)
        if window is None:
            return scene
        part = self.pixels_of(window)
        inside = Extent(part.row - scene.row, part.column - scene.column, part.height, part.width).clipped(
            (scene.height, scene.width)
        )
        return Extent(inside.row + scene.row, inside.column + scene.column, inside.height, inside.width)

    def grid(self, extent: Extent) -> GeoBox:
        """Make the grid of a rectangle of pixels."""
        return part_of(self.crs, self.affine, extent)

    def tiles(self, extent: Extent) -> Iterator[tuple[int, int]]:
        """List column and row of the tiles that hold a rectangle of pixels, row by row."""
        first, last = extent.column // self.tile, (extent.column + extent.width - 1) // self.tile
        top, bottom = extent.row // self.tile, (extent.row + extent.height - 1) // self.tile
        for row in range(top, bottom + 1):
            for column in range(first, last + 1):
                yield column, row

    def count(self, extent: Extent) -> int:
        """Count the tiles that hold a rectangle of pixels."""
        sides = ((extent.column, extent.width), (extent.row, extent.height))
        across, down = ((first + size - 1) // self.tile - first // self.tile + 1 for first, size in sides)
        return max(0, across) * max(0, down) if extent.width and extent.height else 0

    @property
    def _whole(self) -> Extent:
        """Pixels of all tiles that the service may have."""
        return Extent(
            self.rows.start * self.tile,
            self.columns.start * self.tile,
            len(self.rows) * self.tile,
            len(self.columns) * self.tile,
        )


def web_mercator(level: int, tile: int = 256) -> TileMatrix:
    """Make a level of the tiles of Web Mercator, as XYZ services number them."""
    count = 1 << level
    resolution = 2 * HALF_WORLD / (tile * count)
    return TileMatrix("EPSG:3857", -HALF_WORLD, HALF_WORLD, resolution, tile, range(count), range(count))


def ground_resolution(matrix: TileMatrix, area: BaseGeometry) -> float:
    """Compute the side of a pixel on the ground in metres, in the middle of an area.

    Web Mercator stretches by the secant of the latitude; national grids by less than a thousandth.
    """
    return matrix.resolution * stretch_of(matrix.crs, float(area.centroid.y))


def stretch_of(crs: str, latitude: float) -> float:
    """Compute the length on the ground of a unit of a map at a latitude in degrees: 1 but in Web Mercator."""
    return math.cos(math.radians(latitude)) if crs == "EPSG:3857" else 1.0
