"""Intervals against a loop that draws, sums and scores one draw at a time."""

import numpy as np
import pytest

from oemsar.evaluate.bootstrap import bootstrap, iou, mean_present
from oemsar.evaluate.scores import Scores


def _matrices(*shape: int) -> np.ndarray:
    counts = np.random.default_rng(5).integers(0, 1000, (*shape, 8, 8))
    counts[..., 3, :] = counts[..., :, 3] = 0  # a class absent everywhere
    counts[..., 1:, 5, :] = counts[..., 1:, :, 5] = 0  # a class of the first region alone
    return counts


def test_iou_is_that_of_the_scores() -> None:
    for matrix in _matrices(2, 4).reshape(-1, 8, 8):
        scores = Scores.from_confusion(matrix)
        expected = [np.nan if of_class.iou is None else of_class.iou for of_class in scores.classes.values()]
        np.testing.assert_allclose(iou(matrix), expected, rtol=1e-12)
        assert mean_present(iou(matrix)) == pytest.approx(scores.miou, rel=1e-12)


def test_nothing_counted_has_no_mean() -> None:
    assert np.isnan(mean_present(iou(np.zeros((8, 8), np.int64))))


@pytest.mark.parametrize("trainings", [1, 3])
def test_intervals_are_those_of_one_draw_after_the_other(trainings: int) -> None:
    counts, draws, seed = _matrices(trainings, 6), 1000, 7
    times = np.random.default_rng(seed).multinomial(6, [1 / 6] * 6, draws)
    means = []
    classes = []
    for drawn in times:
        picked = [region for region, number in enumerate(drawn) for _ in range(number)]
        scores = [
            Scores.from_confusion(sum(counts[t, region] for region in picked)) for t in range(trainings)
        ]
        means.append(np.mean([score.miou for score in scores]))
        classes.append(np.mean([score.classes["Water"].iou or np.nan for score in scores]))
    found = bootstrap(counts, draws=draws, seed=seed)
    np.testing.assert_allclose(found.miou, np.quantile(means, (0.025, 0.975)), rtol=1e-12)
    np.testing.assert_allclose(found.iou[:, 5], np.nanquantile(classes, (0.025, 0.975)), rtol=1e-12)
    assert np.isnan(found.iou[:, 3]).all()


def test_trainings_are_scored_each_by_itself_before_their_mean_is_taken() -> None:
    """A class that one training invents lowers the mean IoU of that training alone: (1 + 0.8 / 2) / 2."""
    counts = np.zeros((2, 1, 8, 8), np.int64)
    counts[0, 0, 0, 0] = 10
    counts[1, 0, 0, :2] = 8, 2
    found = bootstrap(counts, draws=50)
    assert found.miou.tolist() == pytest.approx([0.7, 0.7])
    assert found.iou[0, :2].tolist() == pytest.approx([0.9, 0.0])


def test_regions_that_agree_leave_no_width() -> None:
    found = bootstrap(np.repeat(_matrices(1, 1), 5, axis=1), draws=200)
    assert found.miou[0] == pytest.approx(found.miou[1])


def test_an_interval_covers_the_mean_of_the_population_about_as_often_as_it_says() -> None:
    """Regions drawn from a population of which the ratio is known: 95 % of the intervals hold it."""
    rng = np.random.default_rng(0)
    held = 0
    for trial in range(200):
        counts = np.zeros((1, 35, 8, 8), np.int64)
        share = rng.beta(6, 4, 35)
        counts[0, :, 0, 0], counts[0, :, 1, 1] = 10_000 * share, 10_000 * share
        counts[0, :, 0, 1], counts[0, :, 1, 0] = 10_000 * (1 - share), 10_000 * (1 - share)
        low, high = bootstrap(counts, draws=400, seed=trial).miou
        held += low <= 0.6 / (2 - 0.6) <= high
    assert 0.88 <= held / 200 <= 0.99
