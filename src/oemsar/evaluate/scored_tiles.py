"""Tiles of an evaluation, scored in one pass: pixels in one matrix, probabilities by region."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oemsar.dataset.pixels import read_picture
from oemsar.dataset.tile import Tile
from oemsar.evaluate.confusion import confusion_matrix
from oemsar.evaluate.figure import Comparison
from oemsar.evaluate.pixel_sample import known_pixels, region_of
from oemsar.evaluate.predictions import Predicted
from oemsar.evaluate.reliability import Reliability, ReliabilityCounts, reliability, total
from oemsar.evaluate.scores import Scores
from oemsar.evaluate.subsets import RELIABILITY_PIXELS
from oemsar.legend import NUM_CLASSES
from oemsar.progress import Report


@dataclass(frozen=True)
class ScoredTiles:
    """Tiles that were predicted.

    Attributes:
        scores: Scores over all pixels.
        comparisons: Rows of the figure.
        regions: Counts of the probabilities by region.
    """

    scores: Scores
    comparisons: list[Comparison]
    regions: dict[str, ReliabilityCounts]

    def reliability(self, *, sets: bool) -> dict[str, Reliability]:
        """Score the probabilities over all regions, under `all`, and in each."""
        counts = {"all": total(self.regions.values()), **dict(sorted(self.regions.items()))}
        return {name: reliability(each, sets=sets) for name, each in counts.items()}


def score_tiles(
    tiles: int,
    predictions: Iterator[Predicted],
    drawn: set[int],
    thresholds: NDArray[np.float32] | None,
    report: Report,
) -> ScoredTiles:
    """Score the tiles, one after the other, and keep the maps of those to be drawn."""
    regions: dict[str, ReliabilityCounts] = {}
    confusion = np.zeros((NUM_CLASSES, NUM_CLASSES), dtype=np.int64)
    comparisons = []
    report(0, tiles)
    for index, predicted in enumerate(predictions):
        confusion += confusion_matrix(predicted.truth, predicted.prediction)
        region = region_of(predicted)
        counts = ReliabilityCounts.of(*known_pixels(predicted, RELIABILITY_PIXELS), thresholds)
        regions[region] = regions[region] + counts if region in regions else counts
        if index in drawn:
            comparisons.append(_comparison(predicted.tile, predicted.truth, predicted.prediction))
        report(index + 1, tiles)
    return ScoredTiles(Scores.from_confusion(confusion), comparisons, regions)


def _comparison(tile: Tile, truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> Comparison:
    """Make the row of a tile in the figure, with every image it has, seen by the network or not."""
    return Comparison(
        name=tile.name,
        optical=read_picture(tile, "optical"),
        sar=read_picture(tile, "sar"),
        truth=truth,
        prediction=prediction,
    )
