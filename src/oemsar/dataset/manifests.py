"""Manifests: the tiles of each regime and of the test set as text files that can be published and checked."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from oemsar.dataset.label_regime import Regime
from oemsar.dataset.layouts import natural_order
from oemsar.dataset.overlaps import Overlap, measure_overlaps
from oemsar.dataset.regimes import (
    deal_real,
    pseudo_labelled,
    table_order,
    training_tiles,
    with_pseudo,
    with_real,
)
from oemsar.dataset.table import read_tiles, select_split
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.files import checksum, require_writable, write_json, write_text
from oemsar.record import run_record

TEST = "test"


@dataclass(frozen=True)
class Manifests:
    """What was written.

    Attributes:
        names: names of the tiles by regime, and those of the test set under `test`.
        overlaps: pairs of a training tile and another, hand-labelled tile that share ground.
        unmeasured: tiles whose ground is not known for want of georeferencing.
    """

    names: dict[str, list[str]]
    overlaps: list[Overlap]
    unmeasured: int


def write_manifests(table: Path, out: Path, seed: int = 0) -> Manifests:
    """Write the tiles of every regime, of the test set, and what ground they share, into the folder `out`.

    `P.txt`, `P+R1.txt`, `P+R5.txt`, `R1.txt`, `R5.txt` and `test.txt` have a name on each line, numbers
    counted in their order; beside each is its checksum as `sha256sum --check` reads it. `overlaps.json` and
    `overlaps.csv` list shared ground, and `record.json` says what made it all.

    Args:
        table: table of tiles.
        out: created where it is missing.
        seed: of the choice of R1 and R5.

    Raises:
        InputError: the table cannot be read, has no test tile, or its labels do not suffice for the regimes;
            or `out` cannot be written to.
    """
    tiles = read_tiles(table)
    test = select_split(tiles, "test", table)
    names = {regime.value: _names(training_tiles(tiles, regime, seed)) for regime in Regime}
    names[TEST] = _names(test)
    overlaps, unmeasured = _overlaps(tiles, test, seed)
    require_writable(out)
    for name, listed in names.items():
        path = out / f"{name}.txt"
        write_text(path, "".join(f"{tile}\n" for tile in listed))
        write_text(_sum_path(path), f"{checksum(path)}  {path.name}\n")
    write_json(out / "overlaps.json", {"unmeasured_tiles": unmeasured, "pairs": [*map(asdict, overlaps)]})
    write_text(out / "overlaps.csv", _csv(overlaps))
    write_json(
        out / "record.json", run_record({"data": str(table), "seed": seed}, seed=seed, data=table).plain()
    )
    return Manifests(names, overlaps, unmeasured)


def manifest_tiles(tiles: Sequence[Tile], regime: Regime, folder: Path) -> list[Tile]:
    """The tiles that the manifest of `regime` in `folder` names, each with the one label it trains with.

    Args:
        tiles: the whole table.
        regime: which manifest.
        folder: written by `write_manifests`, on this machine or another.

    Returns:
        The tiles ordered as by `training_tiles`: those of split train with their pseudo label, those of split
        val with the hand-made one.

    Raises:
        InputError: the manifest or its checksum is missing or wrong, or the table does not have a tile or
            the label it trains with.
    """
    path = folder / f"{regime.value}.txt"
    by_name = {tile.name: tile for tile in tiles}
    chosen = []
    for name in _listed(path):
        if name not in by_name:
            raise InputError(
                f"{path} names tile {name}, which the table does not have; index all of the data"
            )
        chosen.append(_labelled(by_name[name], regime, path))
    if not chosen:
        raise InputError(f"{path} names no tile; write it again with `oemsar data regimes`")
    return sorted(chosen, key=table_order)


def summarise_overlaps(overlaps: Sequence[Overlap]) -> list[dict[str, Any]]:
    """For each pair of uses: pairs, tiles on either side, and the largest fraction of a labelled tile."""
    groups: dict[tuple[str, str], list[Overlap]] = {}
    for overlap in overlaps:
        groups.setdefault((overlap.use, overlap.other_use), []).append(overlap)
    return [
        {
            "use": use,
            "other_use": other_use,
            "pairs": len(found),
            "tiles": len({overlap.tile for overlap in found}),
            "other_tiles": len({overlap.other for overlap in found}),
            "largest_other_fraction": max(overlap.other_fraction for overlap in found),
        }
        for (use, other_use), found in groups.items()
    ]


def _overlaps(tiles: Sequence[Tile], test: Sequence[Tile], seed: int) -> tuple[list[Overlap], int]:
    """Overlaps of P, R1 and R5 with everything labelled by hand, and how many tiles cannot be measured."""
    real = deal_real(tiles, seed)
    training = {"P": pseudo_labelled(tiles), "R1": real[1], "R5": real[5]}
    dealt = {tile.name for tile in (*real[1], *real[5])}
    labelled: dict[str, Sequence[Tile]] = {"R1": real[1], "R5": real[5], "test": test}
    for split in ("train", "val"):
        hand = [tile for tile in tiles if tile.split == split and tile.real_label is not None]
        labelled[split] = [tile for tile in hand if tile.name not in dealt]
    compared = {tile.name: tile for group in (training, labelled) for some in group.values() for tile in some}
    unmeasured = sum(tile.grid is None or tile.grid.crs is None for tile in compared.values())
    return measure_overlaps(training, labelled), unmeasured


def _names(tiles: Sequence[Tile]) -> list[str]:
    return sorted((tile.name for tile in tiles), key=natural_order)


def _sum_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _csv(overlaps: Sequence[Overlap]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Overlap)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(asdict, overlaps))
    return text.getvalue()


def _listed(path: Path) -> list[str]:
    """Names in the manifest at `path`, after its checksum was seen to be right."""
    try:
        text = path.read_text(encoding="utf-8")
        recorded = _sum_path(path).read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} or its checksum {_sum_path(path).name} cannot be read; write them with "
            "`oemsar data regimes`"
        ) from error
    if recorded[:1] != [checksum(path)]:
        raise InputError(
            f"{path} does not have the checksum of {_sum_path(path).name}: it was changed after it was "
            "written; write it again with `oemsar data regimes`"
        )
    return text.split("\n")[:-1]


def _labelled(tile: Tile, regime: Regime, path: Path) -> Tile:
    if tile.split == "train" and regime.has_pseudo and tile.pseudo_label is not None:
        return with_pseudo(tile)
    if tile.split == "val" and regime.real_per_region and tile.real_label is not None:
        return with_real(tile)
    needed = {"train": "a pseudo label", "val": "a hand-made label"}
    used = (regime.has_pseudo and tile.split == "train") or (regime.real_per_region and tile.split == "val")
    if used:
        raise InputError(
            f"{path} names tile {tile.name} of split {tile.split}, which has not {needed[tile.split]} in the "
            "table; add the labels and index again"
        )
    raise InputError(
        f"{path} names tile {tile.name} of split {tile.split}, which regime {regime.value} never trains on; "
        "write it again with `oemsar data regimes`"
    )
