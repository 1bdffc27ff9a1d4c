"""Padding of images to sizes that a number divides."""

import torch.nn.functional as F
from torch import Tensor


def pad_to_multiple(images: Tensor, multiple: int) -> Tensor:
    """Extend `images` at the bottom and right to the next multiple of `multiple`, repeating the edge.

    Args:
        images: Floating point, shape (batch, channels, height, width), at least one pixel.
        multiple: Number that divides the new height and width.

    Returns:
        The extended images; `images` itself where its size divides already.
    """
    bottom = -images.shape[-2] % multiple
    right = -images.shape[-1] % multiple
    return F.pad(images, (0, right, 0, bottom), mode="replicate") if bottom or right else images
