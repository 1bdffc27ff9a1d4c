"""The Lovász-softmax loss, alone and for labels with errors."""

import torch
from torch import Tensor

from oemsar.train.loss_input import TINY, LossInput
from oemsar.train.losses import symmetric_cross_entropy


def lovasz(pixels: LossInput) -> Tensor:
    """Compute the Lovász-softmax loss (Berman et al. 2018), averaged over the classes that occur.

    Of a class, the error of a pixel is 1 - p where it is true and p elsewhere. The loss is the Jaccard loss
    of the set of wrong pixels, extended to errors between 0 and 1: with the pixels in the order of falling
    errors, the sum of each error times the growth of the Jaccard loss as its pixel becomes wrong, too
    (equations 8 and 9 there). It is one of all pixels of the batch together, each counted by its confidence.
    """
    known, counted = (each.movedim(1, 0).flatten(1) for each in (pixels.known, pixels.counted))
    truth = pixels.truth.movedim(1, 0).flatten(1)
    error = (truth - pixels.probability.movedim(1, 0).flatten(1)).abs() * known
    count = len(truth)
    rows = pixels.gathered(torch.cat([error, truth, counted]))
    error, truth, counted = rows[:count], rows[count:-1], rows[-1:]
    sorted_error, order = error.sort(dim=1, descending=True, stable=True)
    positive = (truth * counted).gather(1, order)
    negative = ((1 - truth) * counted).gather(1, order)
    growth, true = _jaccard_growth(positive, negative)
    return pixels.mean_of_present((sorted_error * growth).sum(1), true)


def symmetric_cross_entropy_and_lovasz(pixels: LossInput) -> Tensor:
    """Add symmetric cross entropy (Wang et al. 2019) and Lovász-softmax loss, for labels with errors."""
    return symmetric_cross_entropy(pixels) + lovasz(pixels)


def _jaccard_growth(positive: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
    """Compute how much the Jaccard loss grows with each pixel that becomes wrong, one after the other.

    With P true pixels, of which p are wrong, and n wrong ones elsewhere, the loss is 1 - (P - p) / (P + n).
    Its growth is written out, since the difference of two losses of a million pixels has few digits.

    Args:
        positive: Weight of each pixel where it is true, else 0, shape (classes, pixels).
        negative: Weight of each pixel where it is not, else 0, shape (classes, pixels).

    Returns:
        The growth, shape (classes, pixels), and P, shape (classes,).
    """
    true = positive.sum(1, keepdim=True)
    hits = true - positive.cumsum(1)
    union = (true + negative.cumsum(1)).clamp_min(TINY)
    before = (union - negative).clamp_min(TINY)
    return positive / union + negative * hits / (union * before), true[:, 0]
