"""Pixels of a tile: its images stacked in channel order, and its label."""

from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.windows import Window

from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.modalities import Modalities
from oemsar.raster.read import Extent


def read_images(tile: Tile, modalities: Modalities, extent: Extent | None = None) -> NDArray[np.uint8]:
    """Read the images of `tile`, stacked radar first.

    Args:
        tile: where to read.
        modalities: which images; the tile must have them.
        extent: the part to read, all of it by default; only that part of the files is decoded.

    Returns:
        Digital numbers, uint8, shape (channels, height, width).

    Raises:
        InputError: an image is missing, unreadable, not 8-bit, or has the wrong number of bands.
    """
    parts = []
    if modalities.has_sar:
        parts.append(_read(_present(tile, "sar"), 1, extent))
    if modalities.has_optical:
        parts.append(_read(_present(tile, "optical"), 3, extent))
    if len({part.shape[1:] for part in parts}) > 1:
        raise InputError(f"SAR and optical of tile {tile.name} differ in size; run `oemsar data verify`")
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def read_label(tile: Tile, extent: Extent | None = None) -> NDArray[np.uint8]:
    """Read the label of `tile` (hand-made where there is one, else pseudo).

    Args:
        tile: where to read; it must have a label.
        extent: the part to read, all of it by default.

    Returns:
        Class ids 0..8, uint8, shape (height, width).

    Raises:
        InputError: the label is missing, unreadable, not 8-bit, or has ids outside 0..8.
    """
    if tile.label is None:
        raise InputError(f"tile {tile.name} has no label; leave it out of the table or add its label")
    return read_label_file(tile.label, extent)


def read_label_file(path: Path, extent: Extent | None = None) -> NDArray[np.uint8]:
    """Read the label at `path`, all of it by default; returns and raises as `read_label`."""
    label: NDArray[np.uint8] = _read(path, 1, extent)[0]
    if label.max(initial=0) > 8:
        raise InputError(f"{path} has label id {label.max()}, outside 0..8; run `oemsar data verify`")
    return label


def _present(tile: Tile, column: str) -> Path:
    path: Path | None = getattr(tile, column)
    if path is None:
        raise InputError(f"tile {tile.name} has no {column} image; choose modalities the table has")
    return path


def _read(path: Path, bands: int, extent: Extent | None) -> NDArray[np.uint8]:
    try:
        with rasterio.open(path) as dataset:
            if dataset.count != bands or dataset.dtypes[0] != "uint8":
                raise InputError(
                    f"{path} has {dataset.count} band(s) of {dataset.dtypes[0]} where {bands} of uint8 "
                    "belong; run `oemsar data verify`"
                )
            window = (
                None if extent is None else Window(extent.column, extent.row, extent.width, extent.height)
            )
            pixels: NDArray[np.uint8] = dataset.read(window=window)
            return pixels
    except RasterioError as error:
        raise InputError(
            f"{path} cannot be read: it is missing, truncated or damaged; run `oemsar data verify`"
        ) from error
