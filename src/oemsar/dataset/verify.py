"""Verification of the tiles of a table: every file is opened and every pixel decoded."""

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from odc.geo.geobox import GeoBox
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from oemsar.dataset.config import VerifyConfig
from oemsar.dataset.content import Content, read_content
from oemsar.dataset.findings import Finding, Kind, Verification
from oemsar.dataset.label_trust import read_confidence, read_soft_label
from oemsar.dataset.layouts import COLUMNS
from oemsar.dataset.pixels import read_images, unknown_values
from oemsar.dataset.table import Table, as_tiles
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.inputs import INPUTS, Inputs
from oemsar.legend import MAX_ID
from oemsar.processes import thread_pool
from oemsar.progress import Report, silent
from oemsar.raster.grid import same_grid

_BANDS: Mapping[str, int] = {"sar": 1, "optical": 3, "pseudo_label": 1, "real_label": 1}
_LABELS = ("pseudo_label", "real_label")
_BESIDE = {"confidence": read_confidence, "soft_label": read_soft_label}
"""Readers of the files beside labels, by column."""


_Fault = tuple[Kind, str]
"""Kind of a fault, and the sentence about the file without its name."""


@dataclass(frozen=True)
class _Inspection:
    """Findings of one tile by itself, and the hashes to compare it with the others by."""

    tile: Tile
    findings: list[Finding]
    digests: dict[str, str]


def verify_tiles(
    table: Table, *, config: VerifyConfig = VerifyConfig(), report: Report = silent
) -> Verification:
    """Open every file of a table of tiles, decode every pixel and tell what is wrong.

    Args:
        table: Table of tiles, as a path or as the tiles.
        config: Size that every file must have.
        report: Called with the tiles done and the tiles in all.

    Returns:
        Findings in the order of the tiles. A file that cannot be read has no other finding, and one of
        wrong size is not asked for its grid. Of two tiles with equal pixels in one column the later one is
        at fault; files of one single value, such as labels of open water, are not compared.
    """
    tiles = as_tiles(table)
    inspections: list[_Inspection] = []
    # entered once for all threads: the filters of warnings belong to the process
    with warnings.catch_warnings(), thread_pool(os.cpu_count()) as pool:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        for inspection in pool.map(partial(_inspect, size=config.size), tiles):
            inspections.append(inspection)
            report(len(inspections), len(tiles))
    files = sum(len(_files(tile)) for tile in tiles)
    findings = tuple(_with_duplicates(inspections))
    return Verification(tiles=len(tiles), files=files, findings=findings, ok=not findings)


def _inspect(tile: Tile, size: int | None) -> _Inspection:
    findings = []
    if not tile.inputs:
        message = f"tile {tile.name} has neither a SAR nor an optical image; index the images with its label"
        findings.append(_finding(tile, None, "no_image", message))
    read = {column: _read(path) for column, path in _files(tile).items()}
    contents = {column: content for column, content in read.items() if isinstance(content, Content)}
    shape = _expected_shape(tile, contents, size)
    grid = _expected_grid(tile, contents, shape)
    for column, content in read.items():
        path = _files(tile)[column]
        faults = [*_faults(column, content, shape, grid)] if isinstance(content, Content) else [content]
        if isinstance(content, Content) and column in tile.further and not faults:
            faults += _measured_faults(tile, column, path, content)
        elif column in _BESIDE and not faults:
            faults += _trust_faults(tile, column, path)
        elif isinstance(content, Content) and content.histogram is not None and _fits(column, content):
            faults += _value_faults(column, content, tile.label_nodata)
        findings += [_finding(tile, path, kind, f"{path} {said}") for kind, said in faults]
    digests = {
        column: content.digest
        for column, content in contents.items()
        # heights of flat ground and confidences are alike
        if not content.is_constant and column not in {*tile.further, *_BESIDE}
    }
    return _Inspection(tile, findings, digests)


def _files(tile: Tile) -> dict[str, Path]:
    """List the files of a tile by column, those of further inputs by the name of the input."""
    columns = {column: getattr(tile, column) for column in (*COLUMNS, *_BESIDE)}
    return {column: path for column, path in columns.items() if path is not None} | dict(tile.further)


def _fits(column: str, content: Content) -> bool:
    """Tell whether a file has as many bands as its column; radar may have two, further inputs are read."""
    if column == "sar":
        return content.bands in (1, 2)
    return column not in _BANDS or content.bands == _BANDS[column]


def _read(path: Path) -> Content | _Fault:
    if not path.is_file():
        return "missing_file", "does not exist; bring it back or index the dataset again"
    try:
        return read_content(path)
    except InputError as error:
        return "unreadable", error.sentence.removeprefix(f"{path} ")
    except RasterioError as error:
        # the reason GDAL gives is the cause of the error that rasterio raises
        return "unreadable", f"cannot be decoded ({error.__cause__ or error}); fetch or make it again"


def _expected_shape(tile: Tile, contents: Mapping[str, Content], size: int | None) -> tuple[int, int]:
    """Find the size every file must have: as configured, else the tile's, else that of its first file."""
    if size is not None:
        return size, size
    if tile.shape != (0, 0):
        return tile.shape
    return next((content.shape for content in contents.values()), (0, 0))


def _expected_grid(tile: Tile, contents: Mapping[str, Content], shape: tuple[int, int]) -> GeoBox | None:
    """Find the grid of a tile, else of its first georeferenced file of the expected shape."""
    grids = (tile.grid, *(content.grid for content in contents.values() if content.shape == shape))
    return next((grid for grid in grids if grid is not None and grid.crs is not None), None)


def _faults(column: str, content: Content, shape: tuple[int, int], grid: GeoBox | None) -> Iterator[_Fault]:
    """Find everything wrong with one readable file but its values."""
    if content.unwritten:
        lack = f"lacks {content.unwritten} of its {content.blocks} blocks, which read as zeros"
        yield "unwritten", f"{lack}; fetch or make it again"
    if column in _BANDS and content.dtype != "uint8":
        yield "wrong_type", f"is {content.dtype} where uint8 belongs"
    if not _fits(column, content):
        yield "wrong_bands", f"has {content.bands} band(s) where {_BANDS.get(column, 1)} belong(s)"
    if content.shape != shape:
        yield "wrong_size", f"is {_pixels(content.shape)} where {_pixels(shape)} belong"
    elif grid is not None and content.grid is not None and content.grid.crs is not None:
        yield from _grid_faults(content.grid, grid)


def _grid_faults(grid: GeoBox, expected: GeoBox) -> Iterator[_Fault]:
    if same_grid(expected, grid):
        return
    if grid.shape != expected.shape:
        difference = f"{_pixels(grid.shape)} instead of {_pixels(expected.shape)}"
    elif grid.crs != expected.crs:
        difference = f"CRS {grid.crs} instead of {expected.crs}"
    else:
        difference = f"a corner is {_largest_offset(grid, expected):.2f} px off"
    yield "different_grid", f"is on another grid than the tile ({difference}); warp it to the tile's grid"


def _largest_offset(grid: GeoBox, expected: GeoBox) -> float:
    """Measure the largest distance, in pixels, between corresponding corners of two grids."""
    to_expected = ~expected.affine @ grid.affine
    rows, columns = grid.shape
    corners = np.array([(0, 0), (columns, 0), (0, rows), (columns, rows)])
    moved = np.array([to_expected @ (float(x), float(y)) for x, y in corners])
    return float(np.hypot(*(moved - corners).T).max())


def _measured_faults(tile: Tile, name: str, path: Path, content: Content) -> Iterator[_Fault]:
    """Find what is wrong with the values of a further input, by reading them as a network does."""
    if name not in INPUTS:
        yield (
            "unknown_input",
            f"is of the input {name}, which is not known; install the package that offers it",
        )
        return
    known = INPUTS.find(name)
    part = replace(known, channels=known.channels or min(content.bands, known.most))
    try:
        values = read_images(replace(tile, further={name: path}), Inputs((part,)))
    except InputError as error:
        yield "wrong_values", error.sentence.removeprefix(f"{path} ")
        return
    if part.is_bytes or np.isfinite(values).any():
        return
    low, high = part.valid_range
    yield "empty", f"is empty: no value lies from {low:g} to {high:g} ({part.unit})"


def _trust_faults(tile: Tile, column: str, path: Path) -> Iterator[_Fault]:
    """Find what is wrong with the values of a file beside a label, by reading them as a training does."""
    try:
        _BESIDE[column](tile)
    except InputError as error:
        yield "wrong_values", error.sentence.removeprefix(f"{path} ")


def _value_faults(column: str, content: Content, label_nodata: int | None) -> Iterator[_Fault]:
    values = content.values
    if column not in _LABELS:
        if content.is_constant:
            yield "empty", "is empty: every pixel has the same value"
        return
    values = np.setdiff1d(values, unknown_values(content.nodata, label_nodata))
    if (beyond := values[values > MAX_ID]).size:
        ids = ", ".join(map(str, beyond[:5])) + (", ..." if beyond.size > 5 else "")
        remedy = "remap or remove them, or index with the one that means unknown as label nodata"
        yield "label_out_of_range", f"has label ids outside 0..{MAX_ID}: {ids}; {remedy}"
    if values.max(initial=0) == 0:
        yield "empty", "is empty: every pixel is unknown"


def _with_duplicates(inspections: Sequence[_Inspection]) -> Iterator[Finding]:
    """Give the findings of every tile, then those of its files that an earlier tile has too."""
    first: dict[tuple[str, str], Tile] = {}
    for inspection in inspections:
        yield from inspection.findings
        for column, digest in inspection.digests.items():
            tile, other = inspection.tile, first.setdefault((column, digest), inspection.tile)
            if other is not tile:
                path = _files(tile)[column]
                said = f"{path} has the same pixels as {_files(other)[column]} of {other.split}; remove one"
                yield _finding(tile, path, "duplicate", said)


def _finding(tile: Tile, file: Path | None, kind: Kind, message: str) -> Finding:
    return Finding(tile=tile.name, split=tile.split, file=file, kind=kind, message=message)


def _pixels(shape: Sequence[int]) -> str:
    return f"{shape[0]} x {shape[1]} px"
