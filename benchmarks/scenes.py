"""Radar scenes of speckle, of any size, for measuring; written by strips."""

from pathlib import Path

import numpy as np
import rasterio
from rasterio import Affine
from rasterio.windows import Window

STRIP = 256


def write_speckle(path: Path, side: int) -> None:
    """Write a uint8 GeoTIFF of `side` x `side` pixels of gamma speckle over slow brightness waves."""
    rng = np.random.default_rng(side)
    profile = {
        "driver": "GTiff",
        "width": side,
        "height": side,
        "count": 1,
        "dtype": "uint8",
        "crs": "EPSG:32631",
        "transform": Affine(0.5, 0, 4e5, 0, -0.5, 5e6),
        "tiled": True,
        "compress": "deflate",
    }
    wave = 40 + 30 * np.sin(np.arange(side) / 300)
    with rasterio.open(path, "w", **profile) as dataset:
        for row in range(0, side, STRIP):
            strip = rng.gamma(2, 0.5, (min(STRIP, side - row), side)) * wave
            window = Window(0, row, side, strip.shape[0])
            dataset.write(np.clip(strip, 1, 255).astype(np.uint8), 1, window=window)
