"""Changes of brightness: what the same ground looks like in another light or under another radar.

They are applied to whole batches, on the device the network runs on. The parameters of a sample are a
function of the seed and its number, so that a resumed run sees the same images.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from oemsar.modalities import Modalities

_WHITE = 255.0
_LOOKS = (4, 8, 16, 32)
_MIN_BANK = 1 << 20
_PHOTOMETRY, _SPECKLE = 3, 4


@dataclass(frozen=True)
class Light:
    """Changes of one sample.

    Attributes:
        gain: of the radar amplitude in dB.
        looks: index of the number of looks of the speckle laid over the radar image; None for no speckle.
        offset: where in the speckle bank the sample's speckle begins, as a fraction 0..1 of what is free.
        brightness: added to the optical image, as a fraction of white.
        contrast: factor about the mean of the optical image.
        gamma: exponent of the optical image.
    """

    gain: float
    looks: int | None
    offset: float
    brightness: float
    contrast: float
    gamma: float


def draw_light(seed: int, number: int) -> Light:
    """The changes of sample `number`: gain within 3 dB, speckle in every other one, the rest by a fifth."""
    rng = np.random.default_rng([_PHOTOMETRY, seed, number])
    looks = int(rng.integers(2 * len(_LOOKS)))
    return Light(
        gain=rng.uniform(-3, 3),
        looks=looks if looks < len(_LOOKS) else None,
        offset=rng.random(),
        brightness=rng.uniform(-0.2, 0.2),
        contrast=rng.uniform(0.8, 1.2),
        gamma=math.exp(rng.uniform(-1, 1) * math.log(1.25)),
    )


class Augmentation:
    """Changes of brightness for the batches of one run."""

    def __init__(self, modalities: Modalities, side: int, seed: int) -> None:
        self._modalities = modalities
        self._seed = seed
        self._bank = speckle_bank(max(_MIN_BANK, 4 * side * side), seed)

    def __call__(self, images: Tensor, numbers: Tensor) -> Tensor:
        """Change each image of a batch in its own way.

        Args:
            images: digital numbers, uint8, shape (batch, channels, height, width), radar first.
            numbers: sample numbers, shape (batch,).

        Returns:
            Digital numbers within 0..255, float32, of the same shape and device.
        """
        lights = [draw_light(self._seed, int(number)) for number in numbers.tolist()]
        changed = images.float()
        self._bank = self._bank.to(images.device)
        for image, light in zip(changed, lights, strict=True):
            if self._modalities.has_sar:
                self._change_sar(image[0], light)
            if self._modalities.has_optical:
                change_optical(image[-3:], light)
        return changed.clamp_(0, _WHITE)

    def _change_sar(self, amplitude: Tensor, light: Light) -> None:
        """Gain and multiplicative speckle, in place; `amplitude` has shape (height, width)."""
        if light.looks is not None:
            draws = self._bank[light.looks]
            start = int(light.offset * (len(draws) - amplitude.numel()))
            amplitude.mul_(draws[start : start + amplitude.numel()].view(amplitude.shape))
        amplitude.mul_(10 ** (light.gain / 20))


def change_optical(image: Tensor, light: Light) -> None:
    """Gamma, contrast about the image's mean and brightness, in place.

    Args:
        image: digital numbers 0..255, floating point, any shape.
        light: what to change.
    """
    image.div_(_WHITE).pow_(light.gamma)
    mean = image.mean()
    image.sub_(mean).mul_(light.contrast).add_(mean + light.brightness).mul_(_WHITE)


def speckle_bank(draws: int, seed: int) -> Tensor:
    """Speckle drawn once, for samples to take stretches of: a stretch's pixels are independent draws.

    Fully developed speckle of L looks multiplies the intensity by a gamma variable of shape L and mean 1,
    and so the amplitude by its square root (Goodman 1976; Oliver and Quegan, Understanding Synthetic
    Aperture Radar Images, 2004, section 4.3). The factors are scaled to a mean of 1.

    Returns:
        Amplitude factors, float32, shape (4, draws), for 4, 8, 16 and 32 looks.
    """
    rng = np.random.default_rng([_SPECKLE, seed])
    bank = np.stack([np.sqrt(rng.standard_gamma(looks, draws, dtype=np.float32)) for looks in _LOOKS])
    return torch.from_numpy(bank / bank.mean(axis=1, keepdims=True))
