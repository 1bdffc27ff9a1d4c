"""Inputs dropped in training, whole and in patches, so that a network learns to do without any of them.

What is dropped of a sample is a function of the seed, its number and the inputs it has: a resumed run drops
the same.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from oemsar.train.config import TrainConfig

_STREAM = 7
_RAMP = 0.1
"""Share of the steps over which the share of samples that lose inputs rises from 0."""
_WHOLE = 0.5
"""Share of the samples that lose inputs which lose whole ones; the others lose patches of one."""
_MOST_PATCHES = 4
_PATCH_SIDES = (0.25, 0.5)
"""Least and greatest side of a patch, as a fraction of the crop's."""


@dataclass(frozen=True)
class Patch:
    """Rectangle or ellipse of a crop, in fractions 0..1 of its sides.

    Attributes:
        row: Row of the centre.
        column: Column of the centre.
        height: Height.
        width: Width.
        round: Whether it is the ellipse within the rectangle.
    """

    row: float
    column: float
    height: float
    width: float
    round: bool

    def pixels(self, height: int, width: int, device: torch.device) -> Tensor:
        """Draw the patch, bool, shape (height, width)."""
        rows = (torch.arange(height, device=device) + 0.5) / height - self.row
        columns = (torch.arange(width, device=device) + 0.5) / width - self.column
        down, across = (rows / (self.height / 2)).abs()[:, None], (columns / (self.width / 2)).abs()
        if self.round:
            return down.square() + across.square() <= 1
        return torch.maximum(down, across) <= 1


@dataclass(frozen=True)
class Drop:
    """Loss of one sample.

    Attributes:
        inputs: Indices of the inputs that are lost whole.
        torn: Index of the input that loses patches; None where none does.
        patches: Patches that it loses, where another input carries data.
    """

    inputs: tuple[int, ...] = ()
    torn: int | None = None
    patches: tuple[Patch, ...] = ()


def draw_drop(seed: int, number: int, present: tuple[int, ...], probability: float) -> Drop:
    """Draw what a sample loses: half of the time whole inputs, else patches of one.

    Of whole inputs a subset stays that is drawn evenly of all that are neither empty nor complete.

    Args:
        seed: Seed of the run.
        number: Number of the sample.
        present: Indices of the inputs that carry data in the sample.
        probability: Probability that it loses anything, 0..1.
    """
    rng = np.random.default_rng([_STREAM, seed, number])
    loses, whole = rng.random(2) < (probability, _WHOLE)
    if not loses or len(present) < 2:
        return Drop()
    if whole:
        lost = int(rng.integers(1, (1 << len(present)) - 1))
        return Drop(inputs=tuple(each for bit, each in enumerate(present) if lost >> bit & 1))
    torn = present[int(rng.integers(len(present)))]
    patches = tuple(
        Patch(
            row=rng.random(),
            column=rng.random(),
            height=rng.uniform(*_PATCH_SIDES),
            width=rng.uniform(*_PATCH_SIDES),
            round=rng.random() < 0.5,
        )
        for _ in range(int(rng.integers(1, _MOST_PATCHES + 1)))
    )
    return Drop(torn=torn, patches=patches)


class InputDropping:
    """Losses for the batches of one run.

    Args:
        probability: Probability that a sample loses anything, once it has risen.
        seed: Seed of the run.
        ramp: Number of samples over which the probability rises from 0.
    """

    def __init__(self, probability: float, seed: int, ramp: float) -> None:
        self._probability = probability
        self._seed = seed
        self._ramp = ramp

    @classmethod
    def of(cls, config: TrainConfig) -> Self:
        """Take the probability of a training, which rises over the first tenth of its steps."""
        return cls(config.dropped, config.seed, _RAMP * config.total_steps * config.batch)

    def __call__(self, valid: Tensor, numbers: Tensor) -> Tensor:
        """Take data away from the samples of a batch; of every sample that has data some stays.

        Args:
            valid: Pixels where each input carries data, bool, shape (batch, inputs, height, width).
            numbers: Sample numbers, shape (batch,).

        Returns:
            Pixels where each input still does, of the same shape and device.
        """
        dropped = valid.clone()
        has = valid.flatten(2).any(2).tolist()
        for sample, there, number in zip(dropped, has, numbers.tolist(), strict=True):
            present = tuple(index for index, each in enumerate(there) if each)
            probability = self._probability * min(1.0, number / max(1.0, self._ramp))
            drop = draw_drop(self._seed, number, present, probability)
            _apply(drop, sample)
        return dropped


def _apply(drop: Drop, sample: Tensor) -> None:
    """Take data away from a sample, shape (inputs, height, width), in place."""
    for index in drop.inputs:
        sample[index] = False
    if drop.torn is None:
        return
    torn = torch.zeros_like(sample[0])
    for patch in drop.patches:
        torn |= patch.pixels(sample.shape[-2], sample.shape[-1], sample.device)
    others = sample.clone()
    others[drop.torn] = False
    sample[drop.torn] &= ~(torn & others.any(0))
