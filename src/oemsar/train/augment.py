"""Changes of brightness: the same ground in another light or under another radar.

They are applied to whole batches, on the device the network runs on. The parameters of a sample are a
function of the seed and its number, so that a resumed run sees the same images.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from oemsar.inputs import Inputs, Kind

_WHITE = 255.0
_LOOKS = (4, 8, 16, 32)
_MIN_BANK = 1 << 20
_PHOTOMETRY, _SPECKLE = 3, 4
_COLOURS = 3


@dataclass(frozen=True)
class Photometry:
    """Changes of brightness of one sample.

    Attributes:
        gain: Gain of the radar amplitude, in dB.
        looks: Index of the number of looks of the speckle laid over the radar image; None for no speckle.
        offset: Start of the sample's speckle in the speckle bank, as a fraction 0..1 of the possible starts.
        brightness: Offset added to the optical image, as a fraction of white.
        contrast: Factor of the optical image about its mean.
        gamma: Exponent of the optical image.
        remap: Exponent of the radar amplitude as a fraction of white; 1 leaves it as it is.
        colours: Gain of each colour of the optical image; none leaves them as they are.
    """

    gain: float
    looks: int | None
    offset: float
    brightness: float
    contrast: float
    gamma: float
    remap: float = 1.0
    colours: tuple[float, ...] = ()


def draw_photometry(seed: int, number: int, strength: float = 1.0) -> Photometry:
    """Draw the changes of a sample: gain within 3 dB, speckle in every other sample, the rest by a fifth.

    Args:
        seed: Seed of the run.
        number: Number of the sample.
        strength: Factor of the ranges; speckle is the same with any but 0, with which nothing changes. Above
            1, radar is also remapped and the colours change one by one, as between sensors and seasons.
    """
    rng = np.random.default_rng([_PHOTOMETRY, seed, number])
    looks = int(rng.integers(2 * len(_LOOKS)))
    ordinary = Photometry(
        gain=strength * rng.uniform(-3, 3),
        looks=looks if looks < len(_LOOKS) and strength > 0 else None,
        offset=rng.random(),
        brightness=strength * rng.uniform(-0.2, 0.2),
        contrast=rng.uniform(1 - 0.2 * strength, 1 + 0.2 * strength),
        gamma=math.exp(strength * rng.uniform(-1, 1) * math.log(1.25)),
    )
    if strength <= 1:
        return ordinary
    beyond = (strength - 1) * rng.uniform(-1, 1, 1 + _COLOURS) * np.log([1.25, *_COLOURS * (1.1,)])
    remap, *colours = np.exp(beyond).tolist()
    return replace(ordinary, remap=remap, colours=tuple(colours))


class Augmentation:
    """Changes of brightness for the batches of one run.

    Args:
        inputs: Images of the batches.
        side: Side of a crop, in pixels.
        seed: Seed of the run.
        strength: Factor of the ranges of the changes.
    """

    def __init__(self, inputs: Inputs, side: int, seed: int, strength: float = 1.0) -> None:
        self._inputs = inputs
        self._seed = seed
        self._strength = strength
        self._bank = speckle_bank(max(_MIN_BANK, 4 * side * side), seed)

    def __call__(self, images: Tensor, numbers: Tensor) -> Tensor:
        """Change each image of a batch in its own way, by the kind of each input.

        Radar gets another gain and speckle, optical images and reflectance another light; all that is light
        changes together, as in the light of another moment. Heights and other measures stay as they are.

        Args:
            images: Images, uint8 or float32, shape (batch, channels, height, width), channels as `inputs`.
            numbers: Sample numbers, shape (batch,).

        Returns:
            Images, float32, of the same shape and device; grey values within 0..255.
        """
        changes = [draw_photometry(self._seed, int(number), self._strength) for number in numbers.tolist()]
        changed = images.clone() if images.is_floating_point() else images.float()
        self._bank = self._bank.to(images.device)
        for image, change in zip(changed, changes, strict=True):
            for part in self._inputs:
                self._change(image[self._inputs.slice_of(part.name)], part.kind, change)
        for part in self._inputs:
            if part.is_bytes:
                changed[:, self._inputs.slice_of(part.name)].clamp_(0, _WHITE)
        return changed

    def _change(self, image: Tensor, kind: Kind, change: Photometry) -> None:
        """Change one input of a sample, shape (channels, height, width), in place."""
        if kind == "radar":
            for number, amplitude in enumerate(image):
                self._change_sar(amplitude, change, number)
        elif kind == "optical":
            change_optical(image, change)
        elif kind == "reflectance":
            change_reflectance(image, change)

    def _change_sar(self, amplitude: Tensor, change: Photometry, polarisation: int) -> None:
        """Apply gain and multiplicative speckle, in place, to an amplitude of shape (height, width).

        The speckle of a second polarisation is another stretch of the bank, half of it away.
        """
        if change.looks is not None:
            draws = self._bank[change.looks]
            offset = (change.offset + polarisation / 2) % 1
            start = int(offset * (len(draws) - amplitude.numel()))
            amplitude.mul_(draws[start : start + amplitude.numel()].view(amplitude.shape))
        if change.remap != 1:
            amplitude.div_(_WHITE).pow_(change.remap).mul_(_WHITE)
        amplitude.mul_(10 ** (change.gain / 20))


def change_optical(image: Tensor, change: Photometry) -> None:
    """Apply gamma, gains of colours, contrast about the image's mean and brightness, in place.

    Args:
        image: Digital numbers 0..255, floating point, any shape; colours first where they have gains.
        change: Changes of the sample.
    """
    image.div_(_WHITE).pow_(change.gamma)
    for gain, colour in zip(change.colours, image, strict=False):
        colour.mul_(gain)
    mean = image.mean()
    image.sub_(mean).mul_(change.contrast).add_(mean + change.brightness).mul_(_WHITE)


def change_reflectance(image: Tensor, change: Photometry) -> None:
    """Apply contrast about the mean of each channel and brightness as a fraction of it, in place.

    A reflectance has no white, so that there is no gamma and brightness is a gain.

    Args:
        image: Values in any unit, floating point, shape (channels, height, width); NaN where there are none.
        change: Changes of the sample.
    """
    mean = image.nanmean((1, 2), keepdim=True)
    image.sub_(mean).mul_(change.contrast).add_(mean).mul_(1 + change.brightness)


def speckle_bank(draws: int, seed: int) -> Tensor:
    """Draw speckle once, for samples to take stretches of: a stretch's pixels are independent draws.

    Fully developed speckle of L looks multiplies the intensity by a gamma variable of shape L and mean 1,
    and so the amplitude by its square root (Goodman 1976; Oliver and Quegan, Understanding Synthetic
    Aperture Radar Images, 2004, section 4.3). The factors are scaled to a mean of 1.

    Args:
        draws: Number of draws for each number of looks.
        seed: Seed of the draws.

    Returns:
        Amplitude factors, float32, shape (4, draws), for 4, 8, 16 and 32 looks.
    """
    rng = np.random.default_rng([_SPECKLE, seed])
    bank = np.stack([np.sqrt(rng.standard_gamma(looks, draws, dtype=np.float32)) for looks in _LOOKS])
    return torch.from_numpy(bank / bank.mean(axis=1, keepdims=True))
