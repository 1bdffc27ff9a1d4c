"""Plan of a canvas: the surfaces, streets and waters that blocks are drawn on."""

from dataclasses import dataclass, field, replace

import numpy as np

from oemsar.simulate.world.crowns import TreeCrown
from oemsar.simulate.world.polygon import (
    Polygon,
    Rectangle,
    area,
    centroid,
    contains,
    densify,
    extent_along,
    longest_edge,
)
from oemsar.simulate.world.region import Region
from oemsar.simulate.world.streets import Bend, Street, subdivide
from oemsar.simulate.world.surfaces import Roof, Surface, SurfaceRaster
from oemsar.simulate.world.waters import Waters


@dataclass
class CanvasPlan:
    """One canvas while it is being drawn.

    Polygons are planned in straight coordinates (metres) and bent when they are drawn; buildings and
    cars are moved as rigid bodies.

    Attributes:
        region: Region that the canvas belongs to.
        sheet: Raster of the surfaces drawn so far.
        bend: Function from straight to bent coordinates.
        waters: Open water.
        rng: Source of randomness.
        trees: Trees planted so far, at bent coordinates.
        streets: Streets between the blocks, at straight coordinates.
    """

    region: Region
    surfaces: SurfaceRaster
    bend: Bend
    waters: Waters
    rng: np.random.Generator
    trees: list[TreeCrown] = field(default_factory=list)
    streets: list[Street] = field(default_factory=list)

    def intersects(self, outline: Polygon, margin: float = 10.0) -> bool:
        """Tell whether any of the outline, bent, lies on the canvas or within `margin` metres of it."""
        reach = margin + self.region.winding
        width = self.surfaces.shape[1] * self.surfaces.gsd
        height = self.surfaces.shape[0] * self.surfaces.gsd
        across, down = extent_along(outline, 1), extent_along(outline, 1j)
        return (
            across[1] > -reach and across[0] < width + reach and down[1] > -reach and down[0] < height + reach
        )

    def ground(
        self, outline: Polygon, material: str, row_axis: complex = 1.0, row_spacing: float = 0.0
    ) -> None:
        """Cover the bent outline, which may be empty, with `material`."""
        if not outline:
            return
        bent = [self.bend(point) for point in densify(outline, 8.0)]
        axis = self.bend.turn(centroid(outline), row_axis) if row_spacing else row_axis
        self.surfaces.draw(bent, Surface(material, row_axis=axis, row_spacing=row_spacing))

    def lots(self, block: Polygon, size: float, skew: float | None = None) -> list[Polygon]:
        """Cut a block into pieces of about `size` square metres without gaps.

        Cuts lean from the right angle by `skew` radians, by default half as much as the region's streets.
        """
        tilt = self.region.skew / 2 if skew is None else skew
        return subdivide(block, size, gap=lambda _: 0.0, skew=tilt, rng=self.rng, keep=self.intersects)

    def plant(self, point: complex, radius: float, height: float) -> None:
        """Plant a tree at a straight coordinate, unless it would stand in the water."""
        moved = self.bend(point)
        if self.waters.is_dry(moved, self.surfaces.gsd, -0.7 * self.waters.bank):
            self.trees.append(TreeCrown(moved, radius, min(height, self.region.tallest)))

    def park_car(self, point: complex, axis: complex, land_cover: int) -> None:
        """Put a car at a straight coordinate, unless it would stand in the water.

        The ground it stands on keeps its class `land_cover`.
        """
        car = Rectangle(self.bend(point), self.bend.turn(point, axis), 2.2, 0.9)
        if self.waters.is_dry(car.centre, self.surfaces.gsd, 2):
            self.surfaces.draw(car.outline, Surface("car", height=1.5, land_cover=land_cover))

    def build(
        self, footprint: Rectangle, eaves: float, material: str, *, pitch: float = 0.0, hipped: bool = False
    ) -> bool:
        """Put up a building on a straight rectangle; its ridge runs along the longer side.

        Args:
            footprint: Footprint in metres.
            eaves: Height of the eaves, metres; lowered where the ridge would top the region's tallest.
            material: Material of the roof.
            pitch: Rise of the roof per metre.
            hipped: Whether the roof falls to all four sides.

        Returns:
            Whether it was built: not where it would touch the water or its bank.
        """
        if footprint.half_width > footprint.half_length:
            footprint = footprint.turned()
        centre = footprint.centre
        moved = replace(footprint, centre=self.bend(centre), axis=self.bend.turn(centre, footprint.axis))
        outline = moved.outline
        if not all(self.waters.is_dry(point, self.surfaces.gsd, 2) for point in [moved.centre, *outline]):
            return False
        height = min(eaves, self.region.tallest - pitch * footprint.half_width)
        self.surfaces.draw(outline, Surface(material, height=height, roof=Roof(moved, pitch, hipped)))
        return True


def fitted(lot: Polygon, setback: float) -> Rectangle:
    """Find the largest rectangle along the lot's longest edge that keeps `setback` metres from its outline.

    Its half length and half width are 0 where nothing fits.
    """
    start, end = longest_edge(lot)
    axis = (end - start) / abs(end - start)
    along, across = extent_along(lot, axis), extent_along(lot, axis * 1j)
    centre = axis * complex(sum(along) / 2, sum(across) / 2)
    found = Rectangle(centre, axis, (along[1] - along[0]) / 2, (across[1] - across[0]) / 2)
    for _ in range(6):
        if all(contains(lot, corner) for corner in found.outline):
            break
        found = found.part((-0.9, 0.9), (-0.9, 0.9))
    length, width = max(found.half_length - setback, 0.0), max(found.half_width - setback, 0.0)
    return replace(found, half_length=length, half_width=width)


def scattered(outline: Polygon, spacing: float, rng: np.random.Generator) -> list[complex]:
    """Scatter points in a convex polygon, one at random in each cell of a grid of `spacing` metres."""
    if area(outline) <= 0:
        return []
    left, right = extent_along(outline, 1)
    top, bottom = extent_along(outline, 1j)
    columns = int((right - left) / spacing) + 1
    rows = int((bottom - top) / spacing) + 1
    jitter = rng.uniform(0.08, 0.92, (rows, columns, 2))
    points = (
        complex(
            left + (column + jitter[row, column, 0]) * spacing, top + (row + jitter[row, column, 1]) * spacing
        )
        for row in range(rows)
        for column in range(columns)
    )
    return [point for point in points if contains(outline, point)]
