"""Class maps from class probabilities."""

import numpy as np
from numpy.typing import NDArray


def class_ids(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Choose the most probable class of each pixel.

    Args:
        probabilities: Class probabilities, shape (8, height, width).

    Returns:
        Class ids 1..8, uint8, shape (height, width).
    """
    ids: NDArray[np.uint8] = (probabilities.argmax(0) + 1).astype(np.uint8)
    return ids
