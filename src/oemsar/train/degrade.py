"""Loss of resolution: the same ground as a coarser sensor sees it, on the same pixels.

It is applied to whole batches, on the device the network runs on. The loss of a sample is a function of the
seed and its number, so that a resumed run sees the same images.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from oemsar.inputs import Inputs
from oemsar.train.loss_input import TINY

DEGRADED = 1 / 3
"""Share of the samples that lose resolution."""
_STREAM = 12


def draw_factor(seed: int, number: int, most: float) -> float:
    """Draw the factor by which a sample loses resolution, log-uniform from 1 to `most`; 1 for two in three.

    Args:
        seed: Seed of the run.
        number: Number of the sample.
        most: Greatest factor, at least 1.
    """
    rng = np.random.default_rng([_STREAM, seed, number])
    loses, share = rng.random() < DEGRADED, rng.random()
    return math.exp(share * math.log(most)) if loses else 1.0


class Degradation:
    """Loss of resolution for the batches of one run: images are scaled down and back up, all inputs alike.

    Args:
        inputs: Images of the batches.
        most: Greatest factor, at least 1.
        seed: Seed of the run.
    """

    def __init__(self, inputs: Inputs, most: float, seed: int) -> None:
        self._inputs = inputs
        self._most = most
        self._seed = seed

    def __call__(self, images: Tensor, numbers: Tensor, valid: Tensor | None = None) -> Tensor:
        """Take resolution from the images of a batch; where they carry data stays as it is.

        Args:
            images: Images, uint8 or float32, shape (batch, channels, height, width), channels as `inputs`;
                NaN where there is no data.
            numbers: Sample numbers, shape (batch,).
            valid: Pixels where each input carries data, bool, shape (batch, inputs, height, width); None for
                all, but where values are NaN.

        Returns:
            Images, float32, of the same shape and device.
        """
        changed = images.clone() if images.is_floating_point() else images.float()
        for index, number in enumerate(numbers.tolist()):
            factor = draw_factor(self._seed, number, self._most)
            if factor > 1:
                there = None if valid is None else self._by_channel(valid[index])
                changed[index] = degraded(changed[index], factor, there)
        return changed

    def _by_channel(self, valid: Tensor) -> Tensor:
        """Repeat where each input carries data for each of its channels, shape (channels, height, width)."""
        counts = torch.tensor([part.channels for part in self._inputs], device=valid.device)
        return valid.repeat_interleave(counts, 0)


def degraded(image: Tensor, factor: float, valid: Tensor | None = None) -> Tensor:
    """Scale an image down by a factor, averaging, and back up, bilinearly.

    Args:
        image: Floating point, shape (channels, height, width); NaN where there is no data.
        factor: Factor, at least 1.
        valid: Pixels that carry data, bool, shape (channels, height, width); None for all, but where values
            are NaN. What others hold does not enter, and stays.
    """
    known = ~image.isnan() if valid is None else valid & ~image.isnan()
    if known.all():
        return _down_and_up(image, factor)
    weight = _down_and_up(known.to(image.dtype), factor)
    values = _down_and_up(torch.where(known, image, 0), factor) / weight.clamp_min(TINY)
    return torch.where(known, values, image)


def _down_and_up(image: Tensor, factor: float) -> Tensor:
    height, width = image.shape[-2:]
    size = (max(1, round(height / factor)), max(1, round(width / factor)))
    small = F.interpolate(image[None], size=size, mode="bilinear", antialias=True)
    return F.interpolate(small, size=(height, width), mode="bilinear")[0]
