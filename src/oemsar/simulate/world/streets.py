"""Street networks: the ground cut into blocks, and straight lines bent into winding ones."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from oemsar.simulate.world.polygon import Polygon, area, clip, extent_along, longest_edge, unit


@dataclass(frozen=True)
class Street:
    """A straight street before it is bent: the ends of its middle line and its width, metres."""

    start: complex
    end: complex
    width: float


class Bend:
    """A smooth displacement of the plane that turns straight streets into winding ones.

    Three sine waves of 150 to 400 m length; their amplitudes add up to `swing` metres.
    """

    def __init__(self, swing: float, rng: np.random.Generator) -> None:
        lengths = rng.uniform(150, 400, 3)
        turns = rng.uniform(0, 2 * math.pi, (3, 3))
        self._waves = [
            (unit(wave) * 2 * math.pi / length, unit(sway) * swing / 3, phase)
            for length, (wave, sway, phase) in zip(lengths, turns.tolist(), strict=True)
        ]

    def __call__(self, point: complex) -> complex:
        """Move `point` (metres) to its bent position."""
        moved = point
        for wave, sway, phase in self._waves:
            moved += sway * math.sin((wave.conjugate() * point).real + phase)
        return moved

    def turn(self, point: complex, direction: complex) -> complex:
        """Give the unit vector into which `direction` at `point` is turned."""
        moved = self(point + direction) - self(point - direction)
        return moved / abs(moved)


def subdivide(
    outline: Polygon,
    target: float,
    *,
    gap: Callable[[float], float],
    skew: float,
    rng: np.random.Generator,
    keep: Callable[[Polygon], bool],
    on_street: Callable[[complex, complex, float], None] | None = None,
) -> list[Polygon]:
    """Cut a convex polygon across its length again and again, and leave a gap along every cut.

    The recursive subdivision of procedural towns (Parish and Mueller 2001, Procedural Modeling of
    Cities; the block subdivision of Vanegas et al. 2012).

    Args:
        outline: Polygon to cut, metres.
        target: Mean area of a piece, square metres.
        gap: Function from the area of the polygon that is cut to the width of the gap (0 between lots).
        skew: Standard deviation of the cut from the right angle, radians.
        rng: Source of randomness.
        keep: Function that tells whether to keep a piece; others are dropped and not cut further.
        on_street: Called with the ends of the middle line of every gap, and its width.
    """
    pieces: list[Polygon] = []
    waiting = [outline]
    while waiting:
        polygon = waiting.pop()
        size = area(polygon)
        if not keep(polygon):
            continue
        limit, share, tilt = rng.uniform(0.8, 1.7), rng.uniform(0.38, 0.62), rng.standard_normal()
        if size < target * limit:
            pieces.append(polygon)
            continue
        start, end = longest_edge(polygon)
        axis = (end - start) / abs(end - start)
        low, high = extent_along(polygon, axis)
        at = axis * (low + (high - low) * share)
        middle = sum(polygon) / len(polygon)
        at += 1j * axis * (axis.conjugate() * middle).imag
        cut = axis * 1j * unit(skew * float(tilt))
        width = gap(size)
        half_gap = cut * 1j * width / 2
        if on_street is not None:
            ends = _crossing(polygon, at, cut)
            on_street(ends[0] - cut * width / 2, ends[1] + cut * width / 2, width)
        waiting += [
            half
            for half in (clip(polygon, at + half_gap, cut), clip(polygon, at - half_gap, -cut))
            if half and area(half) > 1
        ]
    return pieces


def _crossing(polygon: Polygon, point: complex, direction: complex) -> tuple[complex, complex]:
    """Find the points at which the line through `point` enters and leaves a convex polygon."""
    band = clip(polygon, point, direction)
    on_line = [vertex for vertex in band if abs((direction.conjugate() * (vertex - point)).imag) < 1e-6]
    positions = [(direction.conjugate() * (vertex - point)).real for vertex in on_line] or [0.0]
    return point + direction * min(positions), point + direction * max(positions)
