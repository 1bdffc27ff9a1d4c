"""Label regimes: which tile trains with which label.

In the paper (Xia et al., arXiv 2501.10891, section III) 20 tiles of each region are labelled by hand: 14 are
the test set, and models are trained on 1 or 5 of the others, on the pseudo labels, or on both. Which tiles
those are is not published. The release has 210 = 35 x 6 hand-labelled tiles in its split val, so here 1 of a
region's 6 is R1 and 5 are R5, disjoint, dealt out by a hash of the tile's name and a seed: the same on every
machine.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from oemsar.dataset.label_regime import R1_TILES, R5_TILES, Regime
from oemsar.dataset.layouts import natural_order
from oemsar.dataset.regions import UNASSIGNED, by_region
from oemsar.dataset.tile import SPLITS, Tile
from oemsar.errors import InputError

_log = logging.getLogger(__name__)


def training_tiles(tiles: Sequence[Tile], regime: Regime, seed: int = 0) -> list[Tile]:
    """Choose the tiles that a regime trains on, each with the one label it trains with.

    Args:
        tiles: Tiles of the whole table, in any order.
        regime: Labels to train on.
        seed: Seed of the choice of R1 and R5.

    Returns:
        Tiles ordered by split, then by name with numbers counted; the label a tile does not train with
        is None.

    Raises:
        InputError: No tile of split train has a pseudo label, or a region has too few hand-labelled tiles.
    """
    chosen = pseudo_labelled(tiles) if regime.has_pseudo else []
    if regime.real_per_region:
        chosen += deal_real(tiles, seed)[regime.real_per_region]
    return sorted(chosen, key=table_order)


def validation_tiles(tiles: Sequence[Tile], training: Sequence[Tile]) -> list[Tile]:
    """Choose the tiles to validate on: the hand-labelled ones of split val that are not trained on.

    In the release these are all 210 for P, the 175 of R5 for R1 and P+R1, and the 35 of R1 for R5 and P+R5.
    """
    trained = {tile.name for tile in training}
    held_out = [tile for tile in _hand_labelled(tiles) if tile.name not in trained]
    return sorted(held_out, key=table_order)


def pseudo_labelled(tiles: Sequence[Tile]) -> list[Tile]:
    """Choose the tiles of P: those of split train with a pseudo label, which is the label they train with.

    Raises:
        InputError: There is none.
    """
    found = [with_pseudo(tile) for tile in tiles if tile.split == "train" and tile.pseudo_label is not None]
    if not found:
        raise InputError(
            "the table has no pseudo-labelled tile of split train, which regimes with P train on; "
            "add the pseudo labels"
        )
    return sorted(found, key=table_order)


def deal_real(tiles: Sequence[Tile], seed: int = 0) -> dict[int, list[Tile]]:
    """Deal out R1 and R5, under the keys 1 and 5: disjoint, of split val, with their hand-made labels.

    The hand-labelled tiles of a region are ordered by the SHA-256 of `seed:name`; the first is R1, the next
    five are R5, and what a region has beyond these six trains nothing.

    Raises:
        InputError: Split val has no hand-made label, or a region with tiles of split train or val has fewer
            than six.
    """
    labelled = _hand_labelled(tiles)
    if not labelled:
        raise InputError(
            "the table has no hand-labelled tile of split val, which regimes with R1 or R5 train on; "
            "add the labels of val (`oemsar data download` fetches them)"
        )
    dealt: dict[int, list[Tile]] = {R1_TILES: [], R5_TILES: []}
    named = {tile.name for tile in labelled}
    for region, members in by_region([tile for tile in tiles if tile.split != "test"]).items():
        own = sorted((tile for tile in members if tile.name in named), key=lambda tile: _draw(seed, tile))
        if len(own) < R1_TILES + R5_TILES:
            raise InputError(_too_few(region, len(own), simulated=_is_simulated(members[0])))
        if region == UNASSIGNED:
            _log.warning("%d tiles have no region: they are dealt out as one region", len(members))
        dealt[R1_TILES] += [with_real(tile) for tile in own[:R1_TILES]]
        dealt[R5_TILES] += [with_real(tile) for tile in own[R1_TILES : R1_TILES + R5_TILES]]
    return {count: sorted(chosen, key=table_order) for count, chosen in dealt.items()}


def with_pseudo(tile: Tile) -> Tile:
    """Leave a tile its pseudo label as the only one."""
    return replace(tile, real_label=None)


def with_real(tile: Tile) -> Tile:
    """Leave a tile its hand-made label as the only one."""
    return replace(tile, pseudo_label=None)


def _too_few(region: str, count: int, *, simulated: bool) -> str:
    missing = f"{count} hand-labelled tile(s) of split val where R1 and R5 take {R1_TILES + R5_TILES}"
    if region == UNASSIGNED:
        return f"the tiles without a region have {missing}; index georeferenced tiles"
    if simulated:
        needed = R1_TILES + R5_TILES
        return f"region {region} has {missing}; make the world with `oemsar simulate --val {needed}`"
    return f"region {region} has {missing}; add labels, or leave the region out of the table"


def _is_simulated(tile: Tile) -> bool:
    """Tell whether the image of a tile lies in a world that `oemsar simulate` has written."""
    paths = [Path(path) for path in tile.inputs.values() if path is not None]
    return any((folder / "world.json").is_file() for path in paths for folder in path.parents[:4])


def _hand_labelled(tiles: Sequence[Tile]) -> list[Tile]:
    return [tile for tile in tiles if tile.split == "val" and tile.real_label is not None]


def _draw(seed: int, tile: Tile) -> tuple[str, str]:
    """Make the sorting key of a tile in the draw: a hash, the same on every machine."""
    return hashlib.sha256(f"{seed}:{tile.name}".encode()).hexdigest(), tile.name


def table_order(tile: Tile) -> tuple[int, tuple[tuple[str | int, ...], str]]:
    """Make the sorting key of a tile: by split, then by name with numbers counted, as tables are ordered."""
    return SPLITS.index(tile.split), natural_order(tile.name)
