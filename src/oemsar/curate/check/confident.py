"""Labels that are likely wrong, by confident learning from probabilities of models that did not see them.

Northcutt, Jiang and Chuang (2021, Confident learning: estimating uncertainty in dataset labels, Journal of
Artificial Intelligence Research 70): the threshold of a class is the mean probability of the class over the
pixels that are labelled with it. A pixel whose probability of another class reaches the threshold of that
class is in doubt, and the most probable of such classes is the one suggested. Two passes over the tiles, one
for the thresholds and one for the doubts: memory does not grow with them.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.arrays import Doubles
from oemsar.config_file import Value
from oemsar.dataset.label_trust import read_soft_label
from oemsar.dataset.pixels import read_label
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.legend import NAMES, NUM_CLASSES
from oemsar.progress import Report, silent

_TOUCHING = np.ones((3, 3), np.int8)


class SuspectTile(Value):
    """A tile whose label is likely wrong."""

    tile: str
    """Name of the tile."""
    doubtful_share: float
    """Share of its labelled pixels that are in doubt, 0..1."""
    score: float
    """Mean over its labelled pixels of the excess of the suggested class where they are in doubt, 0..1."""


class SuspectSegment(Value):
    """A segment of a label that is likely wrong."""

    tile: str
    """Name of the tile."""
    row: int
    """First row of the segment."""
    column: int
    """First column of the segment."""
    height: int
    """Rows that it spans."""
    width: int
    """Columns that it spans."""
    pixels: int
    """Number of its pixels."""
    label: str
    """Class that it is labelled with."""
    suggested: str
    """Class that most of its doubtful pixels are taken for."""
    score: float
    """Mean over its pixels of the excess of the suggested class where they are in doubt, 0..1."""


class Doubts(Value):
    """Labels that are likely wrong."""

    tiles: int
    """Number of tiles that were compared."""
    doubtful_share: float
    """Share of their labelled pixels that are in doubt, 0..1."""
    thresholds: dict[str, float | None]
    """Threshold of each class; None for one that no pixel is labelled with."""
    confident_joint: tuple[tuple[int, ...], ...]
    """Pixels of each label, rows, that are confidently of each class, columns, in legend order."""
    worst_tiles: tuple[SuspectTile, ...]
    """Tiles most likely wrong, from the worst."""
    worst_segments: tuple[SuspectSegment, ...]
    """Segments most likely wrong, from the worst."""


class _Compared(NamedTuple):
    """Label of a tile beside probabilities of its classes.

    Attributes:
        label: Indices of the classes, -1 where unknown or without probabilities, shape (height, width).
        probabilities: Float32, shape (8, height, width).
    """

    label: NDArray[np.int8]
    probabilities: NDArray[np.float32]


@dataclass(eq=False)
class _Worst:
    """The items of the highest scores that were offered, a bounded number of them."""

    most: int
    heap: list[tuple[float, int, Value]] = field(default_factory=list)
    offered: int = 0

    def offer(self, score: float, item: Value) -> None:
        self.offered += 1
        entry = (score, -self.offered, item)
        if len(self.heap) < self.most:
            heapq.heappush(self.heap, entry)
        elif entry > self.heap[0]:
            heapq.heappushpop(self.heap, entry)

    def ordered(self) -> tuple[Value, ...]:
        return tuple(item for *_, item in sorted(self.heap, reverse=True))


def find_doubts(tiles: list[Tile], most: int, smallest: int, report: Report = silent) -> Doubts:
    """Rank tiles and segments by how likely their labels are wrong.

    Args:
        tiles: Tiles, each with its label and with the soft label of models that were not trained on it.
        most: Number of tiles and of segments to list.
        smallest: Pixels of a segment to list, at least.
        report: Called with the tiles read and the tiles to read, each counted twice.

    Raises:
        InputError: A label or a soft label is not as it must be.
    """
    thresholds = _thresholds(tiles, report)
    joint = np.zeros((NUM_CLASSES, NUM_CLASSES), np.int64)
    worst_tiles, worst_segments = _Worst(most), _Worst(most)
    doubtful = labelled = 0
    for done, tile in enumerate(tiles, len(tiles) + 1):
        compared = _read(tile)
        excess, suggested = _doubts(compared, thresholds, joint)
        known = compared.label >= 0
        count, doubts = int(known.sum()), int((excess > 0).sum())
        doubtful, labelled = doubtful + doubts, labelled + count
        if doubts:
            score = float(excess.sum(dtype=np.float64)) / count
            item = SuspectTile(tile=tile.name, doubtful_share=doubts / count, score=score)
            worst_tiles.offer(score, item)
            for segment in _segments(tile.name, compared.label, excess, suggested, smallest):
                worst_segments.offer(segment.score, segment)
        report(done, 2 * len(tiles))
    known_thresholds = {
        name: None if np.isinf(value) else float(value) for name, value in zip(NAMES, thresholds, strict=True)
    }
    return Doubts(
        tiles=len(tiles),
        doubtful_share=doubtful / labelled if labelled else 0.0,
        thresholds=known_thresholds,
        confident_joint=tuple(tuple(row) for row in joint.tolist()),
        worst_tiles=worst_tiles.ordered(),
        worst_segments=worst_segments.ordered(),
    )


def _read(tile: Tile) -> _Compared:
    label, probabilities = read_label(tile), read_soft_label(tile)
    if label.shape != probabilities.shape[1:]:
        raise InputError(f"{tile.label} has another size than tile {tile.name}; run `oemsar data verify`")
    indices = np.where(probabilities.any(0), label.astype(np.int8) - 1, -1).astype(np.int8)
    return _Compared(indices, probabilities)


def _thresholds(tiles: list[Tile], report: Report) -> Doubles:
    """Average the probability of each class over the pixels labelled with it; infinite without such."""
    sums, counts = np.zeros(NUM_CLASSES), np.zeros(NUM_CLASSES)
    report(0, 2 * len(tiles))
    for done, tile in enumerate(tiles, 1):
        label, probabilities = _read(tile)
        for index in range(NUM_CLASSES):
            chosen = probabilities[index][label == index]
            sums[index] += chosen.sum(dtype=np.float64)
            counts[index] += chosen.size
        report(done, 2 * len(tiles))
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)


def _doubts(
    compared: _Compared, thresholds: Doubles, joint: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Find the pixels in doubt and count the confident joint.

    Returns:
        Excess of the probability of the suggested class over that of the label, 0 where there is no doubt,
        and the suggested class; both of shape (height, width).
    """
    label, probabilities = compared
    confident = probabilities >= thresholds.astype(np.float32)[:, None, None]
    ranked = np.where(confident, probabilities, np.float32(-1))
    suggested: NDArray[np.int8] = ranked.argmax(0).astype(np.int8)
    counted = (label >= 0) & confident.any(0)
    np.add.at(joint, (label[counted], suggested[counted]), 1)
    in_doubt = counted & (suggested != label)
    given = np.take_along_axis(probabilities, np.maximum(label, 0)[None].astype(np.intp), 0)[0]
    better = np.take_along_axis(probabilities, suggested[None].astype(np.intp), 0)[0]
    excess: NDArray[np.float32] = np.where(in_doubt, np.maximum(better - given, 0), 0).astype(np.float32)
    return excess, suggested


def _segments(
    name: str,
    label: NDArray[np.int8],
    excess: NDArray[np.float32],
    suggested: NDArray[np.int8],
    smallest: int,
) -> Iterable[SuspectSegment]:
    """List the segments of a label that have pixels in doubt."""
    for index in np.unique(label[excess > 0]).tolist():
        numbers, count = ndimage.label(label == index, structure=_TOUCHING)
        every = np.arange(count + 1)
        pixels = np.bincount(numbers.ravel(), minlength=count + 1)
        sums = ndimage.sum_labels(excess, numbers, every)
        boxes = ndimage.find_objects(numbers)
        for number in np.flatnonzero((sums > 0) & (pixels >= smallest) & (every > 0)).tolist():
            box = boxes[number - 1]
            inside = (numbers[box] == number) & (excess[box] > 0)
            votes = np.bincount(suggested[box][inside], minlength=NUM_CLASSES)
            yield SuspectSegment(
                tile=name,
                row=box[0].start,
                column=box[1].start,
                height=box[0].stop - box[0].start,
                width=box[1].stop - box[1].start,
                pixels=int(pixels[number]),
                label=NAMES[index],
                suggested=NAMES[int(votes.argmax())],
                score=float(sums[number] / pixels[number]),
            )
