"""Manifests: tiles of each regime and of the test set as text files that can be published and checked."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from oemsar.config_file import Value, read_json
from oemsar.dataset.config import RegimesConfig
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
from oemsar.dataset.table import Table, as_tiles, select_split, table_files, table_origin
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.files import checksum, write_json, write_text
from oemsar.folders import claimed, is_record, require_apart
from oemsar.limits import read_text
from oemsar.locks import holds_output
from oemsar.record import RunRecord, run_record
from oemsar.text_table import csv_table

TEST = "test"
RECORD = "record.json"


class OverlapReport(Value):
    """Ground that training tiles share with hand-labelled tiles, as stored beside the manifests."""

    unmeasured_tiles: int
    """Number of tiles whose ground is not known for want of georeferencing."""
    pairs: tuple[Overlap, ...]
    """Pairs of a training tile and another, hand-labelled tile that share ground."""
    format: int = 1
    """Version of the layout of the file."""


class ManifestsRecord(RunRecord):
    """Content of `record.json` beside manifests."""

    manifests: dict[str, str] | None = None
    """SHA-256 of each manifest by its name; None in records that were written before they had it."""


class OverlapSummary(Value):
    """Shared ground of all pairs of two uses of tiles."""

    use: str
    """Use of the training tiles: `P`, `R1` or `R5`."""
    other_use: str
    """Use of the hand-labelled tiles: `R1`, `R5`, or their split."""
    pairs: int
    """Number of pairs that share ground."""
    tiles: int
    """Number of training tiles among them."""
    other_tiles: int
    """Number of hand-labelled tiles among them."""
    largest_other_fraction: float
    """Largest shared fraction of a hand-labelled tile, 0..1."""


class Manifests(Value):
    """Counts of manifests that were written."""

    out: Path
    """Folder of the manifests."""
    tiles: dict[str, int]
    """Number of tiles by regime, and of the test set under `test`."""
    overlaps: tuple[OverlapSummary, ...]
    """Ground shared by training tiles and other, hand-labelled tiles."""
    unmeasured_tiles: int
    """Number of tiles whose ground is not known for want of georeferencing."""


def _held(out: Path) -> list[Path]:
    """List the outputs that no other command may write meanwhile."""
    return [out / RECORD]


@holds_output(_held)
def assign_regimes(table: Table, out: Path, *, config: RegimesConfig = RegimesConfig()) -> Manifests:
    """Write the tiles of every regime, of the test set, and the ground they share.

    `P.txt`, `P+R1.txt`, `P+R5.txt`, `R1.txt`, `R5.txt` and `test.txt` have a name on each line, numbers
    counted in their order; beside each is its checksum as `sha256sum --check` reads it. `overlaps.json` and
    `overlaps.csv` list shared ground, and `record.json` describes the run.

    Args:
        table: Table of tiles, as a path or as the tiles.
        out: Folder of the manifests; created where it is missing.
        config: Seed of the choice of R1 and R5.

    Raises:
        InputError: The table cannot be read, has no test tile, or its labels do not suffice for the regimes;
            or the folder cannot be written to.
    """
    seed = config.seed
    tiles = as_tiles(table)
    test = select_split(tiles, "test", table)
    names = {regime.value: _names(training_tiles(tiles, regime, seed)) for regime in Regime}
    names[TEST] = _names(test)
    report = _measure(tiles, test, seed)
    paths = {name: out / f"{name}.txt" for name in names}
    written = [*paths.values(), *map(_sum_path, paths.values())]
    written += [out / name for name in ("overlaps.json", "overlaps.csv", RECORD)]
    require_apart(written, table_files(table, tiles))
    options = {"data": str(table) if isinstance(table, Path) else None, "seed": seed}
    record = run_record(options, seed=seed, data=table_origin(table))
    with claimed(out / RECORD, lambda: _is_of_manifests(out / RECORD), written):
        sums = _write_manifests(names, paths)
        write_json(out / "overlaps.json", report.model_dump(mode="json"))
        write_text(out / "overlaps.csv", _csv(report.pairs))
        write_json(out / RECORD, ManifestsRecord(**dict(record), manifests=sums).plain())
    return Manifests(
        out=out,
        tiles={name: len(listed) for name, listed in names.items()},
        overlaps=tuple(summarise_overlaps(report.pairs)),
        unmeasured_tiles=report.unmeasured_tiles,
    )


def _write_manifests(names: Mapping[str, Sequence[str]], paths: Mapping[str, Path]) -> dict[str, str]:
    """Write the manifests, and their checksums once all are there; give the checksums by name.

    Those of an earlier choice go first: manifests of two choices never stand side by side with checksums.
    """
    for path in paths.values():
        _sum_path(path).unlink(missing_ok=True)
    for name, listed in names.items():
        write_text(paths[name], "".join(f"{tile}\n" for tile in listed))
    sums = {name: checksum(path) for name, path in paths.items()}
    for name, path in paths.items():
        write_text(_sum_path(path), f"{sums[name]}  {path.name}\n")
    return sums


def _is_of_manifests(path: Path) -> bool:
    """Tell whether a file is the record of manifests, and not that of a training."""
    return is_record(path, "config", "seed") and not is_record(path, "spec")


def manifest_tiles(tiles: Sequence[Tile], regime: Regime, folder: Path) -> list[Tile]:
    """Choose the tiles that the manifest of a regime names, each with the one label it trains with.

    Args:
        tiles: Tiles of the whole table.
        regime: Regime whose manifest is read.
        folder: Folder written by `assign_regimes`, on this machine or another.

    Returns:
        Tiles ordered as by `training_tiles`: those of split train with their pseudo label, those of split
        val with the hand-made one.

    Raises:
        InputError: The manifest or its checksum is missing or wrong, or the table does not have a tile or
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


def summarise_overlaps(overlaps: Sequence[Overlap]) -> list[OverlapSummary]:
    """Summarise shared ground for each pair of uses."""
    groups: dict[tuple[str, str], list[Overlap]] = {}
    for overlap in overlaps:
        groups.setdefault((overlap.use, overlap.other_use), []).append(overlap)
    return [
        OverlapSummary(
            use=use,
            other_use=other_use,
            pairs=len(found),
            tiles=len({overlap.tile for overlap in found}),
            other_tiles=len({overlap.other for overlap in found}),
            largest_other_fraction=max(overlap.other_fraction for overlap in found),
        )
        for (use, other_use), found in groups.items()
    ]


def _measure(tiles: Sequence[Tile], test: Sequence[Tile], seed: int) -> OverlapReport:
    """Measure the ground that P, R1 and R5 share with everything labelled by hand."""
    real = deal_real(tiles, seed)
    training = {"P": pseudo_labelled(tiles), "R1": real[1], "R5": real[5]}
    dealt = {tile.name for tile in (*real[1], *real[5])}
    labelled: dict[str, Sequence[Tile]] = {"R1": real[1], "R5": real[5], "test": test}
    for split in ("train", "val"):
        hand = [tile for tile in tiles if tile.split == split and tile.real_label is not None]
        labelled[split] = [tile for tile in hand if tile.name not in dealt]
    compared = {tile.name: tile for group in (training, labelled) for some in group.values() for tile in some}
    unmeasured = sum(tile.grid is None or tile.grid.crs is None for tile in compared.values())
    pairs = tuple(measure_overlaps(training, labelled))
    return OverlapReport(unmeasured_tiles=unmeasured, pairs=pairs)


def _names(tiles: Sequence[Tile]) -> list[str]:
    return sorted((tile.name for tile in tiles), key=natural_order)


def _sum_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _csv(overlaps: Sequence[Overlap]) -> str:
    rows = [tuple(overlap.model_dump().values()) for overlap in overlaps]
    return csv_table([tuple(Overlap.model_fields), *rows])


def _listed(path: Path) -> list[str]:
    """Read the names in the manifest at `path` and check its checksum."""
    try:
        text = read_text(path)
        recorded = read_text(_sum_path(path)).split()
    except InputError as error:
        raise InputError(
            f"{path} or its checksum {_sum_path(path).name} cannot be read; write them with "
            "`oemsar data regimes`"
        ) from error
    if recorded[:1] != [checksum(path)]:
        raise InputError(
            f"{path} does not have the checksum of {_sum_path(path).name}: it was changed after it was "
            "written; write it again with `oemsar data regimes`"
        )
    _require_one_choice(path, recorded[0])
    return text.split("\n")[:-1]


def _require_one_choice(path: Path, sha256: str) -> None:
    """Check that a manifest belongs to the record beside it, where there is one that names its manifests."""
    record = path.with_name(RECORD)
    if not _is_of_manifests(record):
        return
    sums = read_json(record, ManifestsRecord, "record of manifests").manifests
    if sums is not None and sums.get(path.stem) != sha256:
        raise InputError(
            f"{path} is not the manifest that {record} tells of, as where two choices are mixed; write "
            f"them again with `oemsar data regimes`, or remove {record.name} where this is meant"
        )


def _labelled(tile: Tile, regime: Regime, path: Path) -> Tile:
    if tile.split == "train" and regime.has_pseudo and tile.pseudo_label is not None:
        return with_pseudo(tile)
    if tile.split == "val" and regime.real_per_region and tile.real_label is not None:
        return with_real(tile)
    needed = {"train": "a pseudo label", "val": "a hand-made label"}
    used = (regime.has_pseudo and tile.split == "train") or (regime.real_per_region and tile.split == "val")
    if used:
        raise InputError(
            f"{path} names tile {tile.name} of split {tile.split}, which lacks {needed[tile.split]} in the "
            "table; add the labels and index again"
        )
    raise InputError(
        f"{path} names tile {tile.name} of split {tile.split}, which regime {regime.value} never trains on; "
        "write it again with `oemsar data regimes`"
    )
