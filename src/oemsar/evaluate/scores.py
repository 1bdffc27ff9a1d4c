"""Scores of a class map, from its confusion matrix and nothing else."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from oemsar.legend import NAMES, NUM_CLASSES


@dataclass(frozen=True)
class ClassScores:
    """Scores of one class, fractions 0..1.

    From the pixels that are the class and were taken for it (tp), were taken for it but are another (fp),
    and are the class but were taken for another (fn). All four are None for a class that is absent from
    truth and prediction; recall is None for a class that is absent from the truth.

    Attributes:
        iou: Intersection over union, the Jaccard index: tp / (tp + fp + fn).
        precision: Precision, tp / (tp + fp); 0 for a class of the truth that was never predicted.
        recall: Recall, tp / (tp + fn).
        f1: F1 score, the Dice coefficient: 2 tp / (2 tp + fp + fn).
    """

    iou: float | None
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class Scores:
    """Scores over all the pixels of a confusion matrix.

    Attributes:
        confusion: Pixel counts in legend order, eight rows of truth with eight columns of prediction.
    """

    confusion: tuple[tuple[int, ...], ...]

    @classmethod
    def from_confusion(cls, confusion: NDArray[np.integer[Any]]) -> Self:
        """Score a confusion matrix of pixel counts, shape (8, 8), rows truth, columns prediction.

        Raises:
            ValueError: It has another shape, or holds anything but counts.
        """
        if confusion.shape != (NUM_CLASSES, NUM_CLASSES):
            raise ValueError(f"confusion has shape {confusion.shape}, not {(NUM_CLASSES, NUM_CLASSES)}")
        if not np.issubdtype(confusion.dtype, np.integer) or confusion.min() < 0:
            raise ValueError("confusion holds something else than pixel counts")
        return cls(tuple(tuple(int(count) for count in row) for row in confusion))

    @cached_property
    def classes(self) -> dict[str, ClassScores]:
        """Scores of each class by its name, in legend order."""
        columns = list(zip(*self.confusion, strict=True))
        return {
            name: _class_scores(self.confusion[index][index], sum(self.confusion[index]), sum(columns[index]))
            for index, name in enumerate(NAMES)
        }

    @cached_property
    def miou(self) -> float | None:
        """Mean IoU over the classes that occur in truth or prediction; None where nothing was scored."""
        present = [scores.iou for scores in self.classes.values() if scores.iou is not None]
        return sum(present) / len(present) if present else None

    @cached_property
    def overall_accuracy(self) -> float | None:
        """Fraction of the pixels of known truth that were predicted right; None where there are none."""
        total = sum(sum(row) for row in self.confusion)
        return sum(_diagonal(self.confusion)) / total if total else None

    def to_dict(self) -> dict[str, JsonValue]:
        """Give plain values: scores of every class by name, their mean, and the matrix; null for absent."""
        return {
            "classes": {name: asdict(scores) for name, scores in self.classes.items()},
            "miou": self.miou,
            "overall_accuracy": self.overall_accuracy,
            "confusion": [list(row) for row in self.confusion],
        }


def _class_scores(hits: int, in_truth: int, in_prediction: int) -> ClassScores:
    """Score one class from its counts: predicted right, in the truth, in the prediction."""
    if in_truth + in_prediction == 0:
        return ClassScores(None, None, None, None)
    return ClassScores(
        iou=hits / (in_truth + in_prediction - hits),
        precision=hits / in_prediction if in_prediction else 0.0,
        recall=hits / in_truth if in_truth else None,
        f1=2 * hits / (in_truth + in_prediction),
    )


def _diagonal(confusion: Sequence[Sequence[int]]) -> list[int]:
    return [row[index] for index, row in enumerate(confusion)]
