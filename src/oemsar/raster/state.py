"""State of a raster file: whether it is the file that it was, with all that is read with it."""

import os
from collections.abc import Iterable
from pathlib import Path

from rasterio.io import DatasetReader

from oemsar.config_file import Value
from oemsar.fingerprint import Unchanged, fingerprints
from oemsar.raster.georeference import georeference_of
from oemsar.raster.read import files_of, open_raster
from oemsar.record import source_name

DERIVED = {".ovr", ".xml"}
"""Suffixes of files that programs put beside a raster they have read: overviews, statistics."""


class RasterState(Value):
    """Georeferencing and units of a raster, as GDAL reads them."""

    crs: str | None
    """CRS as WKT; None without."""
    affine: list[float] | None
    """Coefficients of the affine; None without."""
    rpc: dict[str, str]
    """Rational polynomials as metadata items; empty without."""
    control_points: tuple[tuple[float, ...], ...] = ()
    """Column, row, x, y and z of each control point; empty without."""
    colours: tuple[str, ...] = ()
    """Interpretation of each band, such as `red` or `alpha`."""
    nodata: str
    """Value of pixels without data, in words."""
    units: list[float | str | None]
    """Scale, offset and unit of each band."""
    tags: dict[str, str]
    """Metadata items that this package wrote."""

    @classmethod
    def from_dataset(cls, dataset: DatasetReader) -> "RasterState":
        """Read the state of an open raster."""
        georeference = georeference_of(dataset)
        grid = georeference.grid
        return cls(
            crs=None if grid is None or grid.crs is None else str(grid.crs.to_wkt()),
            affine=None if grid is None else [float(value) for value in grid.affine[:6]],
            rpc=georeference.rpc_items(),
            control_points=tuple((p.col, p.row, p.x, p.y, p.z or 0.0) for p in georeference.gcps),
            colours=tuple(colour.name for colour in dataset.colorinterp),
            nodata=repr(dataset.nodata),
            units=[*dataset.scales, *dataset.offsets, *dataset.units],
            tags={key: value for key, value in dataset.tags().items() if key.startswith("OEMSAR_")},
        )


class InputState(Value):
    """Everything that decides what is read from an input file."""

    files: dict[str, str]
    """Fingerprint of the file and of those that it refers to, by path from its folder."""
    raster: RasterState | None
    """Georeferencing and units of a raster; None for other files."""


def watch_rasters(rasters: Iterable[Path], others: Iterable[Path] = ()) -> Unchanged:
    """Watch raster files, those that are read with them, and other files, for the time of a work.

    Raises:
        InputError: A raster is missing, empty, or no raster.
    """
    files = [file for raster in rasters for file in files_of(raster)]
    return Unchanged.of([*(file for file in files if file.suffix.lower() not in DERIVED), *others])


def raster_state(path: Path, metadata: Iterable[Path] = ()) -> InputState:
    """Take the state of a raster file.

    Overviews and statistics that a program puts beside it meanwhile do not count by their content: what they
    say of georeferencing and units does.

    Args:
        path: Raster file.
        metadata: Further files that decide what is read of it.

    Raises:
        InputError: The file is missing, empty, or no raster.
    """
    beside = {
        os.path.relpath(file, path.parent): file
        for file in files_of(path)
        if file.is_file() and file.resolve() != path.resolve() and file.suffix.lower() not in DERIVED
    }
    beside |= {os.path.relpath(file, path.parent): file for file in metadata}
    named = {source_name(path): path, **{name: beside[name] for name in sorted(beside)}}
    with open_raster(path) as dataset:
        state = RasterState.from_dataset(dataset)
    return InputState(files=dict(zip(named, fingerprints(list(named.values())), strict=True)), raster=state)
