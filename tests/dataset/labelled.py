"""Tiles of random labels that are not square, some made by a model, some by hand, some without a region."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from oemsar.dataset.tile import Split, Tile

SHAPE = (48, 60)
PLACES: tuple[tuple[Split, str | None, str | None], ...] = (
    ("train", "FRA-01", "FRA"),
    ("train", "JPN-01", "JPN"),
    ("train", None, None),
    ("val", "JPN-01", "JPN"),
    ("test", "FRA-01", "FRA"),
)


def write(path: Path, label: NDArray[np.uint8]) -> Path:
    shape = {"height": label.shape[0], "width": label.shape[1]}
    with rasterio.open(path, "w", driver="GTiff", count=1, dtype="uint8", **shape) as file:
        file.write(label, 1)
    return path


def draw_labels() -> list[NDArray[np.uint8]]:
    """Eight labels of squares of four pixels."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 9, (8, SHAPE[0] // 4, SHAPE[1] // 4), np.uint8)
    return [np.kron(label, np.ones((4, 4), np.uint8)) for label in coarse]


def write_tiles_of(labels: list[NDArray[np.uint8]], folder: Path) -> list[Tile]:
    """Pseudo labels on all but the test tile, real ones outside train: labels 0..3 and 5, 6."""
    found = []
    for number, (split, region, country) in enumerate(PLACES):
        tile = Tile(f"tile_{number}", split, SHAPE, region=region, country=country)
        if split != "test":
            tile = replace(tile, pseudo_label=write(folder / f"pseudo_{number}.tif", labels[number]))
        if split != "train":
            tile = replace(tile, real_label=write(folder / f"real_{number}.tif", labels[number + 2]))
        found.append(tile)
    return found
