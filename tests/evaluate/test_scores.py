"""Scores against torchmetrics, scikit-learn and arithmetic by hand."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from sklearn import metrics

from oemsar.evaluate.confusion import confusion_matrix
from oemsar.evaluate.scores import ClassScores, Scores
from oemsar.legend import NAMES
from oemsar.models.torchvision_ops import declare

MEASURES = ("iou", "precision", "recall", "f1")
IGNORED = -1


@pytest.fixture(scope="module")
def references() -> dict[str, Any]:
    declare()
    from torchmetrics.functional import classification

    return {
        "iou": classification.multiclass_jaccard_index,
        "precision": classification.multiclass_precision,
        "recall": classification.multiclass_recall,
        "f1": classification.multiclass_f1_score,
        "accuracy": classification.multiclass_accuracy,
    }


@st.composite
def pixels(draw: st.DrawFn) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Truth and prediction of 1 to 200 pixels: few or all classes, from all unknown to all known."""
    size = draw(st.integers(1, 200))
    truth_ids = sorted(draw(st.sets(st.integers(0, 8), min_size=1)))
    predicted_ids = sorted(draw(st.sets(st.integers(1, 8), min_size=1)))
    truth = draw(hnp.arrays(np.uint8, size, elements=st.sampled_from(truth_ids)))
    return truth, draw(hnp.arrays(np.uint8, size, elements=st.sampled_from(predicted_ids)))


def _scores(truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> Scores:
    return Scores.from_confusion(confusion_matrix(truth, prediction))


def _values(scores: Scores, measure: str) -> NDArray[np.float64]:
    """One measure of all classes; an absent one as 0, as the reference libraries have it."""
    return np.array([getattr(of_class, measure) or 0.0 for of_class in scores.classes.values()])


@given(pixels())
def test_agrees_with_torchmetrics(
    references: dict[str, Any], maps: tuple[NDArray[np.uint8], NDArray[np.uint8]]
) -> None:
    truth, prediction = maps
    scores = _scores(truth, prediction)
    target, predicted = (torch.from_numpy(ids.astype(np.int64) - 1) for ids in maps)
    options = {"num_classes": 8, "ignore_index": IGNORED}
    for measure in MEASURES:
        theirs = references[measure](predicted, target, average="none", **options)
        np.testing.assert_allclose(_values(scores, measure), theirs.numpy(), rtol=1e-6)
    if (truth != 0).any():
        miou = references["iou"](predicted, target, average="macro", **options)
        accuracy = references["accuracy"](predicted, target, average="micro", **options)
        assert scores.miou == pytest.approx(miou.item(), rel=1e-6)
        assert scores.overall_accuracy == pytest.approx(accuracy.item(), rel=1e-6)


@given(pixels())
def test_agrees_with_scikit_learn(maps: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
    truth, prediction = maps
    scores = _scores(truth, prediction)
    known = truth != 0
    if not known.any():
        assert scores.miou is None
        assert scores.overall_accuracy is None
        return
    truth, prediction = truth[known], prediction[known]
    options: dict[str, Any] = {"labels": range(1, 9), "average": None, "zero_division": 0}
    expected = dict(
        zip(
            MEASURES,
            [
                metrics.jaccard_score(truth, prediction, **options),
                *metrics.precision_recall_fscore_support(truth, prediction, **options)[:3],
            ],
            strict=True,
        )
    )
    for measure in MEASURES:
        np.testing.assert_allclose(_values(scores, measure), expected[measure], rtol=1e-12)
    present = sorted(set(truth) | set(prediction))
    miou = metrics.jaccard_score(truth, prediction, labels=present, average="macro")
    assert scores.miou == pytest.approx(miou, rel=1e-12)
    assert scores.overall_accuracy == metrics.accuracy_score(truth, prediction)
    for class_id, of_class in enumerate(scores.classes.values(), start=1):
        assert (of_class.iou is None) == (class_id not in present)
        assert (of_class.recall is None) == (class_id not in truth)


def test_by_hand() -> None:
    confusion = np.zeros((8, 8), dtype=np.int64)
    confusion[0, 0], confusion[0, 1], confusion[1, 1], confusion[4, 1] = 6, 2, 3, 1
    scores = Scores.from_confusion(confusion)
    assert scores.classes["Bareland"] == ClassScores(iou=6 / 8, precision=1.0, recall=6 / 8, f1=12 / 14)
    assert scores.classes["Rangeland"] == ClassScores(iou=3 / 6, precision=3 / 6, recall=1.0, f1=6 / 9)
    assert scores.classes["Tree"] == ClassScores(iou=0.0, precision=0.0, recall=0.0, f1=0.0)
    assert scores.classes["Water"] == ClassScores(None, None, None, None)
    assert scores.miou == (6 / 8 + 3 / 6 + 0) / 3
    assert scores.overall_accuracy == 9 / 12


def test_a_class_only_predicted_counts_as_a_zero_in_the_mean() -> None:
    scores = _scores(np.array([6, 6], dtype=np.uint8), np.array([6, 8], dtype=np.uint8))
    assert scores.classes["Building"] == ClassScores(iou=0.0, precision=0.0, recall=None, f1=0.0)
    assert scores.miou == 0.25


def test_pooled_counts_are_scored_and_not_averaged_over_tiles() -> None:
    large, small = np.full(99, 6, dtype=np.uint8), np.full(1, 6, dtype=np.uint8)
    confusion = confusion_matrix(large, large) + confusion_matrix(small, small + 2)
    assert Scores.from_confusion(confusion).classes["Water"].iou == 99 / 100


def test_to_dict_is_plain_json_and_gives_the_scores_back() -> None:
    scores = _scores(np.array([1, 2, 2], dtype=np.uint8), np.array([1, 2, 3], dtype=np.uint8))
    stored = json.loads(json.dumps(scores.to_dict(), allow_nan=False))
    assert set(stored) == {"classes", "miou", "overall_accuracy", "confusion"}
    assert tuple(stored["classes"]) == NAMES
    assert stored["classes"]["Building"] == dict.fromkeys(MEASURES)
    assert stored["classes"]["Rangeland"] == {"iou": 0.5, "precision": 1.0, "recall": 0.5, "f1": 2 / 3}
    assert Scores.from_confusion(np.array(stored["confusion"])) == scores


@pytest.mark.parametrize(
    "confusion",
    [np.zeros((9, 9), dtype=np.int64), np.zeros((8, 8)), np.full((8, 8), -1, dtype=np.int64)],
)
def test_what_is_no_confusion_matrix_is_refused(confusion: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="confusion"):
        Scores.from_confusion(confusion)
