"""Training crops of 512 pixels from tiles of 1024, against the loader of the published baseline.

The baseline decodes both files whole, crops and flips with albumentations, and makes nine float planes of
the label. Here only the crop is read; it is scaled, turned and changed in brightness. Both loaders run in
one process, in turns, on the same tiles: as GDAL writes them by default (uncompressed strips), and deflated.

    python benchmarks/crops.py [REPEATS]
"""

import sys
import tempfile
import warnings
from pathlib import Path
from statistics import median
from time import perf_counter

import albumentations as A
import numpy as np
import rasterio
import torch
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

from oemsar.dataset.tile import Tile
from oemsar.inputs import SAR
from oemsar.models.torchvision_ops import declare
from oemsar.train.augment import Augmentation
from oemsar.train.crops import CropDataset

TILE, CROP, TILES = 1024, 512, 24


def write_tile(folder: Path, name: str, seed: int, **profile: str) -> Tile:
    """One tile of speckled blocks."""
    rng = np.random.default_rng(seed)
    label = np.kron(rng.integers(1, 9, (32, 32)), np.ones((32, 32), int))
    amplitude = np.sqrt(rng.gamma(4, 0.25, (TILE, TILE))) * (20 + 12 * label)
    paths = folder / f"{name}_sar.tif", folder / f"{name}_label.tif"
    for path, pixels in zip(paths, (np.clip(amplitude, 0, 255), label), strict=True):
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            width=TILE,
            height=TILE,
            count=1,
            dtype="uint8",
            crs="EPSG:32654",
            transform=Affine(0.5, 0, 380_000, 0, -0.5, 3_950_000),
            **profile,
        ) as dataset:
            dataset.write(pixels.astype(np.uint8), 1)
    return Tile(name=name, split="train", shape=(TILE, TILE), sar=paths[0], pseudo_label=paths[1])


class Baseline:
    """The loader of the published baseline, with the transform made once rather than for every sample."""

    def __init__(self) -> None:
        from torchvision.transforms import functional

        self.to_tensor = functional.to_tensor
        self.transform = A.Compose([A.RandomCrop(CROP, CROP), A.HorizontalFlip(p=0.5), A.VerticalFlip(p=0.5)])

    def __call__(self, tile: Tile) -> tuple[torch.Tensor, torch.Tensor]:
        """Image, float32 (1, 512, 512), and label, float32 (9, 512, 512)."""
        with rasterio.open(tile.sar) as dataset:
            image = dataset.read(1)
        with rasterio.open(tile.label) as dataset:
            label = dataset.read(1)
        sample = self.transform(image=image, mask=label)
        planes = np.stack([sample["mask"] == value for value in range(1, 9)], axis=-1).astype(np.float32)
        background = 1 - planes.sum(axis=-1, keepdims=True)
        mask = self.to_tensor(np.concatenate((background, planes), axis=-1))
        return self.to_tensor(sample["image"].astype(np.float32) / 255), mask


def compare(tiles: list[Tile], repeats: int) -> tuple[float, float]:
    """Median milliseconds a sample of the baseline and of this project, in turns."""
    baseline = Baseline()
    crops = CropDataset(tiles, SAR, CROP, seed=0, augment=True)
    augment = Augmentation(SAR, CROP, seed=0)
    theirs, ours = [], []
    for repeat in range(repeats + 1):  # the first warms the page cache up
        begin = perf_counter()
        for tile in tiles:
            baseline(tile)
        middle = perf_counter()
        for number in range(repeat * len(tiles), (repeat + 1) * len(tiles)):
            sample = crops[number]
            augment(sample["image"][None], sample["number"][None])
        end = perf_counter()
        theirs.append((middle - begin) / len(tiles))
        ours.append((end - middle) / len(tiles))
    return 1000 * median(theirs[1:]), 1000 * median(ours[1:])


def main() -> None:
    """Print the medians and their ratio for both organisations."""
    warnings.simplefilter("ignore", NotGeoreferencedWarning)
    declare()
    torch.set_num_threads(1)
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    with tempfile.TemporaryDirectory() as folder:
        for name, profile in (("uncompressed strips", {}), ("deflate", {"compress": "deflate"})):
            tiles = [write_tile(Path(folder), f"{name}_{seed}", seed, **profile) for seed in range(TILES)]
            theirs, ours = compare(tiles, repeats)
            print(
                f"{name}: baseline {theirs:.1f} ms, oemsar {ours:.1f} ms a sample: {theirs / ours:.1f} times"
            )


if __name__ == "__main__":
    main()
