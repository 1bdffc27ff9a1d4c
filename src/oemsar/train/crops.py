"""Training crops: samples as parts of tiles, and how they are read.

Sample number n is a function of the seed and n alone. A run that starts again at step k reads what the
uninterrupted run would have read, in whatever order, process or number of workers.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NotRequired, TypedDict, TypeVar, cast

import numpy as np
import rasterio
import torch
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from oemsar.arrays import Imagery
from oemsar.dataset.pixels import read_available, read_images
from oemsar.dataset.tile import Tile
from oemsar.inputs import Inputs
from oemsar.masked import mask_gaps
from oemsar.raster.read import Extent
from oemsar.train.lesson import Lesson
from oemsar.train.resample import fit_images, fit_labels
from oemsar.train.targets import Targets

SCALED = 1 / 3
"""Fraction of the samples that are read at another scale; the others keep the texture of the pixels."""

SCALE_RANGE = 2.0
"""Greatest factor by which a sample is enlarged or reduced; the factor is log-uniform."""

_READING = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # a folder of thousands of tiles is listed on every open
    "GDAL_GEOREF_SOURCES": "NONE",  # pixels are read by row and column; a CRS takes half of an open
    "GTIFF_VIRTUAL_MEM_IO": "YES",  # uncompressed tiles are read past the block cache
}
_ORDER, _GEOMETRY = 1, 2
AnyScalar = TypeVar("AnyScalar", bound=np.generic)


class Batch(TypedDict):
    """Samples stacked along a first axis; a single sample has no such axis, and its number is an int.

    Attributes:
        image: Grey values 0..255, uint8 (after augmentation float32); with inputs other than radar and
            optical images float32, NaN where there is no data; shape (batch, channels, height, width).
        label: Class ids 0..8, uint8, shape (batch, height, width).
        number: Sample numbers, int64, shape (batch,).
        valid: Pixels where each input carries data, bool, shape (batch, inputs, height, width); only for a
            network that takes any subset of its inputs.
        confidence: Confidence in the label, 0..1, float32, shape (batch, height, width); only where it weighs
            the loss.
        soft: Class probabilities, float32, shape (batch, 8, height, width); only where they are trained on.
        taught: Images that teachers see, as `image` of their inputs; only where there are teachers.
        taught_valid: Pixels where each of these inputs carries data, bool, shape
            (batch, inputs, height, width).
        taught_weight: Weight of the teachers, 0..1, float32, shape (batch,).
        unlabelled: Images of ground without labels, as `image`; only where a network trains itself.
        unlabelled_valid: Pixels where each input carries data there, as `valid`.
        changed: The same with changes of resolution and brightness; made on the device.
    """

    image: Tensor
    label: Tensor
    number: Tensor
    valid: NotRequired[Tensor]
    confidence: NotRequired[Tensor]
    soft: NotRequired[Tensor]
    taught: NotRequired[Tensor]
    taught_valid: NotRequired[Tensor]
    taught_weight: NotRequired[Tensor]
    unlabelled: NotRequired[Tensor]
    unlabelled_valid: NotRequired[Tensor]
    changed: NotRequired[Tensor]


@dataclass(frozen=True)
class Crop:
    """The part of a tile that a sample is made of.

    Attributes:
        tile: Index in the sequence of training tiles.
        extent: Part of the tile that is read, in pixels.
        size: Height and width that the part is resampled to; less than the crop where the tile is smaller.
        symmetry: Element 0..7 of the symmetries of the square; see `dihedral`.
    """

    tile: int
    extent: Extent
    size: tuple[int, int]
    symmetry: int


def draw_crop(shapes: Sequence[tuple[int, int]], side: int, seed: int, number: int, augment: bool) -> Crop:
    """Draw the crop of one sample.

    Every tile comes once in each run of as many samples as there are tiles, in an order drawn anew.

    Args:
        shapes: Rows and columns of each training tile.
        side: Side of the crop, in pixels.
        seed: Seed of the run.
        number: Number of the sample, counted from the start of the run.
        augment: Whether the crop is scaled, mirrored and turned.
    """
    epoch, position = divmod(number, len(shapes))
    tile = int(_order(len(shapes), seed, epoch)[position])
    rng = np.random.default_rng([_GEOMETRY, seed, number])
    scale, symmetry = 1.0, 0
    if augment:
        symmetry = int(rng.integers(8))
        if rng.random() < SCALED:
            scale = math.exp(rng.uniform(-1, 1) * math.log(SCALE_RANGE))
    first_row, height, rows = _span(shapes[tile][0], side, scale, rng)
    first_column, width, columns = _span(shapes[tile][1], side, scale, rng)
    return Crop(tile, Extent(first_row, first_column, height, width), (rows, columns), symmetry)


def dihedral(pixels: NDArray[AnyScalar], symmetry: int) -> NDArray[AnyScalar]:
    """Apply one of the eight symmetries of the square to the last two axes.

    Args:
        pixels: Array with at least two axes, the last two of equal length.
        symmetry: Number 0..7; bit 0 mirrors the rows, bit 1 the columns, bit 2 swaps rows and columns.

    Returns:
        A view of `pixels`.
    """
    if symmetry & 1:
        pixels = pixels[..., ::-1, :]
    if symmetry & 2:
        pixels = pixels[..., ::-1]
    return pixels.swapaxes(-1, -2) if symmetry & 4 else pixels


class CropDataset(Dataset[Batch]):
    """Samples by number, without end.

    Args:
        tiles: Training tiles, each with a label and all of `inputs`, or any of them with `masked`.
        inputs: Images of a sample.
        side: Side of a crop, in pixels.
        seed: Seed of the run.
        augment: Whether crops are scaled, mirrored and turned.
        masked: Whether samples tell where each input carries data.
        targets: Targets beside the labels.
        lesson: Images that teachers see; None where there are no teachers.
    """

    def __init__(
        self,
        tiles: Sequence[Tile],
        inputs: Inputs,
        side: int,
        seed: int,
        augment: bool,
        *,
        masked: bool = False,
        targets: Targets = Targets(),
        lesson: Lesson | None = None,
    ) -> None:
        self._tiles = tiles
        self._shapes = [tile.shape for tile in tiles]
        self._inputs = inputs
        self._side = side
        self._seed = seed
        self._augment = augment
        self._masked = masked
        self._targets = targets
        self._lesson = lesson

    def __getitem__(self, number: int) -> Batch:
        """Read the sample of that number."""
        crop = draw_crop(self._shapes, self._side, self._seed, number, self._augment)
        tile = self._tiles[crop.tile]
        with rasterio.Env(**_READING), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            if self._masked:
                images = read_available(tile, self._inputs, crop.extent).pixels
            else:
                images = read_images(tile, self._inputs, crop.extent)
            targets = self._targets.read(tile, crop.extent)
            taught = None if self._lesson is None else self._lesson.read(tile, crop.extent).pixels
        images = _turned(fit_images(images, crop.size, self._side), crop)
        sample: dict[str, Tensor] = {
            "image": torch.from_numpy(images),
            **{
                name: torch.from_numpy(_turned(fit_labels(target, crop.size, self._side), crop))
                for name, target in targets.items()
            },
            "number": torch.tensor(number),
        }
        if self._masked:
            sample["valid"] = _valid(images, self._inputs, tile)
        if self._lesson is not None and taught is not None:
            seen = _turned(fit_images(taught, crop.size, self._side), crop)
            sample["taught"] = torch.from_numpy(seen)
            sample["taught_valid"] = _valid(seen, self._lesson.inputs, tile)
            sample["taught_weight"] = torch.tensor(self._lesson.weight_of(tile))
        return cast(Batch, sample)


class StepSampler(Sampler[list[int]]):
    """Sample numbers of each step, from any step on: the share of one process.

    Args:
        batch: Number of samples in a step over all processes.
        start: First step.
        steps: Step to stop before.
        rank: Number of this process, from 0.
        processes: Number of processes that share a batch.
    """

    def __init__(self, batch: int, start: int, steps: int, *, rank: int = 0, processes: int = 1) -> None:
        self._batch = batch
        self._start = start
        self._steps = steps
        self._share = batch // processes
        self._rank = rank

    def __len__(self) -> int:
        """Count the steps of the whole run, those before `start` included: Lightning counts on from there."""
        return self._steps

    def __iter__(self) -> Iterator[list[int]]:
        """Iterate over the steps, giving the sample numbers of each."""
        for step in range(self._start, self._steps):
            first = step * self._batch + self._rank * self._share
            yield list(range(first, first + self._share))


def _turned(pixels: NDArray[Any], crop: Crop) -> NDArray[Any]:
    turned: NDArray[Any] = np.ascontiguousarray(dihedral(pixels, crop.symmetry))
    return turned


def _valid(images: Imagery, inputs: Inputs, tile: Tile) -> Tensor:
    """Tell where each input of a crop carries data; gaps of measured ones are those of resampled values."""
    there = np.array([part.name in tile.inputs for part in inputs])
    return torch.from_numpy(mask_gaps(images, inputs) & there[:, None, None])


@lru_cache(maxsize=2)
def _order(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return np.random.default_rng([_ORDER, seed, epoch]).permutation(count)


def _span(length: int, side: int, scale: float, rng: np.random.Generator) -> tuple[int, int, int]:
    """Draw start and length of the part read along one axis, and the length it is resampled to."""
    wanted = max(1, round(side * scale))
    read = min(wanted, length)
    start = int(rng.integers(length - read + 1))
    return start, read, side if read == wanted else min(side, max(1, round(read / scale)))
