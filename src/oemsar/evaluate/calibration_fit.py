"""The fit of a calibration on labelled pixels."""

import logging
import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

from oemsar.errors import InputError
from oemsar.evaluate.pixel_sample import PixelSample
from oemsar.legend import NUM_CLASSES
from oemsar.models.calibration import COVERAGES, LEAST, Calibration
from oemsar.models.calibration_kind import CalibrationKind

Doubles = NDArray[np.float64]
log = logging.getLogger(__name__)

_LOG_TEMPERATURES = (math.log(0.05), math.log(20.0))
_WITHIN = (1.001 / 20.0, 0.999 / 0.05)
"""Scales of a temperature that is not at a limit."""
_FLAT = (
    "the probabilities hardly tell the truth of the labels, and the confidence of maps will be close to "
    f"one in {NUM_CLASSES} everywhere; train longer or on more tiles"
)
_SHARP = (
    "nearly every labelled pixel is right, and the confidence of maps will be close to 1 everywhere; "
    "calibrate on tiles that were not trained on"
)
_SCALES = (0.05, 20.0)
_SHIFTS = (-10.0, 10.0)
_ROUNDING = 1e-6
"""Taken off a threshold, so that the pixels at it, of 32-bit probabilities, stay inside."""
_RIDGE = 1e-4
"""Weight of the squared distance from no scaling: it decides only where the pixels do not."""


def fit_calibration(sample: PixelSample, kind: CalibrationKind, split: str) -> Calibration:
    """Fit the scaling by maximum likelihood and find the thresholds of the sets on the scaled probabilities.

    Regions count the same, however many pixels each has: pixels of a region resemble each other, and what is
    asked of is a region that was not seen.

    Args:
        sample: Labelled pixels with the probabilities that the network gives.
        kind: Number of values to fit.
        split: Split of the tiles of the pixels, which is recorded.

    Raises:
        InputError: There is no pixel of known truth.
    """
    if not sample.truth.size:
        raise InputError(f"the labels of split {split} hold no known pixel; calibrate on another split")
    logs = np.log(np.maximum(sample.probabilities.astype(np.float64), LEAST))
    weights = sample.weights()
    scale, shift = (_temperature if kind == "temperature" else _vector)(logs, sample.truth, weights)
    if kind == "temperature" and not _WITHIN[0] < scale[0] < _WITHIN[1]:
        log.warning(
            "the temperature is at its limit of %.3g: %s",
            1 / scale[0],
            _FLAT if scale[0] < 1 else _SHARP,
        )
    scaled = _softmax(logs * scale + shift)
    thresholds = np.maximum(set_thresholds(scaled, sample) - _ROUNDING, 0)
    return Calibration(
        kind=kind,
        scale=tuple(scale.tolist()),
        shift=tuple(shift.tolist()),
        coverages=COVERAGES,
        thresholds=tuple(tuple(row) for row in thresholds.tolist()),
        regions=int(np.unique(sample.region).size),
        pixels=sample.truth.size,
        split=split,
        likelihood=(_loss(_softmax(logs), sample.truth, weights), _loss(scaled, sample.truth, weights)),
    )


def set_thresholds(probabilities: Doubles, sample: PixelSample) -> Doubles:
    """Find the probability that the true class reaches in the share of pixels that is to be covered.

    It is the quantile of split conformal prediction (Sadinle et al. 2019, least ambiguous sets, class by
    class), taken of a distribution in which each region that has the class weighs the same, as pixels of a
    region cannot be exchanged for those of another. The promise holds on average over regions, not in each.
    A class that no pixel has takes the quantile of all pixels.

    Args:
        probabilities: Calibrated probabilities, shape (pixels, 8).
        sample: The pixels.

    Returns:
        Thresholds by class and coverage, shape (8, coverages).
    """
    true = np.take_along_axis(probabilities, sample.truth[:, None].astype(np.int64), 1)[:, 0]
    of_all = _quantiles(true, sample.weights())
    rows = []
    for index in range(NUM_CLASSES):
        of_class = sample.truth == index
        if of_class.any():
            region = sample.region[of_class]
            weights = 1 / np.bincount(region)[region]
            rows.append(_quantiles(true[of_class], weights))
        else:
            rows.append(of_all)
    return np.stack(rows)


def _quantiles(values: Doubles, weights: Doubles) -> Doubles:
    """Take the values above which each share of the weight of `COVERAGES` lies."""
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    found = np.searchsorted(below / below[-1], 1 - np.array(COVERAGES), side="left")
    return values[order][np.minimum(found, values.size - 1)]


def _temperature(logs: Doubles, truth: NDArray[np.uint8], weights: Doubles) -> tuple[Doubles, Doubles]:
    def loss(log_temperature: float) -> float:
        return _loss(_softmax(logs * math.exp(-log_temperature)), truth, weights)

    found = minimize_scalar(loss, bounds=_LOG_TEMPERATURES, method="bounded", options={"xatol": 1e-5})
    return np.full(NUM_CLASSES, math.exp(-float(found.x))), np.zeros(NUM_CLASSES)


def _vector(logs: Doubles, truth: NDArray[np.uint8], weights: Doubles) -> tuple[Doubles, Doubles]:
    true = truth[:, None] == np.arange(NUM_CLASSES)

    def loss(values: Doubles) -> tuple[float, Doubles]:
        scale, shift = np.split(values, 2)
        scaled = _softmax(logs * scale + shift)
        residual = (scaled - true) * weights[:, None]
        away = values - start
        gradient = np.concatenate([(residual * logs).sum(0), residual.sum(0)]) + 2 * _RIDGE * away
        return _loss(scaled, truth, weights) + _RIDGE * float(away @ away), gradient

    start = np.r_[np.ones(NUM_CLASSES), np.zeros(NUM_CLASSES)]
    bounds = [_SCALES] * NUM_CLASSES + [_SHIFTS] * NUM_CLASSES
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    scale, shift = np.split(found.x, 2)
    return scale, shift


def _softmax(logits: Doubles) -> Doubles:
    values: Doubles = np.exp(logits - logits.max(1, keepdims=True))
    values /= values.sum(1, keepdims=True)
    return values


def _loss(probabilities: Doubles, truth: NDArray[np.uint8], weights: Doubles) -> float:
    """Average the negative log-likelihood of the true class."""
    true = np.take_along_axis(probabilities, truth[:, None].astype(np.int64), 1)[:, 0]
    return float(-(np.log(np.maximum(true, LEAST)) @ weights))
