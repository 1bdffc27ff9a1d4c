"""A network of one convolution, and images of any sizes."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec


def pixel_network() -> LandCoverNetwork:
    """A convolution by pixel with random weights that are the same each time."""
    torch.manual_seed(0)
    spec = ModelSpec(architecture="unet", encoder="none", modalities="sar", mean=(60.0,), std=(40.0,))
    return LandCoverNetwork(spec, nn.Conv2d(1, 8, 1), 1).eval()


def images(*sizes: tuple[int, int]) -> list[NDArray[np.uint8]]:
    """Noise of one channel, of these heights and widths."""
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (1, *size), np.uint8) for size in sizes]
