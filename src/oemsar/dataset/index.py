"""Finding the tiles of a dataset on disk, in any of the published layouts."""

import filecmp
import logging
import os
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import rasterio
from odc.geo.geobox import GeoBox
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from oemsar.dataset import layouts
from oemsar.dataset.layouts import COLUMNS, Column, Role
from oemsar.dataset.regions import REGION_DISTANCE_KM, assign_regions
from oemsar.dataset.tile import SPLITS, Split, Tile
from oemsar.errors import InputError
from oemsar.progress import Report, silent
from oemsar.raster.grid import grid_of

_log = logging.getLogger(__name__)

_Lists = dict[str, tuple[Split, Path]]
"""Split of a listed name, and the text file that lists it."""


@dataclass(frozen=True)
class _File:
    """A file of a tile, and what the folders above it say."""

    path: Path
    role: Role
    folder_split: Split | None
    archive_split: Split | None


def index(root: Path, report: Report = silent, region_distance_km: float = REGION_DISTANCE_KM) -> list[Tile]:
    """Find the tiles below `root`.

    A tile is every file of one name in folders of the layouts (`oemsar.dataset.layouts`), however deep. Its
    split is told by a folder `train`, `val` or `test`, else by a text file of names, else by the prefix of
    its name, else by the name of an archive's folder or of `root`, else it is train. Its size is that of its
    first readable file (SAR, optical, label) and its grid that of the first one of this size that is
    georeferenced; only headers are read. A tile without a readable file has the size (0, 0). Regions and
    countries come from the grids (`oemsar.dataset.regions`).

    Args:
        root: folder to search; links are followed.
        report: told the tiles done.
        region_distance_km: longest step between the tiles of a region.

    Returns:
        The tiles ordered by split, then by name with numbers counted, whatever the file system's order.

    Raises:
        InputError: `root` is not a readable folder or has no tile; a name is in two splits; two files with
            different content claim one place in a tile.
    """
    if not root.is_dir():
        raise InputError(f"{root} is not a folder; name the folder the dataset was extracted to")
    files, lists = _search(root)
    if not files:
        folders = ", ".join(role.folder for role in layouts.ROLES)
        raise InputError(
            f"{root} has no tile of a published layout; images and labels are looked for in folders named "
            f"{folders}, at any depth: name the folder the archives were extracted to"
        )
    _log_unmatched_lists(set(files), lists)
    splits = {name: _split(name, found, lists) for name, found in files.items()}
    names = sorted(files, key=lambda name: (SPLITS.index(splits[name]), layouts.natural_order(name)))
    tiles = []
    # listing a folder of thousands of files at every open would cost more than the open itself
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="TRUE"), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        for name in names:
            tiles.append(_tile(name, splits[name], files[name]))
            report(len(tiles), len(names))
    return assign_regions(tiles, region_distance_km)


def count_files(tiles: Sequence[Tile]) -> dict[str, dict[str, int]]:
    """Count what the tiles of each split have: tiles, files of each column, georeferenced tiles."""
    counts: dict[str, dict[str, int]] = {}
    for split in SPLITS:
        chosen = [tile for tile in tiles if tile.split == split]
        counts[split] = {"tiles": len(chosen)}
        for column in COLUMNS:
            counts[split][column] = sum(getattr(tile, column) is not None for tile in chosen)
        counts[split]["georeferenced"] = sum(tile.grid is not None for tile in chosen)
    return counts


def _search(root: Path) -> tuple[dict[str, list[_File]], _Lists]:
    """The files of every tile by its name, each list in sorted order, and the text files of names."""
    files: dict[str, list[_File]] = defaultdict(list)
    lists: _Lists = {}
    for path in _walk(root):
        folders = path.relative_to(root).parts[:-1]
        named = (root.resolve().name, *folders)
        role = layouts.role_of(named)
        if role is not None and path.suffix.lower() in role.suffixes:
            split = layouts.split_of_folders(folders)
            files[path.stem].append(_File(path, role, split, layouts.split_of_archive(named)))
        elif (listed := layouts.split_of_list(path)) is not None:
            _add_list(lists, path, listed)
    return files, lists


def _walk(root: Path) -> Iterator[Path]:
    """Every file below `root` in sorted order, each folder once even where links lead in a circle."""
    seen = set()
    for folder, subfolders, names in os.walk(root, followlinks=True, onerror=_refuse):
        here = Path(folder).resolve()
        if here in seen:
            subfolders.clear()
            continue
        seen.add(here)
        # hidden files and `__MACOSX` are what an archive made on macOS leaves beside the real ones
        subfolders[:] = sorted(name for name in subfolders if not name.startswith((".", "__MACOSX")))
        yield from (Path(folder) / name for name in sorted(names) if not name.startswith("."))


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename} cannot be read ({error.strerror}); allow reading it") from error


def _add_list(lists: _Lists, path: Path, split: Split) -> None:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a readable text file of names; repair or rename it") from error
    for name in filter(None, map(layouts.listed_name, lines)):
        listed, other = lists.setdefault(name, (split, path))
        if listed != split:
            raise InputError(f"tile {name} is listed in both {other} and {path}; take it out of one of them")


def _log_unmatched_lists(names: set[str], lists: _Lists) -> None:
    absent, unlisted = sorted(set(lists) - names), sorted(names - set(lists))
    if absent:
        _log.warning("%d listed names have no file, the first is %s", len(absent), absent[0])
    if lists and unlisted:
        _log.warning("%d tiles are in no text file of names, the first is %s", len(unlisted), unlisted[0])


def _split(name: str, files: list[_File], lists: _Lists) -> Split:
    """Split of a tile by the strongest witness: folder, text file, prefix of the name, archive, train."""
    in_folder = _agreed(name, [(file.folder_split, file.path) for file in files])
    listed = _agreed(name, [in_folder, lists.get(name, (None, Path()))])
    archive = _agreed(name, [(file.archive_split, file.path) for file in files])
    return listed[0] or layouts.split_of_name(name) or archive[0] or "train"


def _agreed(name: str, witnesses: Sequence[tuple[Split | None, Path]]) -> tuple[Split | None, Path]:
    """The first witness that knows the split, after all that know it were seen to agree."""
    known = [witness for witness in witnesses if witness[0] is not None]
    for split, path in known:
        if split != known[0][0]:
            raise InputError(
                f"tile {name} is in two splits: {known[0][0]} by {known[0][1]} and {split} by {path}; "
                "remove or rename one"
            )
    return known[0] if known else (None, Path())


def _tile(name: str, split: Split, files: list[_File]) -> Tile:
    paths: dict[Column, Path] = {}
    for file in files:
        column = file.role.columns[split]
        kept = paths.setdefault(column, file.path)
        if kept != file.path:
            _see_same(name, kept, file.path)
    shape, grid = _shape_and_grid([paths[column] for column in COLUMNS if column in paths])
    return Tile(
        name=name,
        split=split,
        shape=shape,
        grid=grid,
        sar=paths.get("sar"),
        optical=paths.get("optical"),
        pseudo_label=paths.get("pseudo_label"),
        real_label=paths.get("real_label"),
    )


def _see_same(name: str, kept: Path, other: Path) -> None:
    try:
        same = filecmp.cmp(kept, other, shallow=False)
    except OSError as error:
        raise InputError(
            f"{error.filename} cannot be read ({error.strerror}); allow reading it or remove it"
        ) from error
    if not same:
        raise InputError(f"tile {name} has two different files, {kept} and {other}; remove one of them")
    _log.info("%s is a copy of %s and left out", other, kept)


def _shape_and_grid(paths: Sequence[Path]) -> tuple[tuple[int, int], GeoBox | None]:
    """Size of the first readable file, and the grid of the first one of this size that has a whole one."""
    shape = (0, 0)
    for path in paths:
        try:
            with rasterio.open(path) as dataset:
                size, grid = dataset.shape, grid_of(dataset)
        except RasterioError as error:
            _log.warning("%s cannot be opened (%s); run `oemsar data verify`", path, error)
            continue
        shape = size if shape == (0, 0) else shape
        if size == shape and grid is not None and grid.crs is not None and not grid.affine.is_identity:
            return shape, grid
    return shape, None
