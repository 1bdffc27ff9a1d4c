"""Losses of a batch, in which unknown pixels (label 0) take no part.

Every loss is a function of sums over pixels. In a distributed run the sums are added up over the
processes before anything is divided, so that the loss, and its gradient, is that of the whole batch.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from oemsar.legend import NUM_CLASSES
from oemsar.train.registry import LOSSES

Sum = Callable[[Tensor], Tensor]
"""Adds a tensor up over the processes of a run, and lets its gradient through."""

_TINY = 1e-7
"""Keeps a quotient finite where no pixel is known; far below the one pixel that is the least otherwise."""


@dataclass(frozen=True)
class LossInput:
    """Predictions and truth of a batch.

    Attributes:
        log_probability: Logarithm of the class probabilities, float32, shape (batch, 8, height, width).
        truth: One-hot labels, float32, shape (batch, 8, height, width); all 0 where the label is unknown.
        known: 1 where the label is known, else 0, float32, shape (batch, 1, height, width).
        weights: Weights of the classes, float32, shape (8,).
        total: Function that adds sums up over the processes.
    """

    log_probability: Tensor
    truth: Tensor
    known: Tensor
    weights: Tensor
    total: Sum

    @property
    def probability(self) -> Tensor:
        """Class probabilities, float32, shape (batch, 8, height, width)."""
        return self.log_probability.exp()

    @property
    def log_probability_of_truth(self) -> Tensor:
        """Logarithm of the true class's probability, 0 where unknown, shape (batch, height, width)."""
        return (self.log_probability * self.truth).sum(1)

    def mean(self, loss: Tensor) -> Tensor:
        """Average a loss by pixel, weighted by class, over the known pixels of all processes.

        The weight of a pixel is that of its true class, and the sum is divided by the sum of weights, as
        `torch.nn.functional.cross_entropy` does.

        Args:
            loss: Loss of each pixel, float32, shape (batch, height, width).
        """
        weight = (self.truth * self.weights.view(1, -1, 1, 1)).sum(1)
        summed, weights = self.total(torch.stack([(loss * weight).sum(), weight.sum()]))
        mean: Tensor = summed / weights.clamp_min(_TINY)
        return mean

    def overlap(self) -> tuple[Tensor, Tensor, Tensor]:
        """Count softly by class over the known pixels of all processes.

        Returns:
            The sum of the probability over the true pixels, its sum over all known pixels, and the number of
            true pixels, each float32, shape (8,).
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
        """Average a loss by class, weighted, over the classes that occur in the truth.

        Args:
            loss: Loss of each class, shape (8,).
            true: Number of true pixels of each class, shape (8,).
        """
        weight = self.weights * (true > 0)
        return (loss * weight).sum() / weight.sum().clamp_min(_TINY)


def cross_entropy(pixels: LossInput) -> Tensor:
    """Compute the cross entropy."""
    return pixels.mean(-pixels.log_probability_of_truth)


def dice(pixels: LossInput) -> Tensor:
    """Compute the soft Dice loss, 1 - 2 |A and B| / (|A| + |B|) by class (Milletari et al. 2016)."""
    hits, predicted, true = pixels.overlap()
    return pixels.mean_of_present(1 - 2 * hits / (predicted + true).clamp_min(_TINY), true)


def jaccard(pixels: LossInput) -> Tensor:
    """Compute the soft Jaccard loss, 1 - |A and B| / |A or B| by class (Rahman and Wang 2016)."""
    hits, predicted, true = pixels.overlap()
    return pixels.mean_of_present(1 - hits / (predicted + true - hits).clamp_min(_TINY), true)


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


def single_process(value: Tensor) -> Tensor:
    """Give the sum over the processes of a run that has only one."""
    return value


def compute_loss(
    name: str, logits: Tensor, label: Tensor, weights: Tensor, total: Sum = single_process
) -> Tensor:
    """Compute the loss of a batch.

    Args:
        name: Name in `oemsar.train.registry.LOSSES`.
        logits: Logits of the classes, floating point, shape (batch, 8, height, width).
        label: Class ids 0..8, uint8, shape (batch, height, width).
        weights: Weights of the classes, float32, shape (8,).
        total: Function that adds sums up over the processes that share the batch.

    Returns:
        A scalar; 0 with zero gradient where no pixel is known.

    Raises:
        InputError: The loss is not known.
    """
    ids = torch.arange(1, NUM_CLASSES + 1, dtype=label.dtype, device=label.device).view(1, -1, 1, 1)
    pixels = LossInput(
        log_probability=logits.float().log_softmax(1),
        truth=(label[:, None] == ids).float(),
        known=(label[:, None] > 0).float(),
        weights=weights,
        total=total,
    )
    return LOSSES.find(name)(pixels)
