"""Shares from 0 to 1 as bytes: 1 is 0 and 255 is 1, so that 0 can be no data."""

import math

import numpy as np
from numpy.typing import NDArray

from oemsar.legend import NUM_CLASSES

SCALE = 1 / 254
"""Share of one step of a byte."""
OFFSET = -SCALE
"""Share of a byte of 0, which carries no data."""


def share_bytes(shares: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Round shares to bytes of which `value * SCALE + OFFSET` is the share."""
    stored: NDArray[np.uint8] = (np.rint(np.clip(shares, 0, 1) * np.float32(254)) + 1).astype(np.uint8)
    return stored


def entropy(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the entropy of probabilities, as a share of that of equal ones.

    Args:
        probabilities: Class probabilities, float32, shape (8, height, width).

    Returns:
        0 where one class is certain, 1 where all are equal; float32, shape (height, width).
    """
    total = np.zeros(probabilities.shape[1:], np.float32)
    for plane in probabilities:
        total -= plane * np.log(np.maximum(plane, np.float32(1e-12)))
    return total / np.float32(math.log(NUM_CLASSES))
