"""Prediction sets: the classes that a pixel may have, with a promised coverage."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.models.network import LandCoverNetwork

log = logging.getLogger(__name__)


def thresholds_of(
    networks: Sequence[LandCoverNetwork], coverage: float | None, flips: bool, scales: tuple[float, ...]
) -> NDArray[np.float32] | None:
    """Find the thresholds of the prediction sets of a network, float32, shape (8,); None without a coverage.

    A warning tells of thresholds that were found on means over other views of an image.

    Args:
        networks: Networks whose probabilities are averaged.
        coverage: Promised coverage.
        flips: Whether probabilities are means over mirror images.
        scales: Sizes of the image that they are means over.

    Raises:
        InputError: The network has no calibration, or none for this coverage; or there are several, whose
            mean keeps no promise that was made for each.
    """
    if coverage is None:
        return None
    if len(networks) > 1:
        raise InputError(
            "sets of several models promise nothing: the thresholds of each are those of its own "
            "probabilities, not of their mean; give one model, or leave the sets out",
            option="sets",
        )
    calibration = networks[0].calibration
    if calibration is None:
        raise InputError(
            "the model has no calibration, without which sets promise nothing; "
            "make one with `oemsar models calibrate`",
            option="sets",
        )
    if (calibration.flips, calibration.scales) != (flips, scales):
        log.warning(
            "the sets were calibrated %s and are made %s, so that their coverage is not the promised one; "
            "calibrate with the same options",
            _views(calibration.flips, calibration.scales),
            _views(flips, scales),
        )
    return calibration.thresholds_at(coverage)


def _views(flips: bool, scales: tuple[float, ...]) -> str:
    mirrored = "with mirror images" if flips else "without mirror images"
    return f"{mirrored} at scale {','.join(f'{scale:g}' for scale in scales)}"


class PredictionSets(NamedTuple):
    """Classes that a pixel may have.

    Attributes:
        size: Number of classes in the set, 1..8, uint8.
        members: Bit k - 1 is set where class id k is in the set, uint8, of the same shape.
    """

    size: NDArray[np.uint8]
    members: NDArray[np.uint8]


def prediction_sets(probabilities: NDArray[np.float32], thresholds: NDArray[np.float32]) -> PredictionSets:
    """Collect the classes of each pixel whose probability reaches the threshold of the class.

    The most probable class always belongs to the set, so that none is empty.

    Args:
        probabilities: Calibrated probabilities, shape (8, ...).
        thresholds: Least probability of each class, shape (8,).
    """
    best = probabilities.max(0)
    size, members = np.zeros(best.shape, np.uint8), np.zeros(best.shape, np.uint8)
    for index, (values, threshold) in enumerate(zip(probabilities, thresholds, strict=True)):
        inside = ((values >= threshold) | (values == best)).view(np.uint8)
        size += inside
        members |= inside << np.uint8(index)
    return PredictionSets(size, members)
