"""Images like those of public reports, made for tests of bands, values and of where there is data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio import Affine
from rasterio.enums import ColorInterp

SHAPE = (200, 260)
PADDED = 70
"""Columns at the left that carry no data, in the images that have such."""
NORTH_UP = {"crs": "EPSG:32654", "transform": Affine(0.5, 0, 399690.0, 0, -0.5, 4046730.0)}
RGB = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)


def padded() -> NDArray[np.bool_]:
    """Where there is padding."""
    where = np.zeros(SHAPE, bool)
    where[:, :PADDED] = True
    return where


def speckle(seed: int = 0) -> NDArray[np.uint8]:
    """Radar amplitude, 1..255."""
    return np.random.default_rng(seed).rayleigh(60, SHAPE).clip(1, 255).astype(np.uint8)


def colours(seed: int = 1) -> NDArray[np.uint8]:
    """An orthophoto of smooth colours, 30..250, shape (3, height, width)."""
    rows, columns = np.indices(SHAPE)
    phases = np.random.default_rng(seed).uniform(0, 6, (3, 2, 1, 1))
    waves = np.sin(rows / 23 + phases[:, 0]) + np.sin(columns / 31 + phases[:, 1])
    return (140 + 54 * waves).clip(30, 250).astype(np.uint8)


def decibels() -> NDArray[np.float64]:
    """Backscatter in dB of the radar amplitude."""
    return 20 * np.log10(speckle() / 60.0) - 8


def write(
    path: Path,
    bands: NDArray[Any],
    *,
    kinds: Sequence[ColorInterp] | None = None,
    scale: float | None = None,
    offset: float | None = None,
    mask: NDArray[np.uint8] | None = None,
    palette: dict[int, tuple[int, ...]] | None = None,
    **profile: Any,
) -> Path:
    """Write bands, shape (height, width) or (bands, height, width), to a GeoTIFF."""
    pixels = bands if bands.ndim == 3 else bands[None]
    size = dict(zip(("count", "height", "width"), pixels.shape, strict=True))
    options = {"driver": "GTiff", "dtype": pixels.dtype, **NORTH_UP, **size, **profile}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "w", **options) as dataset:
        dataset.write(pixels)
        if palette is not None:
            dataset.write_colormap(1, palette)
        if mask is not None:
            dataset.write_mask(mask)
        if kinds is not None:
            dataset.colorinterp = kinds
        if scale is not None:
            dataset.scales = (scale,) * len(pixels)
        if offset is not None:
            dataset.offsets = (offset,) * len(pixels)
    return path
