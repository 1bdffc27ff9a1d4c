"""The ground of a scene: its open water, its hills, and what they leave room for."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from oemsar.simulate.noise import Raster
from oemsar.simulate.world.character import Character
from oemsar.simulate.world.polygon import Polygon, centroid
from oemsar.simulate.world.terrain import hills
from oemsar.simulate.world.waters import Kind, Waters, draw_waters

_WATERS: dict[Character, dict[Kind, float]] = {
    "urban": {"river": 0.4},
    "suburban": {"river": 0.3, "pond": 0.2},
    "rural": {"river": 0.35, "pond": 0.2},
    "coastal": {"coast": 1.0},
}
"""Probability that a scene of this character has open water."""

_MOST_WATER, _LEAST_WATER = 0.4, 0.001
"""Share of a scene that its water may cover, and covers at least where there is any."""
_TRIES = 10

_BUILT = ("town", "apartments", "halls", "houses", "yard")
_STEEP, _TOO_STEEP = 0.16, 0.28
"""Rise per metre above which large buildings, and any, are not built."""


@dataclass(frozen=True)
class Landscape:
    """Open water and bare ground of a canvas.

    Attributes:
        waters: Open water.
        ground: Height over the lowest ground of the scene in metres, float32.
    """

    waters: Waters
    ground: Raster

    def suited(self, gsd: float, rng: np.random.Generator) -> Callable[[Polygon, str], str]:
        """Choose the use of a block on this ground: steep slopes carry woods and meadows, not buildings."""
        step = max(1, round(8 / gsd))
        down, right = np.gradient(self.ground[::step, ::step], np.float32(step * gsd))
        slope = np.hypot(down, right)

        def choose(block: Polygon, use: str) -> str:
            middle = centroid(block) / (gsd * step)
            row = min(max(int(middle.imag), 0), slope.shape[0] - 1)
            column = min(max(int(middle.real), 0), slope.shape[1] - 1)
            steepness = float(slope[row, column])
            if use not in _BUILT or steepness < _STEEP:
                return use
            if steepness < _TOO_STEEP:
                return "houses"
            return str(rng.choice(["forest", "forest", "meadow"]))

        return choose


def draw_landscape(
    character: Character,
    shape: tuple[int, int],
    rng: np.random.Generator,
    *,
    gsd: float,
    relief: float,
    scene: tuple[slice, slice],
) -> Landscape:
    """Draw water and hills of a canvas; water that would drown the scene or miss it is drawn again.

    Args:
        character: Character of the region.
        shape: Rows and columns of the canvas.
        rng: Source of randomness.
        gsd: Ground sampling distance in metres.
        relief: Height from the lowest to the highest ground of the scene, metres.
        scene: Rows and columns of the scene in the canvas.
    """
    draw = rng.random()
    kind: Kind = "none"
    for each, probability in _WATERS[character].items():
        draw -= probability
        if draw < 0:
            kind = each
            break
    waters = draw_waters("none", shape, gsd, rng)
    for _ in range(_TRIES if kind != "none" else 0):
        tried = draw_waters(kind, shape, gsd, rng)
        wet = float((tried.shore[scene] < 0).mean())
        if _LEAST_WATER <= wet <= _MOST_WATER:
            waters = tried
            break
    return Landscape(waters, hills(rng, waters, gsd, relief, scene))
