"""Counts of the whole published release, and the differences of a table of tiles from them."""

from collections import Counter
from collections.abc import Sequence

from oemsar.config_file import Value
from oemsar.dataset.folder_names import split_of_name
from oemsar.dataset.regions import RegionSummary, require_regions, summarise_regions
from oemsar.dataset.table import Table, as_tiles
from oemsar.dataset.tile import SPLITS, Split, Tile
from oemsar.paper.published import release_tiles

REGIONS = 35
"""Regions (Xia et al., arXiv 2501.10891, section II)."""

_PSEUDO_LABELLED: tuple[Split, ...] = ("train",)
"""Splits labelled by a model."""

_HAND_LABELLED: tuple[Split, ...] = ("val", "test")
"""Splits labelled by hand: 20 tiles in each region, 6 for training and validation and 14 for the test."""

_LOOKS_WHOLE = 0.5
"""Fraction of the published number of tiles, named as published, from which a table is compared."""


class RegionReport(Value):
    """Regions of a table of tiles."""

    regions: tuple[RegionSummary, ...]
    """Regions, ordered by name."""
    unassigned_tiles: int
    """Number of tiles without a region."""
    differences_from_published: tuple[str, ...] | None
    """One sentence for each number that differs from the published one; None for a part of the release."""


def list_regions(table: Table) -> RegionReport:
    """List the regions of a table of tiles; a whole release is compared with the published counts.

    Args:
        table: Table of tiles, as a path or as the tiles.

    Raises:
        InputError: The table cannot be read, or no tile has a region.
    """
    tiles = as_tiles(table)
    require_regions(tiles, table)
    return RegionReport(
        regions=tuple(summarise_regions(tiles)),
        unassigned_tiles=sum(tile.region is None for tile in tiles),
        differences_from_published=tuple(differences(tiles)) if looks_whole(tiles) else None,
    )


def looks_whole(tiles: Sequence[Tile]) -> bool:
    """Tell whether so many tiles have published names (`TrainArea_0001`) that all should be there."""
    return sum(split_of_name(tile.name) is not None for tile in tiles) > _LOOKS_WHOLE * sum(
        release_tiles().values()
    )


def differences(tiles: Sequence[Tile]) -> list[str]:
    """Tell in a sentence each number that differs from the published one; empty where all agree."""
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
