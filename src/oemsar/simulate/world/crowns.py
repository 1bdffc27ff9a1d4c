"""Tree crowns stamped over one another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oemsar.simulate.noise import Raster, smooth


@dataclass(frozen=True)
class TreeCrown:
    """A tree seen from above: centre (metres), crown radius and height in metres."""

    centre: complex
    radius: float
    height: float


def stamp_crowns(
    trees: Sequence[TreeCrown], shape: tuple[int, int], gsd: float, rng: np.random.Generator
) -> tuple[Raster, Raster]:
    """Stamp the crowns of trees into canopy height and tone.

    A crown is a ragged dome over the disc of its radius; where crowns meet the higher one is seen.

    Returns:
        Height above the ground in metres (0 where no tree is) and brightness relative to the mean
        tree, both float32 of `shape`.
    """
    height = np.zeros(shape, np.float32)
    tone = np.ones(shape, np.float32)
    domes: dict[int, list[Raster]] = {}
    choices = rng.integers(0, 4, len(trees))
    tones = np.exp(0.16 * rng.standard_normal(len(trees)))
    for number, tree in enumerate(trees):
        radius = max(1, round(tree.radius / gsd))
        top, left = int(tree.centre.imag / gsd) - radius, int(tree.centre.real / gsd) - radius
        side = 2 * radius + 1
        rows = slice(max(top, 0), min(top + side, shape[0]))
        columns = slice(max(left, 0), min(left + side, shape[1]))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        if radius not in domes:
            domes[radius] = [_dome(radius, gsd, rng) for _ in range(4)]
        dome = domes[radius][choices[number]]
        crown = dome[
            rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ] * np.float32(tree.height)
        seen = crown > height[rows, columns]
        height[rows, columns][seen] = crown[seen]
        tone[rows, columns][seen] = tones[number]
    return height, tone


def _dome(radius: int, gsd: float, rng: np.random.Generator) -> Raster:
    """Draw the relative height of a ragged crown, 0 outside it, (2 radius + 1) squared."""
    ramp = np.arange(-radius, radius + 1, dtype=np.float32) / (radius + 0.5)
    shape = (2 * radius + 1, 2 * radius + 1)
    distance = np.hypot(ramp[:, None], ramp[None, :])
    distance = distance * (1 + 0.13 * smooth(rng, shape, max(2.0, radius * 0.55)))
    dome = np.sqrt(np.clip(1 - distance**2, 0, 1)) * (0.55 + 0.45 * np.clip(1 - distance, 0, 1))
    branches = 1 + 0.10 * smooth(rng, shape, max(1.0, 0.8 / gsd))
    return np.where(distance < 0.97, np.clip(dome * branches + 0.25, 0.2, 1), 0).astype(np.float32)
