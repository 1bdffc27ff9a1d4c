"""The Lightning data module: training crops by step, validation tiles whole."""

import os
import signal
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import partial
from types import FrameType
from typing import cast

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

from oemsar.dataset.pixels import read_available, read_images, read_label
from oemsar.dataset.tile import Tile
from oemsar.errors import OemsarError
from oemsar.inputs import Inputs
from oemsar.processes import watch_parent
from oemsar.train.augment import Augmentation
from oemsar.train.config import TrainConfig
from oemsar.train.crops import Batch, CropDataset, StepSampler
from oemsar.train.degrade import Degradation
from oemsar.train.drop import InputDropping
from oemsar.train.lesson import Lesson
from oemsar.train.lightning import LightningDataModule, Trainer
from oemsar.train.targets import Targets

_MOST_WORKERS = 8
_GRACE_SECONDS = 60
_START = "fork" if sys.platform.startswith("linux") else "spawn"
"""Start of the reading processes, whatever Python's default: a fork server's are not children of the run."""
UNLABELLED = 1 << 40
"""Distance from the number of a sample to that of the one without a label beside it."""


class TileData(LightningDataModule):
    """The tiles of a run as batches.

    Args:
        config: Options of the training.
        train: Tiles to train on in each phase, each with a label and all of `config.modalities`, of fusion
            `any` some.
        val: Tiles to validate on, each with a label and all of `config.modalities`, of fusion `any` some; may
            be empty.
        lesson: Images that teachers see; None where there are no teachers.
        unlabelled: Tiles that the network labels itself in each phase; none of a phase, or of all.
    """

    def __init__(
        self,
        config: TrainConfig,
        train: Sequence[Sequence[Tile]],
        val: Sequence[Tile],
        lesson: Lesson | None = None,
        unlabelled: Sequence[Sequence[Tile]] = (),
    ) -> None:
        super().__init__()
        self._config = config
        self._train = train
        self._val = val
        self._lesson = lesson
        self._unlabelled = unlabelled
        self._augmentation = (
            Augmentation(config.modalities, config.crop, config.seed, config.photometry)
            if config.augment
            else None
        )
        self._degradation = (
            Degradation(config.modalities, config.degrade, config.seed) if config.degrade > 1 else None
        )
        self._dropping = InputDropping.of(config) if config.takes_any else None

    def train_dataloader(self) -> "DataLoader[Batch | OemsarError]":
        """Load this process's share of every step from the present one on."""
        config = self._config
        targets = Targets(confidence=config.confidence_weights, soft=config.soft_labels)
        crops = PhasedCrops(
            [phase.first * config.batch for phase in config.phases],
            [self._crops(tiles, targets, self._lesson) for tiles in self._train],
            [self._crops(tiles, Targets(labels=False)) if tiles else None for tiles in self._unlabelled],
        )
        trainer = cast(Trainer, self.trainer)
        steps = StepSampler(
            config.batch,
            trainer.global_step,
            config.total_steps,
            rank=trainer.global_rank,
            processes=trainer.world_size,
        )
        return self._loader(crops, batch_sampler=steps)

    def _crops(self, tiles: Sequence[Tile], targets: Targets, lesson: Lesson | None = None) -> CropDataset:
        config = self._config
        return CropDataset(
            tiles,
            config.modalities,
            config.crop,
            config.seed,
            config.augment,
            masked=config.takes_any,
            targets=targets,
            lesson=lesson,
        )

    def validation_tiles(self) -> Iterator[Batch]:
        """Read this process's share of the validation tiles, one by one, at their own sizes.

        Raises:
            OemsarError: A tile cannot be read.
        """
        trainer = cast(Trainer, self.trainer)
        share = self._val[trainer.global_rank :: trainer.world_size]
        tiles = WholeTiles(share, self._config.modalities, masked=self._config.takes_any)
        return map(_require_batch, self._loader(tiles, sampler=range(len(share)), batch_size=1))

    def on_before_batch_transfer(self, batch: Batch | OemsarError, dataloader_idx: int) -> Batch:
        """Raise the error that a reading process gave instead of a batch.

        Raises:
            OemsarError: A tile cannot be read.
        """
        return _require_batch(batch)

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Change resolution and brightness of a training batch and drop inputs, on its device."""
        numbers = batch["number"]
        batch = {**batch, "image": self._changed(batch["image"], numbers, batch.get("valid"))}
        if "unlabelled" in batch:
            valid = batch.get("unlabelled_valid")
            batch["changed"] = self._changed(batch["unlabelled"], numbers + UNLABELLED, valid)
        if self._dropping is not None:
            batch = {**batch, "valid": self._dropping(batch["valid"], batch["number"])}
        return batch

    def _changed(self, images: Tensor, numbers: Tensor, valid: Tensor | None) -> Tensor:
        """Change resolution and brightness of images."""
        if self._degradation is not None:
            images = self._degradation(images, numbers, valid)
        return images if self._augmentation is None else self._augmentation(images, numbers)

    def _loader(self, dataset: Dataset[Batch], **batching: object) -> "DataLoader[Batch | OemsarError]":
        workers = self._config.workers
        workers = default_workers(self._config.devices) if workers is None else workers
        return DataLoader(
            _Guarded(dataset),
            collate_fn=_collate,
            num_workers=workers,
            multiprocessing_context=_START if workers else None,
            persistent_workers=workers > 0,  # Lightning ends those, and no others, when the run fails
            worker_init_fn=partial(_follow_parent, os.getpid()),
            pin_memory=torch.cuda.is_available() and self._config.device != "cpu",
            **batching,  # type: ignore[arg-type]
        )


class PhasedCrops(Dataset[Batch]):
    """Samples by number, those of each phase from its own tiles.

    Args:
        first: Number of the first sample of each phase, the first of them 0.
        crops: Samples of each phase.
        unlabelled: Samples of ground without labels of each phase, None where a phase has none; empty for
            none in any.
    """

    def __init__(
        self,
        first: Sequence[int],
        crops: Sequence[CropDataset],
        unlabelled: Sequence[CropDataset | None] = (),
    ) -> None:
        self._first = first
        self._crops = crops
        self._unlabelled = unlabelled or (None,) * len(crops)

    def __getitem__(self, number: int) -> Batch:
        """Read the sample of that number, and beside it one of ground without labels."""
        phase = bisect_right(self._first, number) - 1
        sample, more = self._crops[phase][number], self._unlabelled[phase]
        if more is not None:
            other = more[number + UNLABELLED]
            sample["unlabelled"] = other["image"]
            if "valid" in other:
                sample["unlabelled_valid"] = other["valid"]
        return sample


class WholeTiles(Dataset[Batch]):
    """Tiles at their own sizes.

    Args:
        tiles: Tiles, each with a label and all of `inputs`, or any of them with `masked`.
        inputs: Images of a sample.
        masked: Whether samples tell where each input carries data.
    """

    def __init__(self, tiles: Sequence[Tile], inputs: Inputs, *, masked: bool = False) -> None:
        self._tiles = tiles
        self._inputs = inputs
        self._masked = masked

    def __len__(self) -> int:
        """Count the tiles."""
        return len(self._tiles)

    def __getitem__(self, index: int) -> Batch:
        """Read the tile of an index."""
        tile = self._tiles[index]
        number, label = torch.tensor(index), torch.from_numpy(read_label(tile))
        if not self._masked:
            images = torch.from_numpy(read_images(tile, self._inputs))
            return {"image": images, "label": label, "number": number}
        available = read_available(tile, self._inputs)
        images, valid = (torch.from_numpy(part) for part in available)
        return {"image": images, "label": label, "number": number, "valid": valid}


class _Guarded(Dataset[Batch | OemsarError]):
    """Samples, or the errors that reading them raised: PyTorch would hand on only their text."""

    def __init__(self, samples: Dataset[Batch]) -> None:
        self._samples = samples

    def __getitem__(self, index: int) -> Batch | OemsarError:
        try:
            return self._samples[index]
        except OemsarError as error:
            return error


def _collate(samples: list[Batch | OemsarError]) -> Batch | OemsarError:
    """Stack samples, or give the first error among them."""
    for sample in samples:
        if isinstance(sample, OemsarError):
            return sample
    batch: Batch = default_collate(samples)
    return batch


def _require_batch(batch: Batch | OemsarError) -> Batch:
    if isinstance(batch, OemsarError):
        raise batch
    return batch


def default_workers(devices: int) -> int:
    """Choose the number of reading processes for each device.

    Args:
        devices: Number of devices.

    Returns:
        The device's share of the cores but one, 8 at most, at least 1.
    """
    return max(1, min(_MOST_WORKERS, ((os.cpu_count() or 1) - 1) // devices))


def _follow_parent(parent: int, worker: int) -> None:
    """Let a reading process outlive a signal that reached every process of the run, but not its parent.

    The parent goes on to the end of its step, and would fail without its readers. SIGTERM also is how a
    parent that exits ends readers it left behind: they go when the time for a step is over. PyTorch's own
    watch over the parent does not notice one that was killed before the watch began.
    """
    watch_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_soon)


def _end_soon(number: int, frame: FrameType | None) -> None:
    signal.alarm(_GRACE_SECONDS)
