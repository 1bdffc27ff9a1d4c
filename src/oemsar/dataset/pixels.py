"""Pixels of a tile: its images stacked in channel order, and its label."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.io import DatasetReader

from oemsar import legend
from oemsar.arrays import Imagery
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.geometry.measured import fill_gaps, measured_pixels
from oemsar.inputs import ORTHOPHOTO, RADAR_IMAGE, Input, Inputs
from oemsar.masked import MaskedImage, mask_gaps, spread
from oemsar.raster.grid import grid_of, same_grid
from oemsar.raster.image import Statement, open_colours, open_radar
from oemsar.raster.pixels import RasterPixels
from oemsar.raster.read import Extent, open_raster, require_tile

_WORDS = {"sar": "SAR"}
"""Words for inputs in sentences where they are not their names."""
_TOLERANCE = 0.5
"""Pixels by which a corner of an input may be off the grid of its tile."""


def read_images(tile: Tile, inputs: Inputs, extent: Extent | None = None) -> Imagery:
    """Read the inputs of `tile`, stacked in their order, radar first.

    Args:
        tile: Tile that has the inputs.
        inputs: Inputs to read.
        extent: Part to read, all of it by default; only that part of the files is decoded.

    Returns:
        Shape (channels, height, width): grey values as uint8 where all inputs are such; otherwise float32,
        each input in its own unit, NaN where it carries no data.

    Raises:
        InputError: An input is missing, unreadable, of the wrong type or number of bands, on another grid or
            in another unit.
    """
    parts: list[NDArray[Any]] = [_read_input(tile, part, extent) for part in inputs]
    for part, pixels in zip(inputs, parts, strict=True):
        if pixels.shape[1:] != parts[0].shape[1:]:
            first, other = (_WORDS.get(name, name) for name in (inputs.names[0], part.name))
            raise InputError(
                f"{first} and {other} of tile {tile.name} differ in size; run `oemsar data verify`"
            )
    if len(parts) == 1:
        return parts[0]
    stacked: Imagery = np.concatenate(parts)
    return stacked


def read_available(tile: Tile, inputs: Inputs, extent: Extent | None = None) -> MaskedImage:
    """Read those of some inputs that `tile` has, with the pixels where each carries data.

    Args:
        tile: Tile that has at least one of the inputs.
        inputs: Inputs of the channels.
        extent: Part to read, all of it by default; only that part of the files is decoded.

    Raises:
        InputError: The tile has none of the inputs; or one is unreadable, of the wrong type or number of
            bands, on another grid or in another unit.
    """
    there = Inputs(tuple(part for part in inputs if part.name in tile.inputs))
    if not there:
        raise InputError(f"tile {tile.name} has none of {inputs}; choose modalities the table has")
    pixels = read_images(tile, there, extent)
    gaps = mask_gaps(pixels, there)
    return MaskedImage(pixels, gaps) if there == inputs else spread(pixels, there, inputs, gaps)


def read_picture(tile: Tile, name: Literal["sar", "optical"]) -> NDArray[np.uint8] | None:
    """Read the radar or optical image of a tile for a picture: its first polarisation, or its colours.

    Args:
        tile: Tile.
        name: Input.

    Returns:
        Grey values, uint8, shape (1, height, width) of radar and (3, height, width) of optical images; None
        where the tile has none.

    Raises:
        InputError: The image is unreadable, not 8-bit, or has the wrong number of bands.
    """
    path = tile.inputs.get(name)
    if path is None:
        return None
    if name == "optical":
        return _read_image(path, ORTHOPHOTO, None)
    with open_raster(path) as dataset:
        two = dataset.count == 2 and all(kind.name != "alpha" for kind in dataset.colorinterp)
    return _read_image(path, replace(RADAR_IMAGE, channels=2 if two else 1), None)[:1]


def _read_input(tile: Tile, part: Input, extent: Extent | None) -> Imagery:
    """Read one input of a tile by its kind."""
    path = tile.inputs.get(part.name)
    if path is None:
        raise InputError(f"tile {tile.name} has no {part.name} image; choose modalities the table has")
    return _read_image(path, part, extent) if part.is_bytes else _read_values(path, tile, part, extent)


def read_label(tile: Tile, extent: Extent | None = None) -> NDArray[np.uint8]:
    """Read the label of `tile` (hand-made where there is one, else pseudo).

    Args:
        tile: Tile that has a label.
        extent: Part to read, all of it by default.

    Returns:
        Class ids 0..8, uint8, shape (height, width).

    Raises:
        InputError: The label is missing, unreadable, not 8-bit, or has ids outside 0..8.
    """
    if tile.label is None:
        raise InputError(f"tile {tile.name} has no label; leave it out of the table or add its label")
    return read_label_file(tile.label, extent, tile.label_nodata)


def read_label_file(path: Path, extent: Extent | None = None, nodata: int | None = None) -> NDArray[np.uint8]:
    """Read the label at `path`, as `read_label` does that of a tile.

    A nodata tag beyond the classes, such as 255, marks unknown pixels. Of a file with a palette the indices
    are read, not the colours.

    Args:
        path: File of the label.
        extent: Part to read, all of it by default.
        nodata: Value that is unknown too, beside the file's nodata tag.

    Returns:
        Class ids 0..8, uint8, shape (height, width).

    Raises:
        InputError: The label is missing, unreadable, not 8-bit, or has ids outside 0..8.
    """
    pixels, tag = _read(path, 1, extent)
    label: NDArray[np.uint8] = pixels[0]
    for value in unknown_values(tag, nodata):
        label[label == value] = legend.UNKNOWN.id
    if label.max(initial=0) > legend.MAX_ID:
        raise InputError(
            f"{path} has label id {label.max()}, outside 0..{legend.MAX_ID}; run `oemsar data verify`"
        )
    return label


def unknown_values(tag: float | None, stated: int | None) -> list[int]:
    """List the values of a label, beside 0, that mean unknown: those beyond the classes only.

    Args:
        tag: Nodata tag of the file; None where it has none.
        stated: Value that a person states; None where nobody does.
    """
    values = {int(value) for value in (tag, stated) if value is not None and float(value).is_integer()}
    return sorted(value for value in values if value > legend.MAX_ID)


def _read_image(path: Path, part: Input, extent: Extent | None) -> NDArray[np.uint8]:
    """Read the bands of radar, or red, green and blue as a file tells them, a palette included."""
    radar, bands = part.kind == "radar", part.channels
    try:
        with open_raster(path) as dataset:
            require_tile(dataset, path)
            rectangle = extent or Extent(0, 0, *dataset.shape)
            if dataset.count == bands and dataset.dtypes[0] == "uint8" and not _converts(dataset):
                return RasterPixels.first(dataset, bands).values(rectangle)
            if set(dataset.dtypes) != {"uint8"} or (radar and dataset.count not in (bands, bands + 1)):
                raise InputError(
                    f"{path} has {dataset.count} band(s) of {dataset.dtypes[0]} where {bands} of uint8 belong"
                )
            statement = Statement(quiet=True)
            pixels = (
                open_radar(dataset, path, statement, channels=bands)
                if radar
                else open_colours(dataset, path, statement, strict=True)
            ).values
            if pixels.dtype != np.uint8:
                raise InputError(f"{path} carries a scale or an offset: its values are no grey values 0..255")
            values: NDArray[np.uint8] = pixels.read(rectangle)[0]
            return values
    except InputError as error:
        sentence = error.sentence
        if "bands" in error.options:  # which are chosen of scenes, not of tiles
            sentence = f"{path} has {dataset.count} band(s) of uint8 where {bands} of uint8 belong"
        raise InputError(f"{sentence}; run `oemsar data verify`") from error


def _read_values(path: Path, tile: Tile, part: Input, extent: Extent | None) -> NDArray[np.float32]:
    """Read measured values, NaN where there are none.

    A grid is compared where the file is opened with one: training crops are read by row and column alone.
    """
    try:
        with open_raster(path) as dataset:
            require_tile(dataset, path)
            _require_grid(grid_of(dataset), path, tile)
            values, valid = measured_pixels(dataset, path, part).read(extent or Extent(0, 0, *dataset.shape))
            return fill_gaps(values, valid)
    except InputError as error:
        raise InputError(f"{error.sentence}; run `oemsar data verify`") from error


def _require_grid(grid: GeoBox | None, path: Path, tile: Tile) -> None:
    """Check that a file lies on the grid of its tile, where both have one."""
    if tile.grid is None or grid is None or tile.grid.crs is None or grid.crs is None:
        return
    if not same_grid(tile.grid, grid, _TOLERANCE):
        raise InputError(f"{path} lies on another grid than tile {tile.name}; warp it to the tile's grid")


def _converts(dataset: DatasetReader) -> bool:
    """Check whether values are others than the stored numbers, by scale, offset or palette."""
    scaled = any(scale != 1 for scale in dataset.scales) or any(dataset.offsets)
    return scaled or (dataset.count == 1 and dataset.colorinterp[0].name == "palette")


def _read(path: Path, bands: int, extent: Extent | None) -> tuple[NDArray[np.uint8], float | None]:
    """Read the bands of a file of bytes, and its nodata tag."""
    try:
        with open_raster(path) as dataset:
            if dataset.count != bands or dataset.dtypes[0] != "uint8":
                raise InputError(
                    f"{path} has {dataset.count} band(s) of {dataset.dtypes[0]} where {bands} of uint8 belong"
                )
            require_tile(dataset, path)
            whole = Extent(0, 0, *dataset.shape)
            return RasterPixels.first(dataset, bands).values(extent or whole), dataset.nodata
    except InputError as error:
        raise InputError(f"{error.sentence}; run `oemsar data verify`") from error
