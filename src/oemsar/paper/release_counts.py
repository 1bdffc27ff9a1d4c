"""What the whole published release has, and how a table of tiles differs from it."""

from collections import Counter
from collections.abc import Sequence

from oemsar.dataset.folder_names import split_of_name
from oemsar.dataset.tile import SPLITS, Split, Tile
from oemsar.paper.published import release_tiles

REGIONS = 35
"""Regions (Xia et al., arXiv 2501.10891, section II)."""

_PSEUDO_LABELLED: tuple[Split, ...] = ("train",)
"""Splits labelled by a model."""

_HAND_LABELLED: tuple[Split, ...] = ("val", "test")
"""Splits labelled by hand: 20 tiles in each region, 6 for training and validation and 14 for the test."""

_LOOKS_WHOLE = 0.5
"""Fraction of the published number of tiles, named as published, from which a table is held against it."""


def looks_whole(tiles: Sequence[Tile]) -> bool:
    """Whether so many tiles have published names (`TrainArea_0001`) that the release is meant to be there."""
    return sum(split_of_name(tile.name) is not None for tile in tiles) > _LOOKS_WHOLE * sum(
        release_tiles().values()
    )


def differences(tiles: Sequence[Tile]) -> list[str]:
    """One sentence for each number that differs from the published one; empty where all agree."""
    published = release_tiles()
    sentences = _differing({split: f"tiles of split {split}" for split in SPLITS}, published, _count(tiles))
    pseudo = _count([tile for tile in tiles if tile.pseudo_label is not None])
    labelled = {split: f"pseudo-labelled tiles of split {split}" for split in SPLITS}
    sentences += _differing(labelled, {split: published[split] for split in _PSEUDO_LABELLED}, pseudo)
    hand = _count([tile for tile in tiles if tile.real_label is not None])
    labelled = {split: f"hand-labelled tiles of split {split}" for split in SPLITS}
    sentences += _differing(labelled, {split: published[split] for split in _HAND_LABELLED}, hand)
    regions = len({tile.region for tile in tiles} - {None})
    if regions != REGIONS:
        sentences.append(f"regions: {regions} where the release has {REGIONS}")
    if unplaced := sum(tile.region is None for tile in tiles):
        sentences.append(f"tiles without a region: {unplaced} where the release has 0")
    return sentences


def _count(tiles: Sequence[Tile]) -> dict[Split, int]:
    counts = Counter(tile.split for tile in tiles)
    return {split: counts[split] for split in SPLITS}


def _differing(names: dict[Split, str], published: dict[Split, int], counted: dict[Split, int]) -> list[str]:
    return [
        f"{names[split]}: {counted[split]} where the release has {number}"
        for split, number in published.items()
        if counted[split] != number
    ]
