"""The probability sample that labelled tiles belong to, as their table tells it."""

import logging
from collections import Counter
from collections.abc import Sequence

from oemsar.dataset.tile import Tile
from oemsar.errors import InputError

log = logging.getLogger(__name__)

_ROUNDING = 0.01
"""Difference of a number of tiles from a whole one."""


def stratum_sizes(tiles: Sequence[Tile]) -> dict[str, float]:
    """Find the number of tiles of each stratum in the population, from those that were drawn.

    Args:
        tiles: All tiles of a table; those that were drawn have a stratum and an inclusion probability.

    Returns:
        Tiles by stratum; empty where no tile was drawn.

    Raises:
        InputError: The tiles of a stratum have different probabilities, or such that none of its tiles could
            have been drawn with: it is no stratified probability sample.
    """
    drawn = [tile for tile in tiles if tile.facts.inclusion_probability is not None]
    counts = Counter(tile.facts.stratum for tile in drawn)
    sizes: dict[str, float] = {}
    for tile in drawn:
        stratum, probability = tile.facts.stratum, tile.facts.inclusion_probability
        if stratum is None or probability is None:
            raise InputError(
                f"tile {tile.name} has an inclusion probability and no stratum: its table is of no "
                "stratified probability sample; draw one with `oemsar curate sample`"
            )
        size = counts[stratum] / probability
        if abs(size - round(size)) > _ROUNDING or abs(sizes.setdefault(stratum, size) - size) > _ROUNDING:
            raise InputError(
                f"stratum {stratum} has {counts[stratum]} tiles with the probability {probability:g}, which "
                "is of no stratified probability sample; give the whole sample of `oemsar curate sample`"
            )
    return {stratum: round(size) for stratum, size in sizes.items()}
