"""Convex polygons in the plane: vertices as complex numbers x + iy in metres, x east and y south."""

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass

Polygon = list[complex]
"""Vertices in order, clockwise as seen on the image (y runs down), first not repeated."""


@dataclass(frozen=True)
class Rectangle:
    """A rectangle on the ground.

    Attributes:
        centre: Centre in metres.
        axis: Unit vector along the length.
        half_length: Half of the extent along `axis`, metres.
        half_width: Half of the extent across `axis`, metres.
    """

    centre: complex
    axis: complex
    half_length: float
    half_width: float

    @property
    def outline(self) -> Polygon:
        """Corners of the rectangle."""
        along, across = self.axis * self.half_length, self.axis * 1j * self.half_width
        corner = self.centre - along - across
        return [corner, corner + 2 * along, corner + 2 * (along + across), corner + 2 * across]

    def at(self, along: float, across: float) -> complex:
        """Locate the point at these shares (-1..1) of its half length and half width."""
        return self.centre + self.axis * complex(along * self.half_length, across * self.half_width)

    def part(self, along: tuple[float, float], across: tuple[float, float]) -> "Rectangle":
        """Cut out the part between these shares (-1..1) of its half length and half width."""
        centre = self.at(sum(along) / 2, sum(across) / 2)
        return Rectangle(
            centre,
            self.axis,
            self.half_length * abs(along[1] - along[0]) / 2,
            self.half_width * abs(across[1] - across[0]) / 2,
        )

    def turned(self) -> "Rectangle":
        """Swap the axis of the rectangle with the one across."""
        return Rectangle(self.centre, self.axis * 1j, self.half_width, self.half_length)


def area(polygon: Sequence[complex]) -> float:
    """Compute the signed area in square metres (shoelace formula), positive for the order of `Polygon`."""
    return 0.5 * sum(
        (a.conjugate() * b).imag for a, b in zip(polygon, [*polygon[1:], *polygon[:1]], strict=True)
    )


def centroid(polygon: Sequence[complex]) -> complex:
    """Average the vertices: a point inside any convex polygon."""
    return sum(polygon) / len(polygon)


def longest_edge(polygon: Sequence[complex]) -> tuple[complex, complex]:
    """Find the ends of the longest edge."""
    edges = zip(polygon, [*polygon[1:], *polygon[:1]], strict=True)
    return max(edges, key=lambda edge: abs(edge[1] - edge[0]))


def clip(polygon: Polygon, point: complex, direction: complex) -> Polygon:
    """Cut out the part of `polygon` on the side of the line through `point` to which `direction * 1j` points.

    Sutherland and Hodgman (1974), one half plane. Empty where nothing is left.
    """
    sides = [(direction.conjugate() * (vertex - point)).imag for vertex in polygon]
    kept: Polygon = []
    for number, vertex in enumerate(polygon):
        side, previous_side = sides[number], sides[number - 1]
        if (side >= 0) != (previous_side >= 0):
            previous = polygon[number - 1]
            kept.append(previous + (vertex - previous) * (previous_side / (previous_side - side)))
        if side >= 0:
            kept.append(vertex)
    return kept if len(kept) > 2 else []


def inset(polygon: Polygon, distance: float) -> Polygon:
    """Move every edge of `polygon` inwards by `distance` metres; empty where nothing is left."""
    shrunk = polygon
    for start, end in zip(polygon, [*polygon[1:], *polygon[:1]], strict=True):
        if abs(end - start) < 1e-6:
            continue
        direction = (end - start) / abs(end - start)
        shrunk = clip(shrunk, start + direction * 1j * distance, direction)
        if not shrunk:
            return []
    return shrunk


def extent_along(polygon: Sequence[complex], axis: complex) -> tuple[float, float]:
    """Find the smallest and largest coordinate of the polygon along the unit vector `axis`, in metres."""
    coordinates = [(axis.conjugate() * vertex).real for vertex in polygon]
    return min(coordinates), max(coordinates)


def densify(polygon: Sequence[complex], spacing: float) -> Polygon:
    """Add vertices to an outline until they are no farther apart than `spacing` metres."""
    dense: Polygon = []
    for start, end in zip(polygon, [*polygon[1:], *polygon[:1]], strict=True):
        steps = max(1, math.ceil(abs(end - start) / spacing))
        dense.extend(start + (end - start) * step / steps for step in range(steps))
    return dense


def unit(angle: float) -> complex:
    """Give the unit vector at `angle` radians from the x axis."""
    return cmath.exp(1j * angle)


def heading(azimuth: float) -> complex:
    """Give the unit vector of an azimuth in degrees clockwise from north."""
    return complex(math.sin(math.radians(azimuth)), -math.cos(math.radians(azimuth)))


def contains(polygon: Polygon, point: complex) -> bool:
    """Tell whether `point` lies inside the convex polygon or on its outline."""
    edges = zip(polygon, [*polygon[1:], *polygon[:1]], strict=True)
    return all(((end - start).conjugate() * (point - start)).imag >= 0 for start, end in edges)
