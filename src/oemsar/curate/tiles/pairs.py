"""Pairs that tiles are cut from: their records and their files."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from odc.geo.geobox import GeoBox
from rasterio.io import DatasetReader

from oemsar.config_file import read_json
from oemsar.curate.tiles.alignment_errors import TIE_POINTS, AlignmentErrors, read_errors
from oemsar.errors import InputError
from oemsar.fingerprint import fingerprint
from oemsar.folders import is_record
from oemsar.prepare.pair.masks import MASKS
from oemsar.prepare.pair.results import PairRecord
from oemsar.raster.grid import grid_of, same_grid
from oemsar.raster.read import open_raster

BANDS = {"sar": 1, "optical": 3, "masks": len(MASKS)}
"""Files of a pair and the number of their bands."""


@dataclass(frozen=True, eq=False)
class PairFiles:
    """A pair on disk.

    Attributes:
        folder: Folder of the pair.
        path: File of its record.
        record: Its record.
        files: Files by key: `sar`, `optical` and `masks`.
        grid: Grid of the three.
        fingerprints: Fingerprint of each file, by key.
        errors: Errors of its alignment.
    """

    folder: Path
    path: Path
    record: PairRecord
    files: dict[str, Path]
    grid: GeoBox
    fingerprints: dict[str, str]
    errors: AlignmentErrors

    @property
    def name(self) -> str:
        """Name of the region."""
        return self.record.name

    @property
    def inputs(self) -> list[Path]:
        """Every file of the pair that is read."""
        return [self.path, *self.files.values(), self.folder / TIE_POINTS]

    @contextmanager
    def open(self) -> Iterator[dict[str, DatasetReader]]:
        """Open the three files."""
        with ExitStack() as stack:
            yield {key: stack.enter_context(open_raster(path)) for key, path in self.files.items()}


def read_pairs(folders: Sequence[Path], size: int) -> list[PairFiles]:
    """Read the pairs of some folders, in the order of the folders.

    Args:
        folders: Folders that `oemsar prepare pair` wrote.
        size: Rows and columns of a tile.

    Raises:
        InputError: A folder holds no pair, its files are not those of its record, it is smaller than a tile,
            or two regions have one name.
    """
    if not folders:
        raise InputError("no pair is given; name the folders that `oemsar prepare pair` wrote")
    found: dict[str, PairFiles] = {}
    for folder in folders:
        pair = _read_pair(folder)
        if pair.name in found:
            raise InputError(
                f"{found[pair.name].folder} and {folder} are two regions of the name {pair.name}; "
                "make one of them again under another name"
            )
        if min(pair.grid.shape) < size:
            rows, columns = pair.grid.shape
            raise InputError(
                f"{folder} has {rows} x {columns} pixels, fewer than a tile of {size}; choose a smaller size",
                option="size",
            )
        found[pair.name] = pair
    return list(found.values())


def _read_pair(folder: Path) -> PairFiles:
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name the folders that `oemsar prepare pair` wrote")
    records = [
        path for path in sorted(folder.glob("*.json")) if is_record(path, "grid", "alignment", "masks")
    ]
    if len(records) != 1:
        found = f"{len(records)} pairs" if records else "no pair that is whole (NAME.json is written last)"
        raise InputError(
            f"{folder} holds {found}; run `oemsar prepare pair` again, each region in a folder of its own"
        )
    record = read_json(records[0], PairRecord, "record of a pair")
    grid = record.grid.geobox()
    lacking = [key for key in BANDS if key not in record.files]
    if lacking:
        raise InputError(f"{records[0]} names no file for {lacking[0]}; make the pair again")
    images = {key: folder / Path(record.files[key].file).name for key in BANDS}
    for key, path in images.items():
        _require_fitting(path, key, grid)
    fingerprints = {key: fingerprint(path) for key, path in images.items()}
    return PairFiles(
        folder, records[0], record, images, grid, fingerprints, read_errors(folder, record, grid)
    )


def _require_fitting(path: Path, key: str, grid: GeoBox) -> None:
    """Check that a file of a pair has the grid, the bands and the type that its record promises."""
    with open_raster(path) as dataset:
        own = grid_of(dataset)
        if dataset.count != BANDS[key] or set(dataset.dtypes) != {"uint8"}:
            raise InputError(
                f"{path} has {dataset.count} band(s) of {dataset.dtypes[0]} where {BANDS[key]} of uint8 "
                "belong; make the pair again"
            )
        if own is None or not same_grid(own, grid):
            raise InputError(f"{path} does not lie on the grid of its pair; make the pair again")
