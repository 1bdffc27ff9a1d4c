"""Scores of probabilities, against definitions written out pixel by pixel."""

import numpy as np
import pytest
from sklearn import metrics

from oemsar.evaluate.reliability import (
    BINS,
    ReliabilityCounts,
    reliability,
    reliability_rows,
    risk_coverage,
    total,
)
from oemsar.evaluate.reliability_figure import draw_reliability
from oemsar.legend import NAMES


@pytest.fixture(scope="module")
def pixels() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet(np.full(8, 0.4), 5000).astype(np.float32)
    truth = np.array([rng.choice(7, p=row[:7] / row[:7].sum()) for row in probabilities], np.uint8)
    return probabilities, truth


def _error(values: np.ndarray, hits: np.ndarray) -> float:
    index = np.minimum((values * np.float32(BINS)).astype(int), BINS - 1)
    parts = [
        (index == b).mean() * abs(values[index == b].mean() - hits[index == b].mean()) for b in set(index)
    ]
    return float(sum(parts))


def test_calibration_errors_are_those_of_the_definition(pixels: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, truth = pixels
    found = reliability(ReliabilityCounts.of(probabilities, truth))
    top = probabilities.max(1).astype(np.float64)
    assert found.calibration_error == pytest.approx(_error(top, probabilities.argmax(1) == truth), abs=1e-6)
    for index, name in enumerate(NAMES[:7]):
        expected = _error(probabilities[:, index].astype(np.float64), truth == index)
        assert found.class_calibration_error[name] == pytest.approx(expected, abs=1e-6)
    assert found.class_calibration_error[NAMES[7]] is None  # no pixel is of it
    assert found.pixels == 5000
    assert found.accuracy == pytest.approx((probabilities.argmax(1) == truth).mean())
    assert found.confidence == pytest.approx(top.mean(), rel=1e-6)


def test_the_brier_score_is_that_of_scikit_learn(pixels: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, truth = pixels
    expected = sum(
        metrics.brier_score_loss((truth == k).astype(int), np.clip(probabilities[:, k], 0, 1), pos_label=1)
        for k in range(8)
    )
    assert reliability(ReliabilityCounts.of(probabilities, truth)).brier == pytest.approx(expected, rel=1e-5)


def test_risk_at_full_coverage_is_the_error(pixels: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, truth = pixels
    counts = ReliabilityCounts.of(probabilities, truth)
    coverage, risk = risk_coverage(counts)
    assert coverage[[0, -1]].tolist() == [0, 1]
    assert risk[-1] == pytest.approx((probabilities.argmax(1) != truth).mean())
    order = np.argsort(-probabilities.max(1), kind="stable")
    wrong = (probabilities.argmax(1) != truth)[order]
    expected = (np.cumsum(wrong) / np.arange(1, 5001)).mean()
    area = reliability(counts).risk_coverage_area
    assert area == pytest.approx(expected, abs=2e-3)


def test_coverage_of_sets_by_class(pixels: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, truth = pixels
    thresholds = np.linspace(0.05, 0.4, 8).astype(np.float32)
    found = reliability(ReliabilityCounts.of(probabilities, truth, thresholds), sets=True)
    inside = (probabilities >= thresholds) | (probabilities == probabilities.max(1, keepdims=True))
    held = inside[np.arange(5000), truth]
    assert found.set_coverage == pytest.approx(held.mean())
    assert found.set_size == pytest.approx(inside.sum(1).mean())
    assert found.class_set_coverage is not None
    assert found.class_set_coverage[NAMES[2]] == pytest.approx(held[truth == 2].mean())
    assert found.class_set_coverage[NAMES[7]] is None


def test_counts_of_parts_add_up(pixels: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, truth = pixels
    parts = [ReliabilityCounts.of(probabilities[a:b], truth[a:b]) for a, b in ((0, 1234), (1234, 5000))]
    whole = reliability(ReliabilityCounts.of(probabilities, truth)).model_dump()
    summed = reliability(total(parts)).model_dump()
    classes, expected = summed.pop("class_calibration_error"), whole.pop("class_calibration_error")
    assert summed == pytest.approx(whole)
    assert classes == pytest.approx(expected)


def test_without_pixels_there_is_no_score() -> None:
    found = reliability(total([]), sets=True)
    assert (found.pixels, found.accuracy, found.brier, found.risk_coverage_area) == (0, None, None, None)
    assert reliability_rows({"all": found})[1][1:4] == (0, None, None)
    assert draw_reliability(total([])).axes[0].get_title() == "calibration error absent"
