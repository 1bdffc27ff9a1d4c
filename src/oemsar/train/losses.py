"""Losses of a batch, in which unknown pixels (label 0) take no part.

Every loss is a function of sums over pixels. In a distributed run the sums are added up over the
processes before anything is divided, so that the loss, and its gradient, is that of the whole batch.
"""

import torch
from torch import Tensor

from oemsar.legend import NUM_CLASSES
from oemsar.train.loss_input import TINY, LossInput, Sum, single_process
from oemsar.train.registry import LOSSES


def cross_entropy(pixels: LossInput) -> Tensor:
    """Compute the cross entropy."""
    return pixels.mean(-pixels.log_probability_of_truth)


def dice(pixels: LossInput) -> Tensor:
    """Compute the soft Dice loss, 1 - 2 |A and B| / (|A| + |B|) by class (Milletari et al. 2016)."""
    hits, predicted, true = pixels.overlap()
    return pixels.mean_of_present(1 - 2 * hits / (predicted + true).clamp_min(TINY), true)


def jaccard(pixels: LossInput) -> Tensor:
    """Compute the soft Jaccard loss, 1 - |A and B| / |A or B| by class (Rahman and Wang 2016)."""
    hits, predicted, true = pixels.overlap()
    return pixels.mean_of_present(1 - hits / (predicted + true - hits).clamp_min(TINY), true)


def focal(pixels: LossInput, gamma: float = 2.0) -> Tensor:
    """Compute the focal loss, -(1 - p)^gamma log p of the true class (Lin et al. 2017, gamma as there)."""
    log_p = pixels.log_probability_of_truth
    return pixels.mean(-((1 - log_p.exp()) ** gamma) * log_p)


def symmetric_cross_entropy(pixels: LossInput, forward: float = 0.1, reverse: float = 1.0) -> Tensor:
    """Add cross entropy and reverse cross entropy, for labels with errors (Wang et al. 2019).

    The reverse term is -Σ p log(t) over the classes, with the zeros of the one-hot truth t clamped to
    1e-4; weights and clamp are those the authors use for CIFAR-10.
    """
    log_truth = pixels.truth.clamp_min(1e-4).log()
    reversed_term = -(pixels.probability * log_truth).sum(1)
    return pixels.mean(forward * -pixels.log_probability_of_truth + reverse * reversed_term)


def generalised_cross_entropy(pixels: LossInput, q: float = 0.7) -> Tensor:
    """Compute (1 - p^q) / q of the true class, for labels with errors (Zhang and Sabuncu 2018)."""
    return pixels.mean((1 - (q * pixels.log_probability_of_truth).exp()) / q)


def cross_entropy_and_dice(pixels: LossInput) -> Tensor:
    """Add cross entropy and Dice loss."""
    return cross_entropy(pixels) + dice(pixels)


def compute_loss(
    name: str,
    logits: Tensor,
    label: Tensor,
    weights: Tensor,
    total: Sum = single_process,
    *,
    confidence: Tensor | None = None,
    soft: Tensor | None = None,
) -> Tensor:
    """Compute the loss of a batch.

    Args:
        name: Name in `oemsar.train.registry.LOSSES`.
        logits: Logits of the classes, floating point, shape (batch, 8, height, width).
        label: Class ids 0..8, uint8, shape (batch, height, width).
        weights: Weights of the classes, float32, shape (8,).
        total: Function that adds sums up over the processes that share the batch.
        confidence: Weight of each pixel, 0..1, float32, shape (batch, height, width); None for 1 everywhere.
        soft: Class probabilities to train on in the place of the labels where these are known, float32, shape
            (batch, 8, height, width).

    Returns:
        A scalar; 0 with zero gradient where no pixel is known.

    Raises:
        InputError: The loss is not known.
    """
    ids = torch.arange(1, NUM_CLASSES + 1, dtype=label.dtype, device=label.device).view(1, -1, 1, 1)
    known = (label[:, None] > 0).float()
    pixels = LossInput(
        log_probability=logits.float().log_softmax(1),
        truth=(label[:, None] == ids).float() if soft is None else soft * known,
        known=known,
        weights=weights,
        total=total,
        confidence=confidence,
    )
    return LOSSES.find(name)(pixels)
