"""The input of a loss: predictions and truth of a batch, and the sums over pixels of losses."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.distributed
import torch.nn.functional as F
from torch import Tensor

Sum = Callable[[Tensor], Tensor]
"""Adds a tensor up over the processes of a run, and lets its gradient through."""

TINY = 1e-7
"""Keeps a quotient finite where no pixel is known; far below the one pixel that is the least otherwise."""


@dataclass(frozen=True)
class LossInput:
    """Predictions and truth of a batch.

    Attributes:
        log_probability: Logarithm of the class probabilities, float32, shape (batch, 8, height, width).
        truth: One-hot labels, or class probabilities, float32, shape (batch, 8, height, width); all 0 where
            the label is unknown.
        known: 1 where the label is known, else 0, float32, shape (batch, 1, height, width).
        weights: Weights of the classes, float32, shape (8,).
        total: Function that adds sums up over the processes.
        confidence: Weight of each pixel beside that of its class, 0..1, float32, shape
            (batch, height, width); None where all weigh the same.
    """

    log_probability: Tensor
    truth: Tensor
    known: Tensor
    weights: Tensor
    total: Sum
    confidence: Tensor | None = None

    @property
    def probability(self) -> Tensor:
        """Class probabilities, float32, shape (batch, 8, height, width)."""
        return self.log_probability.exp()

    @property
    def counted(self) -> Tensor:
        """Confidence where the label is known, else 0, float32, shape (batch, 1, height, width)."""
        return self.known if self.confidence is None else self.known * self.confidence[:, None]

    @property
    def log_probability_of_truth(self) -> Tensor:
        """Logarithm of the true class's probability, 0 where unknown, shape (batch, height, width).

        Of a truth of class probabilities it is the mean of the logarithms by these.
        """
        return (self.log_probability * self.truth).sum(1)

    def mean(self, loss: Tensor) -> Tensor:
        """Average a loss by pixel, weighted by class, over the known pixels of all processes.

        The weight of a pixel is that of its true class times the confidence, and the sum is divided by the
        sum of weights, as `torch.nn.functional.cross_entropy` does for labels of one class. Of a truth of
        class probabilities it is the mean of the classes' weights by these.

        Args:
            loss: Loss of each pixel, float32, shape (batch, height, width).
        """
        weight = (self.truth * self.weights.view(1, -1, 1, 1)).sum(1)
        if self.confidence is not None:
            weight = weight * self.confidence
        summed, weights = self.total(torch.stack([(loss * weight).sum(), weight.sum()]))
        mean: Tensor = summed / weights.clamp_min(TINY)
        return mean

    def overlap(self) -> tuple[Tensor, Tensor, Tensor]:
        """Count softly by class over the known pixels of all processes, each by its confidence.

        Returns:
            The sum of the probability over the true pixels, its sum over all known pixels, and the number of
            true pixels, each float32, shape (8,).
        """
        probability, counted = self.probability, self.counted
        truth = self.truth if self.confidence is None else self.truth * counted
        sums = [
            (probability * truth).sum((0, 2, 3)),
            (probability * counted).sum((0, 2, 3)),
            truth.sum((0, 2, 3)),
        ]
        hits, predicted, true = self.total(torch.stack(sums))
        return hits, predicted, true

    def gathered(self, values: Tensor) -> Tensor:
        """Set the values of all processes beside each other, and let the gradient of the own ones through.

        Args:
            values: Values of this process, shape (rows, pixels); each process has as many pixels.

        Returns:
            Values of all processes, shape (rows, pixels of all processes).
        """
        if self.total is single_process:
            return values
        rank, processes = torch.distributed.get_rank(), torch.distributed.get_world_size()
        after = (processes - 1 - rank) * values.shape[1]
        return self.total(F.pad(values, (rank * values.shape[1], after)))

    def mean_of_present(self, loss: Tensor, true: Tensor) -> Tensor:
        """Average a loss by class, weighted, over the classes that occur in the truth.

        Args:
            loss: Loss of each class, shape (8,).
            true: Number of true pixels of each class, shape (8,).
        """
        weight = self.weights * (true > 0)
        return (loss * weight).sum() / weight.sum().clamp_min(TINY)


def single_process(value: Tensor) -> Tensor:
    """Give the sum over the processes of a run that has only one."""
    return value
