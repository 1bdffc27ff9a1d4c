"""Scores of a network on every subset of its inputs, of one pass over the tiles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from oemsar.config_file import Value
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.evaluate.config import EvaluateConfig
from oemsar.evaluate.confusion import confusion_matrix
from oemsar.evaluate.pixel_sample import known_pixels
from oemsar.evaluate.predictions import Predicted, predict_subsets
from oemsar.evaluate.reliability import Reliability, ReliabilityCounts, reliability, total
from oemsar.evaluate.scores import Scores
from oemsar.evaluate.tables import percent
from oemsar.inference.engine import Engine
from oemsar.inputs import Inputs
from oemsar.legend import NAMES, NUM_CLASSES
from oemsar.masked import all_subsets, subset_of
from oemsar.models.joint import JointSpec
from oemsar.text_table import csv_table, markdown_table

RELIABILITY_PIXELS = 1 << 16
"""Most pixels of a tile whose probabilities are scored: counting all would take longer than a GPU's map."""


class SubsetScores(Value):
    """Scores of a network that is given some of its inputs."""

    inputs: str
    """Names of the inputs, joined by a plus."""
    tiles: int
    """Number of tiles: those that have all of these inputs, whatever else they have."""
    scores: Scores
    """Scores over all their pixels."""
    reliability: Reliability
    """Scores of the probabilities, on a regular grid of pixels."""

    def content(self) -> dict[str, JsonValue]:
        """Give plain values."""
        return {
            "inputs": self.inputs,
            "tiles": self.tiles,
            **self.scores.to_dict(),
            "reliability": self.reliability.model_dump(mode="json"),
        }


@dataclass
class _Count:
    """Counts of one subset, which grow tile by tile."""

    tiles: int = 0
    confusion: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((NUM_CLASSES, NUM_CLASSES), dtype=np.int64)
    )
    believed: ReliabilityCounts = field(default_factory=lambda: total(()))


class SubsetTally:
    """Counts of every subset of some inputs.

    Args:
        inputs: Inputs of the network.
    """

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self._counts = {subset.names: _Count() for subset in all_subsets(inputs)}

    def predict(self, tiles: Sequence[Tile], engine: Engine) -> Iterator[Predicted]:
        """Predict tiles from every subset of what they have, and yield what all of it together gives.

        Raises:
            InputError: An image or a label is not as it must be, or they differ in size.
            Failure: The network gives something other than probabilities for a tile, which is named.
        """
        for used, predicted in predict_subsets(tiles, engine):
            count = self._counts[used.names]
            count.tiles += 1
            count.confusion += confusion_matrix(predicted.truth, predicted.prediction)
            count.believed += ReliabilityCounts.of(*known_pixels(predicted, RELIABILITY_PIXELS))
            if len(used) == sum(name in predicted.tile.inputs for name in self._inputs.names):
                yield predicted

    def scores(self) -> tuple[SubsetScores, ...]:
        """Score every subset that some tile has, the smaller first."""
        return tuple(
            SubsetScores(
                inputs="+".join(names),
                tiles=count.tiles,
                scores=Scores.from_confusion(count.confusion),
                reliability=reliability(count.believed),
            )
            for names, count in self._counts.items()
            if count.tiles
        )


def given_inputs(spec: JointSpec, config: EvaluateConfig) -> Inputs:
    """Find the inputs that networks are given: those of the options, or all that they see.

    Raises:
        InputError: No network sees one of them, or one needs others too.
    """
    if config.each_subset and not spec.all_take_any:
        raise InputError(
            f"the model needs all of {spec.modalities}; train one of fusion any to leave some out",
            option="each_subset",
        )
    if config.inputs is None:
        return spec.modalities
    given = subset_of(spec.modalities, config.inputs, any_subset=spec.takes_any)
    spec.require_seen(given)
    return given


def subsets_csv(rows: Sequence[SubsetScores]) -> str:
    """Write CSV of fractions 0..1, one row a subset; an absent score is an empty cell."""
    by_class = [f"iou_{name}" for name in NAMES]
    table: list[tuple[object, ...]] = [
        ("inputs", "tiles", "miou", "overall_accuracy", "calibration_error", *by_class)
    ]
    table += [(row.inputs, row.tiles, *_numbers(row)) for row in rows]
    return csv_table(table)


def subsets_markdown(rows: Sequence[SubsetScores]) -> str:
    """Write a Markdown table of percent, one row a subset."""
    headings = ("Inputs", "Tiles", "mIoU", "OA", "Calibration error", *NAMES)
    cells = [(row.inputs, str(row.tiles), *map(percent, _numbers(row))) for row in rows]
    return markdown_table(headings, cells) + "\n"


def _numbers(row: SubsetScores) -> tuple[float | None, ...]:
    """List mIoU, overall accuracy, calibration error, and the IoU of each class."""
    scores = row.scores
    by_class = [each.iou for each in scores.classes.values()]
    return scores.miou, scores.overall_accuracy, row.reliability.calibration_error, *by_class
