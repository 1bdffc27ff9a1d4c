"""Class maps from class probabilities."""

import numpy as np
from numpy.typing import NDArray


def class_ids(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Ids 1..8 of the most probable class, uint8, shape (height, width), of (8, height, width)."""
    ids: NDArray[np.uint8] = (probabilities.argmax(0) + 1).astype(np.uint8)
    return ids
