"""Labels made by hand, taken back: checked, and named in a table with who made them and when."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from oemsar.config_file import Value
from oemsar.curate.collect.config import CollectConfig
from oemsar.curate.collect.labels import HandLabel, find_labels, read_hand_label
from oemsar.curate.sample.run import TABLE as SAMPLE
from oemsar.dataset.table import (
    Table,
    as_tiles,
    describe_table,
    read_tiles,
    table_files,
    table_origin,
    write_tiles,
)
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.files import write_json
from oemsar.folders import is_record, require_apart, require_own
from oemsar.locks import holds_output
from oemsar.progress import Report, silent
from oemsar.record import FileOrigin, RunRecord, origin, run_record

log = logging.getLogger(__name__)


class CollectedLabel(Value):
    """A label that was taken back."""

    tile: str
    """Name of the tile."""
    file: FileOrigin
    """File of the label, and its checksum."""
    by: str | None
    """Name of the person who made it; None where nobody is named."""
    at: str
    """Time at which it was finished, ISO 8601."""
    share: float
    """Share of the tile that is labelled, 0..1."""


class CollectedLabels(Value):
    """Labels that were taken back: the content of the record beside the table."""

    format: Literal[1] = 1
    """Version of the record's layout."""
    labels: tuple[CollectedLabel, ...]
    """Labels, in the order of the table."""
    waiting: tuple[str, ...]
    """Names of the tiles whose label is still as its task began."""
    record: RunRecord
    """Run that took them back."""


def _held(out: Path) -> list[Path]:
    """List the outputs that no other command may write meanwhile."""
    return [out]


def _record_of(out: Path) -> Path:
    """Name the record beside a table."""
    return out.with_suffix(".json")


@holds_output(_held)
def collect_labels(
    folder: Path,
    table: Table,
    out: Path,
    *,
    config: CollectConfig = CollectConfig(),
    report: Report = silent,
) -> CollectedLabels:
    """Take labels that were made by hand back into a table of tiles.

    Size, grid and ids of every label are checked before anything is written. A label may leave ground
    unknown (0); one that is still as its task began is left out. The table `out` is the given one, with the
    labels, who made them, when, and the labelled share of each tile; stratum and inclusion probability come
    from the sample of the folder. `OUT.json` is the record, with the checksum of each label.

    Args:
        folder: Folder of `oemsar curate sample`, or of labels named after their tiles.
        table: Table of tiles: its file, or the tiles.
        out: Table to write.
        config: Person who labelled.
        report: Called with the labels read and the labels in all.

    Raises:
        InputError: A label is not as it must be or of no tile of the table, none is labelled yet, or `out` is
            an input or of another origin.
    """
    tiles, files = as_tiles(table), find_labels(folder)
    sample = _sample(folder)
    _require_known(files, tiles, folder, table)
    require_apart([out, _record_of(out)], [*table_files(table, tiles), *files.values(), *_beside(folder)])
    require_own([_record_of(out)], lambda path: is_record(path, "labels", "waiting"), "a record of labels")
    found: dict[str, HandLabel] = {}
    waiting = []
    report(0, len(files))
    for done, tile in enumerate((each for each in tiles if each.name in files), 1):
        label = read_hand_label(files[tile.name], tile, config.by)
        if label is None:
            waiting.append(tile.name)
        else:
            found[tile.name] = label
        report(done, len(files))
    if not found:
        raise InputError(
            f"none of the {len(files)} labels of {folder} is begun; label some and collect again"
        )
    _tell(found, waiting)
    write_tiles([_labelled(tile, found, sample) for tile in tiles], out)
    made = CollectedLabels(
        labels=tuple(
            CollectedLabel(tile=name, file=origin(each.path), by=each.by, at=each.at, share=each.share)
            for name, each in found.items()
        ),
        waiting=tuple(waiting),
        record=run_record(config, data=table_origin(table)),
    )
    write_json(_record_of(out), made.model_dump(mode="json"))
    return made


def _beside(folder: Path) -> list[Path]:
    """List the tables of samples that a folder of tasks, or of labels, may have."""
    return [path for path in (folder / SAMPLE, folder.parent / SAMPLE) if path.is_file()]


def _sample(folder: Path) -> dict[str, Tile]:
    """Read the sample that the tasks of a folder were drawn in; empty without one."""
    return {tile.name: tile for path in _beside(folder)[:1] for tile in read_tiles(path)}


def _require_known(files: Mapping[str, Path], tiles: Sequence[Tile], folder: Path, table: Table) -> None:
    """Check that every label is of a tile of the table."""
    names = {tile.name for tile in tiles}
    strange = [name for name in files if name not in names]
    if strange:
        more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        raise InputError(
            f"{folder} has a label of {strange[0]}{more}, which {describe_table(table)} does not have; give "
            "the table that the sample was drawn from, or remove the label",
            option="tiles",
        )


def _tell(found: Mapping[str, HandLabel], waiting: Sequence[str]) -> None:
    """Log what was decided about labels."""
    if waiting:
        log.warning("%d of %d labels are still as their tasks began", len(waiting), len(waiting) + len(found))
    if bare := sum(not label.placed for label in found.values()):
        log.warning("%d labels do not say where they lie: they are taken to lie on their tiles", bare)
    partial = sum(label.share < 1 for label in found.values())
    if partial:
        log.info("%d of %d labels leave some ground unknown", partial, len(found))


def _labelled(tile: Tile, found: Mapping[str, HandLabel], sample: Mapping[str, Tile]) -> Tile:
    """Give a tile its label, and the facts of it and of its sample."""
    facts, label = tile.facts, found.get(tile.name)
    if tile.name in sample:  # labelled or not: an estimate needs the size of each stratum
        drawn = sample[tile.name].facts
        facts = facts.changed(stratum=drawn.stratum, inclusion_probability=drawn.inclusion_probability)
    if label is None:
        return replace(tile, facts=facts)
    facts = facts.changed(labelled_by=label.by, labelled_at=label.at, labelled_share=label.share)
    return replace(tile, real_label=label.path, facts=facts)
