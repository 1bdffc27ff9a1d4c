"""A dataset small enough to train on in seconds: stripes of classes that differ in brightness."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch

from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import Split, Tile

SIDE = 96


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    """Sums depend on the number of threads, and runs are compared to the bit with those of subprocesses."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def write_image(path: Path, pixels: np.ndarray) -> Path:
    """Write pixels of shape (bands, rows, columns) as a plain GeoTIFF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bands, height, width = pixels.shape
    profile = {"driver": "GTiff", "count": bands, "height": height, "width": width, "dtype": "uint8"}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(pixels)
    return path


def toy_tile(folder: Path, name: str, split: Split, rng: np.random.Generator) -> Tile:
    """A tile of which any image tells the class of every pixel, with some pixels unknown."""
    label = np.kron(rng.integers(1, 9, (SIDE // 16, SIDE // 16)), np.ones((16, 16), int))
    noise = rng.normal(0, 4, (4, SIDE, SIDE))
    shades = np.stack([label, label, (label * 3) % 9, (label * 5) % 9])
    images = np.clip(shades * 27 + noise, 0, 255).astype(np.uint8)
    label[: SIDE // 8] = 0
    return Tile(
        name=name,
        split=split,
        shape=(SIDE, SIDE),
        sar=write_image(folder / "sar" / f"{name}.tif", images[:1]),
        optical=write_image(folder / "optical" / f"{name}.tif", images[1:]),
        pseudo_label=write_image(folder / "labels" / f"{name}.tif", label[None].astype(np.uint8)),
    )


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Table of six training and two validation tiles of 96 pixels."""
    folder = tmp_path_factory.mktemp("toy")
    rng = np.random.default_rng(0)
    tiles = [toy_tile(folder, f"train_{n}", "train", rng) for n in range(6)]
    tiles += [toy_tile(folder, f"val_{n}", "val", rng) for n in range(2)]
    write_tiles(tiles, folder / "tiles.parquet")
    return folder / "tiles.parquet"


@pytest.fixture
def write() -> Callable[[Path, np.ndarray], Path]:
    """Writes pixels of shape (bands, rows, columns) to a path as a plain GeoTIFF."""
    return write_image


@pytest.fixture
def make_tile(tmp_path: Path) -> Callable[[str], Tile]:
    """Makes a training tile of that name."""
    return lambda name: toy_tile(tmp_path, name, "train", np.random.default_rng(0))
