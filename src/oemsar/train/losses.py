"""Losses by name. Unknown pixels (label 0) take no part in any of them.

Every loss is a function of sums over pixels. In a distributed run the sums are added up over the
processes before anything is divided, so that the loss, and its gradient, is that of the whole batch.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from oemsar.legend import NUM_CLASSES

Sum = Callable[[Tensor], Tensor]
"""Adds a tensor up over the processes of a run, and lets its gradient through."""

_TINY = 1e-7
"""Keeps a quotient finite where no pixel is known; far below the one pixel that is the least otherwise."""


@dataclass(frozen=True)
class Pixels:
    """Predictions and truth of a batch.

    Attributes:
        log_probability: float32, shape (batch, 8, height, width).
        truth: one-hot, float32, same shape; all 0 where the label is unknown.
        known: 1 where the label is known, float32, shape (batch, 1, height, width).
        weights: of the classes, float32, shape (8,).
        total: adds sums up over the processes.
    """

    log_probability: Tensor
    truth: Tensor
    known: Tensor
    weights: Tensor
    total: Sum

    @property
    def probability(self) -> Tensor:
        """Class probabilities, same shape as `log_probability`."""
        return self.log_probability.exp()

    @property
    def log_probability_of_truth(self) -> Tensor:
        """Logarithm of the probability given to the true class, 0 where unknown, shape (batch, h, w)."""
        return (self.log_probability * self.truth).sum(1)

    def mean(self, loss: Tensor) -> Tensor:
        """Mean of a loss by pixel, weighted by class, over the known pixels of all processes.

        The weight of a pixel is that of its true class, and the sum is divided by the sum of weights, as
        `torch.nn.functional.cross_entropy` does.

        Args:
            loss: float32, shape (batch, height, width).
        """
        weight = (self.truth * self.weights.view(1, -1, 1, 1)).sum(1)
        summed, weights = self.total(torch.stack([(loss * weight).sum(), weight.sum()]))
        mean: Tensor = summed / weights.clamp_min(_TINY)
        return mean

    def overlap(self) -> tuple[Tensor, Tensor, Tensor]:
        """Soft counts by class over the known pixels of all processes, each of shape (8,).

        Returns:
            The probability on the true pixels, the probability everywhere, and the true pixels.
        """
        probability = self.probability
        sums = [
            (probability * self.truth).sum((0, 2, 3)),
            (probability * self.known).sum((0, 2, 3)),
            self.truth.sum((0, 2, 3)),
        ]
        hits, predicted, true = self.total(torch.stack(sums))
        return hits, predicted, true

    def mean_of_present(self, loss: Tensor, true: Tensor) -> Tensor:
        """Weighted mean of a loss by class over the classes that occur in the truth.

        Args:
            loss: shape (8,).
            true: true pixels of each class, shape (8,).
        """
        weight = self.weights * (true > 0)
        return (loss * weight).sum() / weight.sum().clamp_min(_TINY)


def cross_entropy(pixels: Pixels) -> Tensor:
    """Cross entropy."""
    return pixels.mean(-pixels.log_probability_of_truth)


def dice(pixels: Pixels) -> Tensor:
    """Soft Dice loss over the batch, 1 - 2 |A and B| / (|A| + |B|) by class (Milletari et al. 2016)."""
    hits, predicted, true = pixels.overlap()
    return pixels.mean_of_present(1 - 2 * hits / (predicted + true).clamp_min(_TINY), true)


def jaccard(pixels: Pixels) -> Tensor:
    """Soft Jaccard loss over the batch, 1 - |A and B| / |A or B| by class (Rahman and Wang 2016)."""
    hits, predicted, true = pixels.overlap()
    return pixels.mean_of_present(1 - hits / (predicted + true - hits).clamp_min(_TINY), true)


def focal(pixels: Pixels, gamma: float = 2.0) -> Tensor:
    """Focal loss, -(1 - p)^gamma log p of the true class (Lin et al. 2017); gamma = 2 as published."""
    log_p = pixels.log_probability_of_truth
    return pixels.mean(-((1 - log_p.exp()) ** gamma) * log_p)


def symmetric_cross_entropy(pixels: Pixels, forward: float = 0.1, reverse: float = 1.0) -> Tensor:
    """Cross entropy and reverse cross entropy, for labels with errors (Wang et al. 2019).

    The reverse term is -Σ p log(t) over the classes, with the zeros of the one-hot truth t clamped to
    1e-4; weights and clamp are those the authors use for CIFAR-10.
    """
    log_truth = pixels.truth.clamp_min(1e-4).log()
    reversed_term = -(pixels.probability * log_truth).sum(1)
    return pixels.mean(forward * -pixels.log_probability_of_truth + reverse * reversed_term)


def generalised_cross_entropy(pixels: Pixels, q: float = 0.7) -> Tensor:
    """(1 - p^q) / q of the true class, for labels with errors (Zhang and Sabuncu 2018); q as published."""
    return pixels.mean((1 - (q * pixels.log_probability_of_truth).exp()) / q)


def cross_entropy_and_dice(pixels: Pixels) -> Tensor:
    """Sum of cross entropy and Dice loss."""
    return cross_entropy(pixels) + dice(pixels)


LOSSES: dict[str, Callable[[Pixels], Tensor]] = {
    "ce+dice": cross_entropy_and_dice,
    "ce": cross_entropy,
    "dice": dice,
    "focal": focal,
    "jaccard": jaccard,
    "symmetric_ce": symmetric_cross_entropy,
    "generalised_ce": generalised_cross_entropy,
}
"""To add a loss, write a function of `Pixels` and name it here and in `oemsar.train.config.LossName`."""


def alone(value: Tensor) -> Tensor:
    """The sum over the processes of a run that has only one."""
    return value


def compute_loss(name: str, logits: Tensor, label: Tensor, weights: Tensor, total: Sum = alone) -> Tensor:
    """The loss of a batch.

    Args:
        name: key of `LOSSES`.
        logits: floating point, shape (batch, 8, height, width).
        label: class ids 0..8, uint8, shape (batch, height, width).
        weights: of the classes, float32, shape (8,).
        total: adds sums up over the processes that share the batch.

    Returns:
        A scalar; 0 with zero gradient where no pixel is known.
    """
    ids = torch.arange(1, NUM_CLASSES + 1, dtype=label.dtype, device=label.device).view(1, -1, 1, 1)
    pixels = Pixels(
        log_probability=logits.float().log_softmax(1),
        truth=(label[:, None] == ids).float(),
        known=(label[:, None] > 0).float(),
        weights=weights,
        total=total,
    )
    return LOSSES[name](pixels)
