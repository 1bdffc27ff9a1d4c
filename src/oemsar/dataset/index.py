"""The table of tiles of a dataset on disk, made from the names of its files and their headers."""

import logging
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import rasterio
from odc.geo.geobox import GeoBox
from pydantic import Field
from rasterio.errors import NotGeoreferencedWarning

from oemsar.config_file import Value
from oemsar.dataset.config import IndexConfig
from oemsar.dataset.folder_names import BESIDE_LABELS
from oemsar.dataset.further_inputs import find_further
from oemsar.dataset.layouts import COLUMNS, LAYOUTS, TileFiles, natural_order
from oemsar.dataset.regions import assign_regions
from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import SPLITS, Split, Tile
from oemsar.errors import InputError
from oemsar.locks import holds_output
from oemsar.progress import Report, silent
from oemsar.raster.grid import grid_of
from oemsar.raster.read import open_raster
from oemsar.sources import require_unlinked

_log = logging.getLogger(__name__)


class SplitCounts(Value):
    """Counts of the tiles and files of one split."""

    tiles: int
    """Number of tiles."""
    sar: int
    """Number of radar images."""
    optical: int
    """Number of optical images."""
    pseudo_label: int
    """Number of labels made by a model."""
    real_label: int
    """Number of labels made by hand."""
    georeferenced: int
    """Number of tiles with a grid."""
    further: dict[str, int] = Field(default={})
    """Number of files of each input other than radar and optical, by its name."""


class IndexSummary(Value):
    """Counts of a table of tiles that was written."""

    table: Path
    """Path of the table."""
    tiles: int
    """Number of tiles."""
    splits: dict[Split, SplitCounts]
    """Counts of each split."""
    regions: int
    """Number of regions."""


@holds_output()
def index_tiles(
    folder: Path, out: Path, *, config: IndexConfig = IndexConfig(), report: Report = silent
) -> IndexSummary:
    """Find the tiles of a dataset on disk and write the table of tiles.

    Args:
        folder: Folder to search; links are followed within it and to what is allowed.
        out: Table of tiles to write, GeoParquet.
        config: Layout of the folders and size of regions.
        report: Called with the tiles done and the tiles in all.

    Raises:
        InputError: The folder cannot be read or has no tile, its files contradict each other, or the table
            cannot be written.
    """
    tiles = find_tiles(folder, config=config, report=report)
    write_tiles(tiles, out)
    regions = len({tile.region for tile in tiles} - {None})
    return IndexSummary(table=out, tiles=len(tiles), splits=count_files(tiles), regions=regions)


def find_tiles(folder: Path, *, config: IndexConfig = IndexConfig(), report: Report = silent) -> list[Tile]:
    """Find the tiles of a dataset on disk.

    The size of a tile is that of its first readable file (SAR, optical, label) and its grid that of the first
    one of this size that is georeferenced; only headers are read. A tile without a readable file has the size
    (0, 0). Regions and countries come from the grids (`oemsar.dataset.regions`).

    Args:
        folder: Folder to search; links are followed within it and to what is allowed.
        config: Layout of the folders, folders of further inputs and size of regions.
        report: Called with the tiles done and the tiles in all.

    Returns:
        Tiles ordered by split, then by name with numbers counted, whatever the order of the file system.

    Raises:
        InputError: The folder cannot be read or has no tile, or its files contradict each other.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name the folder the dataset was extracted to")
    found = LAYOUTS.find(config.layout)(folder)
    for path in (path for files in found for path in files.files.values()):
        require_unlinked(path, folder)
    further = find_further(folder, config.folders, {files.name for files in found})
    ordered = sorted(found, key=lambda files: (SPLITS.index(files.split), natural_order(files.name)))
    tiles: list[Tile] = []
    # listing a folder of thousands of files at every open would cost more than the open itself
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="TRUE"), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        for files in ordered:
            tile = _tile(files)
            of_tile = {**tile.further, **further.get(files.name, {})}
            confidence, soft_label = (of_tile.pop(column, None) for column in BESIDE_LABELS)
            tiles.append(
                replace(
                    tile,
                    label_nodata=config.label_nodata,
                    further=of_tile,
                    confidence=confidence,
                    soft_label=soft_label,
                )
            )
            report(len(tiles), len(ordered))
    for column, name in BESIDE_LABELS.items():
        if count := sum(getattr(tile, column) is not None for tile in tiles):
            _log.info("%d tiles have a file of %s beside their label", count, name)
    return assign_regions(tiles, config.region_distance)


def count_files(tiles: Sequence[Tile]) -> dict[Split, SplitCounts]:
    """Count tiles, files of each column and georeferenced tiles in each split."""
    counts = {}
    for split in SPLITS:
        chosen = [tile for tile in tiles if tile.split == split]
        files = {column: sum(getattr(tile, column) is not None for tile in chosen) for column in COLUMNS}
        georeferenced = sum(tile.grid is not None for tile in chosen)
        names = sorted({name for tile in tiles for name in tile.further})
        further = {name: sum(name in tile.further for tile in chosen) for name in names}
        counts[split] = SplitCounts(tiles=len(chosen), **files, georeferenced=georeferenced, further=further)
    return counts


def _tile(found: TileFiles) -> Tile:
    """Make the tile of the files found, with size and grid from their headers."""
    paths = found.files
    shape, grid = _shape_and_grid([paths[column] for column in COLUMNS if column in paths])
    return Tile(
        name=found.name,
        split=found.split,
        shape=shape,
        grid=grid,
        sar=paths.get("sar"),
        optical=paths.get("optical"),
        pseudo_label=paths.get("pseudo_label"),
        real_label=paths.get("real_label"),
        further={name: path for name, path in paths.items() if name not in COLUMNS},
    )


def _shape_and_grid(paths: Sequence[Path]) -> tuple[tuple[int, int], GeoBox | None]:
    """Read the size of the first readable file, and the grid of the first georeferenced one of that size."""
    shape = (0, 0)
    for path in paths:
        try:
            with open_raster(path) as dataset:
                size, grid = dataset.shape, grid_of(dataset)
        except InputError as error:
            _log.warning("%s; run `oemsar data verify`", error)
            continue
        shape = size if shape == (0, 0) else shape
        if size == shape and grid is not None and grid.crs is not None and not grid.affine.is_identity:
            return shape, grid
    return shape, None
