"""Trust in a pseudo label: the confidence in each pixel, and the probabilities of the classes behind it."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.geometry.measured import measured_pixels
from oemsar.inputs import Input
from oemsar.legend import NUM_CLASSES
from oemsar.raster.read import Extent, open_raster, require_tile

_ANY_NUMBER = (-3e38, 3e38)
_WHITE = 255.0
_ROUNDING = 1e-3
"""Excess over 1 of a share that was computed in 16 bits."""


def read_confidence(tile: Tile, extent: Extent | None = None) -> NDArray[np.float32]:
    """Read the confidence in the pseudo label of a tile, 0 where the file carries no data.

    Args:
        tile: Tile that has a confidence.
        extent: Part to read, all of it by default.

    Returns:
        Numbers 0..1, float32, shape (height, width): bytes are divided by 255 unless the file has a scale.

    Raises:
        InputError: The file is missing or unreadable, has another size than the tile, more than one band, or
            values beyond 0..1.
    """
    if tile.confidence is None:
        raise InputError(f"tile {tile.name} has no confidence; add it to the column confidence of the table")
    confidence: NDArray[np.float32] = _read_shares(tile.confidence, tile, "confidence", 1, extent)[0]
    return confidence


def read_soft_label(tile: Tile, extent: Extent | None = None) -> NDArray[np.float32]:
    """Read the probabilities of the classes behind the pseudo label of a tile.

    Args:
        tile: Tile that has a soft label.
        extent: Part to read, all of it by default.

    Returns:
        Probabilities, float32, shape (8, height, width) in legend order, their sum 1 in each pixel; all 0
        where the file carries no data or every number is 0.

    Raises:
        InputError: The file is missing or unreadable, has another size than the tile, another number of bands
            than there are classes, or values beyond 0..1.
    """
    if tile.soft_label is None:
        raise InputError(f"tile {tile.name} has no soft label; add it to the column soft_label of the table")
    shares = _read_shares(tile.soft_label, tile, "soft label", NUM_CLASSES, extent)
    total = shares.sum(0)
    divisor: NDArray[np.float32] = np.where(total > 0, total, 1).astype(np.float32)
    return shares / divisor


def _read_shares(path: Path, tile: Tile, what: str, bands: int, extent: Extent | None) -> NDArray[np.float32]:
    """Read numbers 0..1 of a file of a tile's size, 0 where it carries no data."""
    with open_raster(path) as dataset:
        require_tile(dataset, path)
        if dataset.shape != tile.shape:
            there, here = (" x ".join(map(str, shape)) for shape in (dataset.shape, tile.shape))
            raise InputError(f"{path} has {there} pixels where tile {tile.name} has {here}; make it anew")
        if dataset.count != bands:
            raise InputError(
                f"{path} has {dataset.count} band(s) where a {what} has {bands}"
                f"{', one for each class' if bands > 1 else ''}; make it anew"
            )
        part = Input(what.replace(" ", "_"), "measure", bands, bands, "share", _ANY_NUMBER)
        values, valid = measured_pixels(dataset, path, part).read(extent or Extent(0, 0, *dataset.shape))
        numbers: NDArray[Any] = np.where(True if valid is None else valid, values, np.float32(0))
        if _is_of_bytes(dataset):
            return (numbers / np.float32(_WHITE)).astype(np.float32)
    low, high = float(numbers.min(initial=0)), float(numbers.max(initial=0))
    if low < 0 or high > 1 + _ROUNDING:
        raise InputError(
            f"{path} holds {low if low < 0 else high:g} where a {what} has numbers 0 to 1, or bytes "
            "0 to 255; make it anew"
        )
    shares: NDArray[np.float32] = np.minimum(numbers, 1).astype(np.float32)
    return shares


def _is_of_bytes(dataset: DatasetReader) -> bool:
    """Tell whether a file stores bytes without scale and offset."""
    plain = set(dataset.scales) == {1.0} and set(dataset.offsets) == {0.0}
    return plain and set(dataset.dtypes) == {"uint8"}
