"""Tiles cut from aligned pairs, with their table and the rules that they were cut by."""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from odc.geo.geobox import GeoBox

from oemsar.config_file import Value, read_json
from oemsar.curate.tiles.config import TilesConfig
from oemsar.curate.tiles.cut import Cuts, choose_cuts
from oemsar.curate.tiles.pairs import PairFiles, read_pairs
from oemsar.curate.tiles.splits import deal, too_close
from oemsar.curate.tiles.write import FOLDERS, PlannedTile, grid_of_cut, left_over, write_tile
from oemsar.dataset.countries import country_at
from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import SPLITS, Split
from oemsar.errors import InputError
from oemsar.files import write_json, write_text
from oemsar.fingerprint import Unchanged
from oemsar.folders import claimed, is_record, require_apart
from oemsar.locks import holds_output
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.grid import footprint
from oemsar.record import FileOrigin, RunRecord, origin, run_record

log = logging.getLogger(__name__)

TABLE, RECORD = "tiles.parquet", "tiles.json"


class RegionTiles(Value):
    """Tiles of one region: how many there are, and how many were left out by which rule."""

    region: str
    """Name of the region."""
    record: FileOrigin
    """Record of its pair."""
    candidates: int
    """Number of tiles on the grid of the region."""
    few_valid: int
    """Number left out because too little of them has data in both images."""
    much_layover: int
    """Number left out because of layover."""
    much_shadow: int
    """Number left out because of radar shadow."""
    too_close: int
    """Number left out because they come too close to a tile of another split."""
    splits: dict[Split, int]
    """Number of tiles in each split."""


class CutTiles(Value):
    """Tiles that were cut: the content of `tiles.json`."""

    format: Literal[1] = 1
    """Version of the record's layout."""
    rules: TilesConfig
    """Rules that they were cut by."""
    regions: tuple[RegionTiles, ...]
    """Tiles of each region."""
    tiles: int
    """Number of tiles."""
    record: RunRecord
    """Run that cut them."""


def _held(out: Path) -> list[Path]:
    """List the outputs that no other command may write meanwhile."""
    return [out, out / TABLE]


@holds_output(_held)
def cut_tiles(
    pairs: Sequence[Path] | Path,
    out: Path,
    *,
    config: TilesConfig = TilesConfig(),
    report: Report = silent,
) -> CutTiles:
    """Cut tiles from aligned pairs on one grid a region, by rules that are stored.

    Writes into `out`: the folders `sar_images`, `rgb_images` and `masks`, `train.txt`, `val.txt`, `test.txt`,
    the table `tiles.parquet` and, last, the record `tiles.json`. Files that lie there already, cut from the
    same pixels by the same rules, are left as they are; tiles of an earlier run that are cut no more are
    removed.

    Args:
        pairs: Folders that `oemsar prepare pair` wrote.
        out: Folder of the tiles; created where it is missing.
        config: Rules of the tiles.
        report: Called with the tiles written and the tiles in all.

    Raises:
        InputError: A folder holds no pair, two regions have one name, a pair is smaller than a tile, no tile
            meets the rules, or `out` holds files of another origin.
        Failure: A pair changed meanwhile, or the disk is full.
    """
    found = read_pairs([pairs] if isinstance(pairs, Path) else list(pairs), config.size)
    inputs = [file for pair in found for file in pair.inputs]
    watched = Unchanged.of(inputs)
    outputs = [
        *(out / name for name in (TABLE, RECORD)),
        *_lists(out),
        *(out / each for each in FOLDERS.values()),
    ]
    require_apart(outputs, inputs)
    with claimed(out / RECORD, lambda: is_record(out / RECORD, "rules", "regions"), outputs):
        planned, regions = _plan(found, config)
        if not planned:
            raise InputError(_none_left(regions), option=("valid", "layover", "shadow"))
        _write(planned, found, out, report)
        watched.require()
        return _publish(planned, regions, config, out)


def _plan(pairs: Sequence[PairFiles], rules: TilesConfig) -> tuple[list[PlannedTile], list[RegionTiles]]:
    """Choose the tiles of all regions and their splits."""
    cuts = {pair.name: choose_cuts(pair, rules) for pair in pairs}
    splits: dict[str, Split] = {}
    grids: dict[str, GeoBox] = {}
    for pair in pairs:
        _tell(pair, cuts[pair.name])
        splits |= deal(cuts[pair.name].kept, pair.name, rules)
        grids |= {cut.name: grid_of_cut(pair.grid, cut.extent) for cut in cuts[pair.name].kept}
    gone = too_close(splits, grids, rules.distance)
    planned, regions = [], []
    for pair in pairs:
        country = _country(pair.grid)
        kept = [cut for cut in cuts[pair.name].kept if cut.name not in gone]
        planned += [PlannedTile(pair, cut, splits[cut.name], country) for cut in kept]
        regions.append(_summary(pair, cuts[pair.name], [splits[cut.name] for cut in kept]))
    return planned, regions


def _summary(pair: PairFiles, cuts: Cuts, splits: Sequence[Split]) -> RegionTiles:
    counts = Counter(splits)
    return RegionTiles(
        region=pair.name,
        record=origin(pair.path),
        candidates=cuts.candidates,
        few_valid=cuts.faults["valid"],
        much_layover=cuts.faults["layover"],
        much_shadow=cuts.faults["shadow"],
        too_close=len(cuts.kept) - len(splits),
        splits={split: counts[split] for split in SPLITS},
    )


def _tell(pair: PairFiles, cuts: Cuts) -> None:
    """Log which rules say nothing about a region."""
    if pair.record.masks.layover_share is None and cuts.kept:
        log.warning(
            "Layover and shadow of %s are not known, and no rule on them applies; give its pair a dem or dsm",
            pair.name,
        )


def _none_left(regions: Sequence[RegionTiles]) -> str:
    total = sum(region.candidates for region in regions)
    valid, layover, shadow = (
        sum(getattr(region, name) for region in regions)
        for name in ("few_valid", "much_layover", "much_shadow")
    )
    return (
        f"none of the {total} tiles meets the rules: {valid} have too little ground in both images, "
        f"{layover} too much layover, {shadow} too much shadow; choose other rules or a smaller size"
    )


def _country(grid: GeoBox) -> str | None:
    outline = footprint(grid)
    if outline is None:
        return None
    centre = outline.centroid
    return country_at(centre.x, centre.y)


def _write(planned: Sequence[PlannedTile], pairs: Sequence[PairFiles], out: Path, report: Report) -> None:
    """Write the files of all tiles, pair by pair."""
    done = written = 0
    report(0, len(planned))
    with gdal_cache():
        for pair in pairs:
            with pair.open() as sources:
                for tile in (each for each in planned if each.pair is pair):
                    written += write_tile(tile, out, sources)
                    done += 1
                    report(done, len(planned))
    if written < len(planned):
        log.info("%d of %d tiles lie there already", len(planned) - written, len(planned))


def _publish(
    planned: Sequence[PlannedTile], regions: Sequence[RegionTiles], rules: TilesConfig, out: Path
) -> CutTiles:
    """Write the table, the lists of the splits and the record, and remove tiles that are cut no more."""
    for path in left_over(out, {each.cut.name for each in planned}):
        path.unlink()
    write_tiles([each.tile(out) for each in planned], out / TABLE)
    for split, path in zip(SPLITS, _lists(out), strict=True):
        write_text(path, "".join(f"{each.cut.name}\n" for each in planned if each.split == split))
    made = CutTiles(
        rules=rules, regions=tuple(regions), tiles=len(planned), record=run_record(rules, seed=rules.seed)
    )
    former = _former(out / RECORD)
    if former is not None and former.model_copy(update={"record": made.record}) == made:
        return former
    write_json(out / RECORD, made.model_dump(mode="json"))
    return made


def _former(path: Path) -> CutTiles | None:
    """Read the record of an earlier run; None where there is none that can be read."""
    try:
        return read_json(path, CutTiles, "record of tiles")
    except InputError:
        return None


def _lists(out: Path) -> list[Path]:
    """Name the lists of the splits."""
    return [out / f"{split}.txt" for split in SPLITS]
