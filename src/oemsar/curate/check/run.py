"""Quality of the labels of a table: agreement, estimates from a sample, and labels that are likely wrong."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from oemsar.config_file import Value
from oemsar.curate.check.compare import Agreement, TileCounts, by_condition, compare_tiles
from oemsar.curate.check.confident import Doubts, find_doubts
from oemsar.curate.check.config import CheckConfig
from oemsar.curate.check.estimates import Estimates, Unit, estimate
from oemsar.curate.check.pages import check_markdown, segments_csv, tiles_csv
from oemsar.curate.check.sample import stratum_sizes
from oemsar.dataset.table import Table, as_tiles, describe_table, read_tiles, table_files, table_origin
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.evaluate.agreement import LabelPair, pairs_against
from oemsar.files import write_json, write_text
from oemsar.folders import claimed, is_record, require_apart
from oemsar.geometry.ground import pixel_size
from oemsar.locks import holds_output
from oemsar.progress import Report, silent
from oemsar.record import RunRecord, run_record

log = logging.getLogger(__name__)

RECORD = "check.json"
_FILES = ("check.md", "tiles.csv", "segments.csv", RECORD)


class Check(Value):
    """Quality of the labels of a table: the content of `check.json`."""

    format: Literal[1] = 1
    """Version of the layout of the file."""
    pseudo: dict[str, Agreement]
    """Agreement of pseudo labels with those made by hand, by condition; empty without both."""
    annotators: dict[str, Agreement]
    """Agreement of a second person with the labels of the table, by condition; empty without one."""
    models: float | None
    """Mean over the tiles of the agreement of two models of a pseudo label; None where it is not known."""
    estimates: Estimates | None
    """Accuracy of the pseudo labels and area of the classes; None without a probability sample."""
    doubts: Doubts | None
    """Labels that are likely wrong; None without predictions."""
    record: RunRecord
    """Run that made the check."""


def _held(out: Path) -> list[Path]:
    """List the outputs that no other command may write meanwhile."""
    return [out / RECORD]


@holds_output(_held)
def check_labels(
    table: Table, out: Path, *, config: CheckConfig = CheckConfig(), report: Report = silent
) -> Check:
    """Check the labels of a table of tiles.

    Writes `check.md`, `tiles.csv` and `segments.csv` with what is most likely wrong, and, last, `check.json`.

    Args:
        table: Table of tiles: its file, or the tiles.
        out: Folder of the results; created where it is missing.
        config: Second labels, predictions, and length of the lists.
        report: Called with the tiles read and the tiles to read.

    Raises:
        InputError: There is nothing to compare, a file is not as it must be, or the tiles that were drawn are
            no stratified probability sample.
    """
    tiles = as_tiles(table)
    hand = [_pair(tile) for tile in tiles if tile.real_label is not None and tile.pseudo_label is not None]
    second = [] if config.against is None else _second(tiles, table, config.against)
    predicted = [] if config.predictions is None else _predicted(tiles, config.predictions)
    if not (hand or second or predicted):
        raise InputError(
            f"{describe_table(table)} has no tile with a pseudo label and one made by hand: there is "
            "nothing to check; give labels of a second person or predictions",
            option=("against", "predictions"),
        )
    sizes = stratum_sizes(tiles)
    outputs = [out / name for name in _FILES]
    read = [*table_files(table, tiles), *(pair.other for _, pair in second)]
    read += [] if config.predictions is None else table_files(config.predictions, predicted)
    require_apart(outputs, read)
    with claimed(out / RECORD, lambda: is_record(out / RECORD, "pseudo", "annotators"), outputs):
        counts = list(compare_tiles(hand))
        doubts = find_doubts(predicted, config.listed, config.smallest, report) if predicted else None
        agreements = [tile.facts.agreement for tile in tiles if tile.facts.agreement is not None]
        check = Check(
            pseudo=by_condition(counts) if counts else {},
            annotators=by_condition(list(compare_tiles(second))) if second else {},
            models=sum(agreements) / len(agreements) if agreements else None,
            estimates=_estimates(counts, sizes, tiles),
            doubts=doubts,
            record=run_record(config, data=table_origin(table)),
        )
        write_text(out / "check.md", check_markdown(check.pseudo, check.annotators, check.estimates, doubts))
        write_text(out / "tiles.csv", tiles_csv(doubts))
        write_text(out / "segments.csv", segments_csv(doubts))
        write_json(out / RECORD, check.model_dump(mode="json"))
    return check


def _pair(tile: Tile) -> tuple[Tile, LabelPair]:
    if tile.real_label is None or tile.pseudo_label is None:
        raise ValueError(f"tile {tile.name} lacks a label")
    return tile, LabelPair(tile.name, tile.real_label, tile.pseudo_label, tile.label_nodata)


def _second(tiles: Sequence[Tile], table: Table, folder: Path) -> list[tuple[Tile, LabelPair]]:
    by_name = {tile.name: tile for tile in tiles}
    return [(by_name[pair.tile], pair) for pair in pairs_against(tiles, table, folder)]


def _predicted(tiles: Sequence[Tile], path: Path) -> list[Tile]:
    """Give the labelled tiles the soft labels of another table.

    Raises:
        InputError: That table cannot be read, or has a soft label of none of them.
    """
    soft = {tile.name: tile.soft_label for tile in read_tiles(path) if tile.soft_label is not None}
    chosen = [
        replace(tile, soft_label=soft[tile.name])
        for tile in tiles
        if tile.label is not None and tile.name in soft
    ]
    if not chosen:
        raise InputError(
            f"{path} has a soft label of no labelled tile; make them with `oemsar curate pseudo-label` and "
            "its probabilities",
            option="predictions",
        )
    return chosen


def _estimates(
    counts: Sequence[TileCounts], sizes: dict[str, float], tiles: Sequence[Tile]
) -> Estimates | None:
    """Estimate accuracies and areas from the labelled tiles of a probability sample; None without one."""
    drawn = [each for each in counts if each.tile.facts.stratum in sizes and each.every.any()]
    if not drawn:
        log.warning("No labelled tile was drawn in a probability sample: nothing is estimated of the whole")
        return None
    if outside := len(counts) - len(drawn):
        log.warning("%d labelled tiles are in no probability sample and left out of the estimates", outside)
    all_drawn = sum(tile.facts.stratum in sizes for tile in tiles)
    if waiting := all_drawn - len(drawn):
        log.warning(
            "%d of the %d tiles that were drawn are not labelled: the others stand for them",
            waiting,
            all_drawn,
        )
    strata = {each.tile.facts.stratum for each in drawn}
    if lost := set(sizes) - strata:
        log.warning("%d strata have no labelled tile: the estimates are of the others", len(lost))
    units = [Unit(each.tile.facts.stratum or "", each.every.astype(float)) for each in drawn]
    return estimate(units, sizes, _hectares(drawn, sizes))


def _hectares(drawn: Sequence[TileCounts], sizes: dict[str, float]) -> float | None:
    """Estimate the area that the strata cover from the sizes of their tiles; None where one has no place."""
    areas: dict[str, list[float]] = {}
    for each in drawn:
        grid = each.tile.grid
        size = None if grid is None else pixel_size(grid)
        if grid is None or size is None:
            return None
        areas.setdefault(each.tile.facts.stratum or "", []).append(size.area * grid.shape[0] * grid.shape[1])
    return sum(sizes[stratum] * sum(some) / len(some) for stratum, some in areas.items()) / 10_000
