"""The table of tiles: GeoParquet on disk, a sequence of `Tile` in memory."""

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import geopandas as gpd
import pandas as pd
from odc.geo.geobox import GeoBox
from pyarrow import ArrowException, parquet
from pydantic import Field
from pyproj.exceptions import CRSError
from rasterio import Affine

from oemsar.addresses import is_address, spelled
from oemsar.config_file import Foreign
from oemsar.dataset.tile import SPLITS, Split, Tile
from oemsar.dataset.tile_facts import FACTS, TileFacts
from oemsar.errors import InputError
from oemsar.files import atomic_write, checksum
from oemsar.folders import require_apart, require_own
from oemsar.limits import require_limit
from oemsar.locks import holds_output
from oemsar.raster.grid import footprint
from oemsar.record import TableOrigin
from oemsar.virtual_raster_sources import files_behind

Table: TypeAlias = Path | Sequence[Tile]
"""Table of tiles as verbs take it: the path of a GeoParquet file, or the tiles themselves."""

_FILES = ("sar", "optical", "pseudo_label", "real_label")
_LONGEST_SIDE = 1_000_000
_COLUMNS = ("name", "split", "region", "country", "height", "width", "crs", "affine", *_FILES)
_BESIDE = ("confidence", "soft_label", "masks")
"""Columns of the files beside images and labels, which a table has where a tile has one."""
_OPTIONAL = ("label_nodata", *_BESIDE, "misalignment")
"""Columns that a table has where a tile has a value."""
_INPUT = "input_"
"""Beginning of the columns of inputs other than radar and optical; the name of the input follows.

`height` alone is the column of the rows of a tile.
"""


class _Row(Foreign):
    """A row of a table of tiles, of the columns that are read."""

    name: str = Field(min_length=1)
    split: Split
    region: str | None
    country: str | None
    height: int = Field(ge=1, le=_LONGEST_SIDE)
    width: int = Field(ge=1, le=_LONGEST_SIDE)
    crs: str | None
    affine: tuple[float, float, float, float, float, float] | None
    sar: str | None
    optical: str | None
    pseudo_label: str | None
    real_label: str | None
    label_nodata: int | None = Field(None, ge=0, le=255)
    confidence: str | None = None
    soft_label: str | None = None
    masks: str | None = None
    misalignment: float | None = Field(None, ge=0, le=_LONGEST_SIDE)
    further: dict[str, str] = Field(default={})
    facts: TileFacts = TileFacts()

    def tile(self, folder: Path) -> Tile:
        """Make the tile, its files below the folder of the table unless they are elsewhere.

        Raises:
            InputError: The grid cannot be one of pixels on the ground.
        """
        shape = (self.height, self.width)
        return Tile(
            name=self.name,
            split=self.split,
            shape=shape,
            grid=None if self.affine is None else _grid(shape, self.affine, self.crs),
            region=self.region,
            country=self.country,
            **{column: _path(getattr(self, column), folder) for column in (*_FILES, *_BESIDE)},
            label_nodata=self.label_nodata,
            misalignment=self.misalignment,
            further={name: folder / _own(path) for name, path in self.further.items()},
            facts=self.facts,
        )


def _is_table(path: Path) -> bool:
    """Tell whether a file is Parquet, as a table of tiles is."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


@holds_output(argument="path")
def write_tiles(tiles: Sequence[Tile], path: Path) -> None:
    """Write a table of tiles as GeoParquet, whole or not at all.

    Paths are stored relative to the folder of the table where they lie below it, so that a dataset
    moves together with its table, and absolute elsewhere. The geometry is the footprint in EPSG:4326,
    empty for a tile without georeferencing; `crs` (WKT) and `affine` (six numbers a, b, c, d, e, f)
    restore the grid exactly.

    Args:
        tiles: Tiles of different names, in the order of the rows.
        path: File to write.

    Raises:
        InputError: Two tiles have the same name, `path` is a file of a tile, or its folder cannot be written
            to.
    """
    _require_distinct(tiles, f"the table for {path}")
    require_apart([path], table_files(tiles, tiles))
    require_own([path], _is_table, "a table of tiles")
    folder = path.resolve().parent
    rows = [_row(tile, folder) for tile in tiles]
    stated = [name for name in _OPTIONAL if any(getattr(tile, name) is not None for tile in tiles)]
    stated += [name for name in FACTS if any(getattr(tile.facts, name) is not None for tile in tiles)]
    further = dict.fromkeys(f"{_INPUT}{name}" for tile in tiles for name in tile.further)
    frame = gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=[*_COLUMNS, *stated, *sorted(further)]),
        geometry=[None if tile.grid is None else footprint(tile.grid) for tile in tiles],
        crs="EPSG:4326",
    )
    with atomic_write(path) as partial:
        frame.to_parquet(partial)


def read_tiles(path: Path) -> list[Tile]:
    """Read the tiles of a table in the order of its rows.

    Raises:
        InputError: The file is missing, is not a table of tiles, or has two tiles of the same name.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist; write it with `oemsar data index ROOT --out {path}`")
    _require_small(path)
    try:
        names = parquet.read_schema(path).names
        missing = set(_COLUMNS) - set(names)
        columns = [name for name in (*_COLUMNS, *_OPTIONAL, *FACTS) if name in names]
        columns += [name for name in names if name.startswith(_INPUT)]
        rows = [] if missing else parquet.read_table(path, columns=columns).to_pylist()
    except (OSError, ValueError, OverflowError, ArrowException) as error:
        raise InputError(
            f"{path} is not a table of tiles in GeoParquet; write one with `oemsar data index`"
        ) from error
    if missing:
        raise InputError(f"{path} is not a table of tiles: column {sorted(missing)[0]} is missing")
    folder = path.resolve().parent
    tiles = []
    for number, row in enumerate(rows, 1):
        try:
            tiles.append(_Row.model_validate(_nested(row)).tile(folder))
        except InputError as error:
            raise InputError(f"row {number} of {path} is no tile: {error}; index the data again") from error
    _require_distinct(tiles, str(path))
    return tiles


def _nested(row: dict[str, Any]) -> dict[str, Any]:
    """Collect the columns of further inputs, and those of the facts, under one name each."""
    further = {name.removeprefix(_INPUT): path for name, path in row.items() if name.startswith(_INPUT)}
    facts = TileFacts(**{name: row[name] for name in FACTS if name in row})
    return {**row, "further": {name: path for name, path in further.items() if path}, "facts": facts}


def as_tiles(table: Table) -> list[Tile]:
    """Take the tiles of a table that is given as a path or as the tiles themselves.

    Raises:
        InputError: The file cannot be read as a table, or two tiles have the same name.
    """
    if isinstance(table, Path):
        return read_tiles(table)
    tiles = list(table)
    _require_distinct(tiles, describe_table(table))
    return tiles


def describe_table(table: Table) -> str:
    """Name a table in a sentence: by its path, or as `the table` where it is no file."""
    return str(table) if isinstance(table, Path) else "the table"


def table_files(table: Table, tiles: Sequence[Tile]) -> list[Path]:
    """List every file that work on a table may read: its own, where it has one, and those of the tiles.

    Those behind a virtual raster count with it.
    """
    files: list[Path] = [table] if isinstance(table, Path) else []
    for tile in tiles:
        named = (getattr(tile, column) for column in (*_FILES, *_BESIDE))
        for path in (*named, *tile.further.values()):
            if path is not None:
                files += [path, *(files_behind(path) if path.suffix.lower() == ".vrt" else [])]
    return files


def table_origin(table: Table) -> TableOrigin:
    """Identify a table of tiles in the record of a run, so that a resumed run knows it again."""
    if isinstance(table, Path):
        return TableOrigin(table=table.name, sha256=checksum(table))
    lines = "".join(f"{tile!r}{dict(tile.further) or ''}{_beside(tile)}\n" for tile in table)
    return TableOrigin(table=None, sha256=hashlib.sha256(lines.encode()).hexdigest())


def _beside(tile: Tile) -> str:
    """Write the optional columns of a tile that are no part of its own text; empty where it has none."""
    values = {name: getattr(tile, name) for name in (*_BESIDE, "misalignment")} | tile.facts.stated()
    return str({name: str(value) for name, value in values.items() if value is not None} or "")


def select_split(tiles: Sequence[Tile], split: str, table: Table) -> list[Tile]:
    """Choose the tiles of one split, in their order.

    Args:
        tiles: Tiles of all splits.
        split: `train`, `val` or `test`.
        table: Table they come from, named in the sentence of an error.

    Raises:
        InputError: The split has no tile or its name is not known.
    """
    if split not in SPLITS:
        raise InputError(f"{split} is no split; choose one of {', '.join(SPLITS)}", option="split")
    chosen = [tile for tile in tiles if tile.split == split]
    if not chosen:
        present = ", ".join(name for name in SPLITS if any(tile.split == name for tile in tiles)) or "none"
        raise InputError(f"{describe_table(table)} has no tile of split {split}; it has: {present}")
    return chosen


def _require_distinct(tiles: Sequence[Tile], table: str) -> None:
    """Check that no two tiles have the same name: predictions, labels and scores go by it."""
    name, count = next(iter(Counter(tile.name for tile in tiles).most_common(1)), ("", 0))
    if count > 1:
        raise InputError(f"{table} has {count} tiles named {name}; keep one of them or rename the others")


def _row(tile: Tile, folder: Path) -> dict[str, Any]:
    grid = tile.grid
    return {
        "name": tile.name,
        "split": tile.split,
        "region": tile.region,
        "country": tile.country,
        "height": tile.shape[0],
        "width": tile.shape[1],
        "crs": None if grid is None or grid.crs is None else grid.crs.wkt,
        "affine": None if grid is None else list(grid.affine[:6]),
        **{column: _stored(getattr(tile, column), folder) for column in (*_FILES, *_BESIDE)},
        **{column: getattr(tile, column) for column in ("label_nodata", "misalignment")},
        **{f"{_INPUT}{name}": _stored(path, folder) for name, path in tile.further.items()},
        **tile.facts.stated(),
    }


def _stored(path: Path | None, folder: Path) -> str | None:
    if path is None:
        return None
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow links out of the dataset)
    return absolute.relative_to(folder).as_posix() if absolute.is_relative_to(folder) else str(absolute)


def _require_small(path: Path) -> None:
    """Hold the sizes that a Parquet file declares against the limits, before it is decoded."""
    require_limit(path.stat().st_size, "table_bytes", f"{path} has bytes:")
    try:
        declared = parquet.read_metadata(path)
        groups = [declared.row_group(number) for number in range(declared.num_row_groups)]
    except (OSError, ValueError, ArrowException) as error:
        raise InputError(f"{path} is not a table of tiles: it cannot be read as GeoParquet") from error
    require_limit(declared.num_rows, "table_rows", f"{path} declares rows:")
    require_limit(sum(group.total_byte_size for group in groups), "table_bytes", f"{path} declares bytes:")


def _grid(shape: tuple[int, int], affine: Sequence[float], crs: str | None) -> GeoBox:
    a, b, _, d, e, _ = affine
    if not a * e - b * d:
        raise InputError("its pixels have no area", option="affine")
    try:
        return GeoBox(shape, Affine(*affine), crs)
    except (ValueError, CRSError) as error:
        raise InputError("it is no coordinate reference system", option="crs") from error


def _path(value: str | None, folder: Path) -> Path | None:
    return None if value is None else folder / _own(value)


def _own(path: str) -> str:
    """Check that a path names a file of this machine."""
    if is_address(path) or "\0" in path:
        raise InputError(f"the table names {spelled(path)!r}, which is no file on this machine; fetch it")
    return path
