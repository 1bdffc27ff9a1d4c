"""Strata of a sample: the tiles of a region by their predicted composition."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oemsar.dataset.pixels import read_label_file
from oemsar.dataset.tile import Tile
from oemsar.legend import MAX_ID, NAMES

OTHER = "other"
"""Name of the stratum of the classes that are too rare for one of their own."""
_FEWEST = 2
"""Tiles drawn from a stratum, at least: the variance of an estimate needs two."""


@dataclass(frozen=True)
class Stratum:
    """Tiles of a region that one number of tiles is drawn from, each with the same probability.

    Attributes:
        name: Region and predominant class, `REGION/CLASS`.
        tiles: Tiles in their order.
        drawn: Number of tiles to draw, at most all.
    """

    name: str
    tiles: tuple[Tile, ...]
    drawn: int


def predominant_class(tile: Tile) -> str | None:
    """Find the class that most pixels of a pseudo label have; None without one, or where all is unknown.

    Raises:
        InputError: The label is unreadable or has ids outside 0..8.
    """
    if tile.pseudo_label is None:
        return None
    label = read_label_file(tile.pseudo_label, nodata=tile.label_nodata)
    counts = np.bincount(label.ravel(), minlength=MAX_ID + 1)[1:]
    return NAMES[int(counts.argmax())] if counts.any() else None


def stratify(region: str, tiles: Sequence[Tile], classes: Sequence[str | None], wanted: int) -> list[Stratum]:
    """Divide the tiles of a region into strata and allocate the sample to them.

    A class has a stratum of its own where it has two tiles or more and two can be drawn of every stratum; the
    rarest go to one stratum, `other`, until that holds. Each stratum gets two tiles, the rest in proportion
    to its size (Webster's divisors).

    Args:
        region: Name of the region.
        tiles: Tiles of the region.
        classes: Predominant class of each tile; None where it is not known.
        wanted: Number of tiles to draw; where there are fewer, all are drawn.
    """
    groups: dict[str, list[Tile]] = {}
    for name in (*NAMES, None):
        members = [tile for tile, own in zip(tiles, classes, strict=True) if own == name]
        if members:
            groups[OTHER if name is None else name] = members
    most = max(1, wanted // _FEWEST)
    while len(groups) > 1 and (len(groups) > most or min(map(len, groups.values())) < _FEWEST):
        rarest = min((name for name in groups if name != OTHER), key=lambda name: len(groups[name]))
        groups.setdefault(OTHER, []).extend(groups.pop(rarest))
        groups[OTHER] = groups.pop(OTHER)  # at the end
    order = {tile.name: number for number, tile in enumerate(tiles)}
    for members in groups.values():
        members.sort(key=lambda tile: order[tile.name])
    drawn = allocate([len(members) for members in groups.values()], min(wanted, len(tiles)))
    return [
        Stratum(f"{region}/{name}", tuple(members), number)
        for (name, members), number in zip(groups.items(), drawn, strict=True)
    ]


def allocate(sizes: Sequence[int], wanted: int) -> list[int]:
    """Allocate a sample to strata: two tiles each as far as they go round, the rest by size.

    Args:
        sizes: Number of tiles of each stratum, at least 1.
        wanted: Number of tiles to draw, at most all.

    Returns:
        Number of tiles to draw of each stratum, at most its size.
    """
    drawn = [0] * len(sizes)
    for _ in range(wanted):
        open_strata = [index for index, size in enumerate(sizes) if drawn[index] < size]
        few = [index for index in open_strata if drawn[index] < _FEWEST]
        chosen = (
            min(few, key=lambda index: drawn[index])
            if few
            else max(open_strata, key=lambda index: sizes[index] / (drawn[index] + 0.5))
        )
        drawn[chosen] += 1
    return drawn
