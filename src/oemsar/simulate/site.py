"""The building site: what the fillers of blocks draw on and look up."""

from dataclasses import dataclass, field

import numpy as np

from oemsar.simulate.crowns import TreeCrown
from oemsar.simulate.polygon import (
    Polygon,
    area,
    centroid,
    contains,
    densify,
    extent_along,
    longest_edge,
    rectangle,
)
from oemsar.simulate.region import Region
from oemsar.simulate.sheet import Roof, Sheet
from oemsar.simulate.streets import Bend
from oemsar.simulate.waters import Waters


@dataclass
class Site:
    """One canvas while it is being drawn.

    Polygons are planned in straight coordinates (metres) and bent when they are drawn; buildings and
    cars are moved as rigid bodies.
    """

    region: Region
    sheet: Sheet
    bend: Bend
    waters: Waters
    rng: np.random.Generator
    trees: list[TreeCrown] = field(default_factory=list)

    def shows(self, outline: Polygon, margin: float = 10.0) -> bool:
        """Whether any of the outline, bent, lies on the canvas or within `margin` metres of it."""
        reach = margin + self.region.winding
        width = self.sheet.shape[1] * self.sheet.gsd
        height = self.sheet.shape[0] * self.sheet.gsd
        across, down = extent_along(outline, 1), extent_along(outline, 1j)
        return (
            across[1] > -reach and across[0] < width + reach and down[1] > -reach and down[0] < height + reach
        )

    def ground(
        self, outline: Polygon, material: str, row_axis: complex = 1.0, row_spacing: float = 0.0
    ) -> None:
        """Cover the bent outline with `material`."""
        bent = [self.bend(point) for point in densify(outline, 8.0)]
        axis = self.bend.turn(centroid(outline), row_axis) if row_spacing else row_axis
        self.sheet.paint(bent, material, row_axis=axis, row_spacing=row_spacing)

    def plant(self, place: complex, radius: float, height: float) -> None:
        """Plant a tree at a straight coordinate, unless it would stand in the water."""
        moved = self.bend(place)
        if self.waters.is_dry(moved, self.sheet.gsd, -0.7 * self.waters.bank):
            self.trees.append(TreeCrown(moved, radius, min(height, self.region.tallest)))

    def park_car(self, place: complex, axis: complex, land_cover: int) -> None:
        """Put a car at a straight coordinate, unless it would stand in the water."""
        moved = self.bend(place)
        if self.waters.is_dry(moved, self.sheet.gsd, 2):
            self.sheet.car(moved, self.bend.turn(place, axis), land_cover)

    def build(
        self,
        centre: complex,
        axis: complex,
        half_length: float,
        half_width: float,
        eaves: float,
        material: str,
        pitch: float = 0.0,
        hipped: bool = False,
    ) -> bool:
        """Put up a building on a rectangle given in straight coordinates.

        Returns:
            Whether it was built: not where it would touch the water or its bank.
        """
        moved, turned = self.bend(centre), self.bend.turn(centre, axis)
        if half_width > half_length:
            turned, half_length, half_width = turned * 1j, half_width, half_length
        outline = rectangle(moved, turned, half_length, half_width)
        gsd = self.sheet.gsd
        if not all(self.waters.is_dry(corner, gsd, 2) for corner in [moved, *outline]):
            return False
        height = min(eaves, self.region.tallest - pitch * half_width)
        roof = Roof(moved, turned, half_length, half_width, pitch, hipped)
        self.sheet.paint(outline, material, height=height, roof=roof)
        return True


def fitted(lot: Polygon, setback: float) -> tuple[complex, complex, float, float]:
    """The largest rectangle along the lot's longest edge that keeps `setback` metres from its outline.

    Returns:
        Centre, unit vector along, half length along it and half width across it, in metres; the halves
        are 0 where nothing fits.
    """
    start, end = longest_edge(lot)
    axis = (end - start) / abs(end - start)
    along, across = extent_along(lot, axis), extent_along(lot, axis * 1j)
    centre = axis * complex(sum(along) / 2, sum(across) / 2)
    half_length = (along[1] - along[0]) / 2
    half_width = (across[1] - across[0]) / 2
    for _ in range(6):
        if all(contains(lot, corner) for corner in rectangle(centre, axis, half_length, half_width)):
            break
        half_length, half_width = half_length * 0.9, half_width * 0.9
    return centre, axis, max(half_length - setback, 0.0), max(half_width - setback, 0.0)


def scattered(outline: Polygon, spacing: float, rng: np.random.Generator) -> list[complex]:
    """Points inside a convex polygon, one at random in each cell of a grid of `spacing` metres."""
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
