"""A probability sample of tiles to label by hand, with its tasks."""

import logging
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from oemsar.arrays import Doubles
from oemsar.config_file import Value, read_json
from oemsar.curate.sample.config import SampleConfig
from oemsar.curate.sample.draw import draw
from oemsar.curate.sample.strata import Stratum, predominant_class, stratify
from oemsar.curate.sample.tasks import IMAGES, LABELS, PROJECT, Tasks
from oemsar.dataset.regions import by_region, is_placed, require_regions, tile_centres
from oemsar.dataset.table import Table, as_tiles, select_split, table_files, table_origin, write_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.files import write_json
from oemsar.folders import claimed, is_record, require_apart
from oemsar.locks import holds_output
from oemsar.progress import Report, silent
from oemsar.record import RunRecord, run_record

log = logging.getLogger(__name__)

TABLE, RECORD = "sample.parquet", "sample.json"


class StratumSummary(Value):
    """A stratum of a sample."""

    stratum: str
    """Region and predominant class of the pseudo label, `REGION/CLASS`."""
    tiles: int
    """Number of tiles in the stratum."""
    drawn: int
    """Number of tiles drawn; each has the probability drawn / tiles."""


class Sample(Value):
    """A sample that was drawn: the content of `sample.json`."""

    format: Literal[1] = 1
    """Version of the record's layout."""
    method: Literal["stratified, local pivotal method"] = "stratified, local pivotal method"
    """Method of the draw within each stratum."""
    population: int
    """Number of tiles that were drawn from."""
    splits: tuple[str, ...]
    """Splits that the tiles belong to."""
    strata: tuple[StratumSummary, ...]
    """Strata, region by region."""
    tiles: tuple[str, ...]
    """Names of the tiles that were drawn."""
    record: RunRecord
    """Run that drew them."""


def _held(out: Path) -> list[Path]:
    """List the outputs that no other command may write meanwhile."""
    return [out, out / TABLE]


@holds_output(_held)
def sample_tiles(
    table: Table, out: Path, *, config: SampleConfig = SampleConfig(), report: Report = silent
) -> Sample:
    """Draw a probability sample of tiles to label by hand, and write the tasks.

    Stratified by region and by the predominant class of the pseudo label, spread in space. Writes into `out`:
    the record `sample.json` with the strata, `images`, `labels` with a label to fill in and a style of QGIS
    for each tile, the project `tasks.qgs` and, last, the table `sample.parquet`, in which each tile has its
    stratum and its inclusion probability. Labels that lie there are never written over.

    Args:
        table: Table of tiles with regions: its file, or the tiles.
        out: Folder of the tasks; created where it is missing.
        config: Size and seed of the sample, tiles to draw from.
        report: Called with the tasks written and the tasks in all.

    Raises:
        InputError: The table is wrong or has no regions, the split has no tile, or `out` holds another sample
            or files of another origin.
    """
    tiles = as_tiles(table)
    outputs = [out / name for name in (TABLE, RECORD, IMAGES, LABELS, PROJECT)]
    require_apart(outputs, table_files(table, tiles))
    population = _population(tiles, config, table)
    require_regions(population, table)
    strata = _strata(population, config)
    chosen = _draw(strata, config)
    sample = Sample(
        population=len(population),
        splits=tuple(dict.fromkeys(tile.split for tile in population)),
        strata=tuple(
            StratumSummary(stratum=each.name, tiles=len(each.tiles), drawn=each.drawn) for each in strata
        ),
        tiles=tuple(tile.name for tile in chosen),
        record=run_record(config, seed=config.seed, data=table_origin(table)),
    )
    with claimed(out / RECORD, lambda: _is_sample(out / RECORD), outputs):
        sample = _kept(sample, out / RECORD)
        Tasks(out, config.template).write(chosen, report)
        write_tiles(chosen, out / TABLE)
    return sample


def _population(tiles: Sequence[Tile], config: SampleConfig, table: Table) -> list[Tile]:
    """Choose the tiles to draw from; what is decided is logged."""
    if config.split == "all":
        return [*tiles]
    if config.split != "auto":
        return select_split(tiles, config.split, table)
    chosen = [tile for tile in tiles if tile.split != "train"] or [*tiles]
    what = "val and test" if any(tile.split != "train" for tile in chosen) else "all splits"
    log.info("The sample is drawn from the %d tiles of %s", len(chosen), what)
    return chosen


def _strata(tiles: Sequence[Tile], config: SampleConfig) -> list[Stratum]:
    """Divide the tiles of every region into strata."""
    bare = sum(tile.pseudo_label is None for tile in tiles)
    if bare:
        log.warning("%d of %d tiles have no pseudo label: they are in the stratum `other`", bare, len(tiles))
    strata = []
    for region, members in by_region(tiles).items():
        if len(members) < config.per_region:
            log.warning("Region %s has %d tiles: all of them are drawn", region, len(members))
        classes = [predominant_class(tile) for tile in members]
        strata += stratify(region, members, classes, config.per_region)
    return strata


def _draw(strata: Sequence[Stratum], config: SampleConfig) -> list[Tile]:
    """Draw the tiles of every stratum, each with its stratum and inclusion probability."""
    chosen = []
    for stratum in strata:
        rng = np.random.default_rng([config.seed, zlib.crc32(stratum.name.encode())])
        positions = _positions(stratum.tiles, rng)
        probability = stratum.drawn / len(stratum.tiles)
        for index in draw(positions, stratum.drawn, rng).tolist():
            tile = stratum.tiles[index]
            facts = tile.facts.changed(stratum=stratum.name, inclusion_probability=probability)
            chosen.append(replace(tile, facts=facts))
    return chosen


def _positions(tiles: Sequence[Tile], rng: np.random.Generator) -> Doubles:
    """Locate the middles of tiles in metres; random where one has no georeferencing."""
    if not all(is_placed(tile) for tile in tiles):
        log.warning("A stratum has tiles without georeferencing: its sample is not spread in space")
        return rng.random((len(tiles), 2))
    return tile_centres(tiles)


def _is_sample(path: Path) -> bool:
    return is_record(path, "strata", "population", "method")


def _kept(sample: Sample, path: Path) -> Sample:
    """Write the record of a sample before its tasks, or find the same sample recorded already.

    Raises:
        InputError: Another sample was drawn into the folder: people may be at work on it.
    """
    if not path.exists():
        write_json(path, sample.model_dump(mode="json"))
        return sample
    former = read_json(path, Sample, "record of a sample")
    if former.model_copy(update={"record": sample.record}) != sample:
        raise InputError(
            f"{path.parent} holds another sample of {len(former.tiles)} tiles, whose labels may be in work; "
            "choose another folder",
            option="out",
        )
    return former
