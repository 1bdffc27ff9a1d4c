"""The targets of training samples: the label, and what its pixels are trusted with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oemsar.dataset.label_trust import read_confidence, read_soft_label
from oemsar.dataset.pixels import read_label
from oemsar.dataset.tile import Tile
from oemsar.legend import NUM_CLASSES, UNKNOWN
from oemsar.raster.read import Extent

CONFIDENCE, SOFT = "confidence", "soft"


@dataclass(frozen=True)
class Targets:
    """Targets that the samples of a run have beside their labels.

    Attributes:
        confidence: Whether there is a confidence, 1 where the tile has none or its label was made by hand.
        soft: Whether there are class probabilities, those of the label where the tile has none or its label
            was made by hand.
        labels: Whether there are labels at all; without them there is nothing else.
    """

    confidence: bool = False
    soft: bool = False
    labels: bool = True

    def read(self, tile: Tile, extent: Extent) -> dict[str, NDArray[Any]]:
        """Read the targets of a part of a tile.

        Returns:
            `label`, class ids 0..8, uint8, shape (height, width), and where it is wanted `confidence`, 0..1,
            float32, shape (height, width), and `soft`, probabilities, float32, shape (8, height, width). A
            pixel without probabilities is unknown. Without labels nothing.

        Raises:
            InputError: A file is missing, unreadable or does not fit the tile.
        """
        if not self.labels:
            return {}
        label = read_label(tile, extent)
        targets: dict[str, NDArray[Any]] = {"label": label}
        if self.confidence:
            has = trains_on_pseudo(tile) and tile.confidence is not None
            targets[CONFIDENCE] = read_confidence(tile, extent) if has else np.ones(label.shape, np.float32)
        if self.soft:
            if trains_on_pseudo(tile) and tile.soft_label is not None:
                targets[SOFT] = read_soft_label(tile, extent)
                targets["label"] = np.where(targets[SOFT].any(0), label, np.uint8(UNKNOWN.id))
            else:
                targets[SOFT] = one_hot(label)
        return targets


def trains_on_pseudo(tile: Tile) -> bool:
    """Tell whether the label that a tile trains with is the pseudo label."""
    return tile.real_label is None and tile.pseudo_label is not None


def one_hot(label: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Write a label as probabilities, shape (8, height, width), all 0 where it is unknown."""
    ids = np.arange(1, NUM_CLASSES + 1, dtype=label.dtype)[:, None, None]
    probabilities: NDArray[np.float32] = (label == ids).astype(np.float32)
    return probabilities
