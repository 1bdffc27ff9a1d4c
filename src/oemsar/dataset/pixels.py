"""Pixels of a tile: its images stacked in channel order, and its label."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from oemsar import legend
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.raster.image import Statement, open_colours, open_radar
from oemsar.raster.pixels import RasterPixels
from oemsar.raster.read import Extent, open_raster, require_tile


def read_images(tile: Tile, modalities: Inputs, extent: Extent | None = None) -> NDArray[np.uint8]:
    """Read the images of `tile`, stacked radar first.

    Args:
        tile: Tile that has the images.
        modalities: Images to read.
        extent: Part to read, all of it by default; only that part of the files is decoded.

    Returns:
        Digital numbers, uint8, shape (channels, height, width).

    Raises:
        InputError: An image is missing, unreadable, not 8-bit, or has the wrong number of bands.
    """
    parts = []
    if "sar" in modalities:
        parts.append(_read_image(_present(tile, "sar"), 1, extent))
    if "optical" in modalities:
        parts.append(_read_image(_present(tile, "optical"), 3, extent))
    if len({part.shape[1:] for part in parts}) > 1:
        raise InputError(f"SAR and optical of tile {tile.name} differ in size; run `oemsar data verify`")
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


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


def _present(tile: Tile, column: str) -> Path:
    path: Path | None = getattr(tile, column)
    if path is None:
        raise InputError(f"tile {tile.name} has no {column} image; choose modalities the table has")
    return path


def _read_image(path: Path, bands: int, extent: Extent | None) -> NDArray[np.uint8]:
    """Read one band of radar, or red, green and blue as a file tells them, a palette included."""
    try:
        with open_raster(path) as dataset:
            require_tile(dataset, path)
            part = extent or Extent(0, 0, *dataset.shape)
            if dataset.count == bands and dataset.dtypes[0] == "uint8" and not _converts(dataset):
                return RasterPixels.first(dataset, bands).values(part)
            if set(dataset.dtypes) != {"uint8"} or (bands == 1 and dataset.count not in (1, 2)):
                raise InputError(
                    f"{path} has {dataset.count} band(s) of {dataset.dtypes[0]} where {bands} of uint8 belong"
                )
            statement = Statement(quiet=True)
            pixels = (
                open_radar(dataset, path, statement, single=True)
                if bands == 1
                else open_colours(dataset, path, statement, strict=True)
            ).values
            if pixels.dtype != np.uint8:
                raise InputError(f"{path} carries a scale or an offset: its values are no grey values 0..255")
            values: NDArray[np.uint8] = pixels.read(part)[0]
            return values
    except InputError as error:
        raise InputError(f"{error.sentence}; run `oemsar data verify`") from error


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
