"""State of the input files of a pair: whether each is the file that it was."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from rasterio.io import DatasetReader

from oemsar.config_file import Value
from oemsar.fingerprint import fingerprint
from oemsar.raster.georeference import georeference_of
from oemsar.raster.read import files_of, open_raster
from oemsar.record import source_name

_DERIVED = {".ovr", ".xml"}
"""Suffixes of files that programs put beside a raster they have read: overviews, statistics."""


class RasterState(Value):
    """Georeferencing and units of a raster, as GDAL reads them."""

    crs: str | None
    """CRS as WKT; None without."""
    affine: list[float] | None
    """Coefficients of the affine; None without."""
    rpc: dict[str, str]
    """Rational polynomials as metadata items; empty without."""
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


def input_states(files: Mapping[str, Path], metadata: Sequence[Path] = ()) -> dict[str, InputState]:
    """Take the state of the input files of a region, by key.

    Args:
        files: Files by key.
        metadata: Files beside the radar product that its facts come from.
    """
    return {key: _state(key, path, metadata if key == "sar" else ()) for key, path in files.items()}


def _state(key: str, path: Path, metadata: Sequence[Path]) -> InputState:
    if key == "tie_points":
        return InputState(files={source_name(path): fingerprint(path)}, raster=None)
    beside = {
        os.path.relpath(file, path.parent): file
        for file in files_of(path)
        if file.is_file() and file.resolve() != path.resolve() and file.suffix.lower() not in _DERIVED
    }
    beside |= {os.path.relpath(file, path.parent): file for file in metadata}
    named = {source_name(path): path, **{name: beside[name] for name in sorted(beside)}}
    with open_raster(path) as dataset:
        state = RasterState.from_dataset(dataset)
    return InputState(files={name: fingerprint(file) for name, file in named.items()}, raster=state)
