"""The draw of a sample that is spread in space, each tile with a known probability.

The local pivotal method of Grafstroem, Lundstroem and Schelin (2012, Spatially balanced sampling through the
pivotal method, Biometrics 68, 514-520), its second variant: a tile and its nearest neighbour compete until
each is in or out. Neighbours are seldom drawn together, and the probability of each tile stays what it was.
Probabilities are whole numbers over the number of tiles, so that nothing is lost by rounding.
"""

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles


def draw(positions: Doubles, number: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw a fixed number of tiles, each with the probability `number` / tiles.

    Args:
        positions: Positions of the tiles, metres, shape (tiles, dimensions).
        number: Number to draw, 0 to the number of tiles.
        rng: Random generator.

    Returns:
        Indices of the tiles that are drawn, ascending.
    """
    count = len(positions)
    chances = np.full(count, number, np.int64)  # over `count`
    undecided = np.arange(count) if 0 < number < count else np.arange(0)
    while undecided.size > 1:
        here = int(undecided[rng.integers(undecided.size)])
        others = undecided[undecided != here]
        distances = np.square(positions[others] - positions[here]).sum(1)
        nearest = others[distances == distances.min()]
        there = int(nearest[rng.integers(nearest.size)])
        _compete(chances, here, there, rng)
        undecided = undecided[(chances[undecided] > 0) & (chances[undecided] < count)]
    return np.flatnonzero(chances == count) if number < count else np.arange(count)


def _compete(chances: NDArray[np.int64], one: int, other: int, rng: np.random.Generator) -> None:
    """Decide one of two tiles; the expectation of the chance of each stays."""
    whole = len(chances)
    total = int(chances[one] + chances[other])
    if total < whole:
        loses = rng.integers(total) < chances[other]
        chances[[one, other]] = (0, total) if loses else (total, 0)
    else:
        wins = rng.integers(2 * whole - total) < whole - chances[other]
        chances[[one, other]] = (whole, total - whole) if wins else (total - whole, whole)
