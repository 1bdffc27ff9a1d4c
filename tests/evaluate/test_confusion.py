"""The confusion matrix against scikit-learn's and against arithmetic."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from sklearn import metrics

from oemsar.evaluate.confusion import confusion_matrix, confusion_tensor

Maps = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@st.composite
def class_maps(draw: st.DrawFn) -> Maps:
    """Truth and prediction of one random size, of few or all classes, absent ones among them."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=17))
    truth_ids = draw(st.sets(st.integers(0, 8), min_size=1))
    predicted_ids = draw(st.sets(st.integers(1, 8), min_size=1))
    truth = draw(hnp.arrays(np.uint8, shape, elements=st.sampled_from(sorted(truth_ids))))
    prediction = draw(hnp.arrays(np.uint8, shape, elements=st.sampled_from(sorted(predicted_ids))))
    return truth, prediction


@given(class_maps())
def test_agrees_with_scikit_learn(maps: Maps) -> None:
    truth, prediction = maps
    known = truth != 0
    expected = np.zeros((8, 8), dtype=np.int64)
    if known.any():
        expected = metrics.confusion_matrix(truth[known], prediction[known], labels=range(1, 9))
    ours = confusion_matrix(truth, prediction)
    assert ours.dtype == np.int64
    np.testing.assert_array_equal(ours, expected)
    tensor = confusion_tensor(torch.from_numpy(truth), torch.from_numpy(prediction))
    assert tensor.dtype == torch.int64
    np.testing.assert_array_equal(tensor.numpy(), expected)


@given(class_maps(), st.integers(0, 255))
def test_the_prediction_under_unknown_truth_does_not_matter(maps: Maps, other: int) -> None:
    truth, prediction = maps
    changed = np.where(truth == 0, np.uint8(other), prediction)
    np.testing.assert_array_equal(confusion_matrix(truth, changed), confusion_matrix(truth, prediction))


@given(class_maps())
def test_counts_depend_on_pixels_and_not_on_where_they_lie(maps: Maps) -> None:
    truth, prediction = maps
    expected = confusion_matrix(truth, prediction)
    np.testing.assert_array_equal(confusion_matrix(truth.T, prediction.T), expected)
    np.testing.assert_array_equal(confusion_matrix(truth[::-1], prediction[::-1]), expected)
    parts = zip(np.array_split(truth, 3), np.array_split(prediction, 3), strict=True)
    np.testing.assert_array_equal(sum(confusion_matrix(*part) for part in parts), expected)


def test_every_pair_of_classes_lands_in_its_own_cell() -> None:
    truth, prediction = np.meshgrid(np.arange(1, 9, dtype=np.uint8), np.arange(1, 9, dtype=np.uint8))
    repeats = np.arange(64)
    counts = confusion_matrix(truth.T.ravel().repeat(repeats), prediction.T.ravel().repeat(repeats))
    np.testing.assert_array_equal(counts.ravel(), repeats)


def test_counts_beyond_32_bit_floats_are_exact() -> None:
    pixels = 2**24 + 1
    truth = np.full(pixels, 8, dtype=np.uint8)
    assert confusion_matrix(truth, truth)[7, 7] == pixels


def test_no_pixels_no_counts() -> None:
    empty = np.zeros((0, 5), dtype=np.uint8)
    np.testing.assert_array_equal(confusion_matrix(empty, empty), np.zeros((8, 8)))


def test_inputs_that_cannot_be_shared_with_pytorch_are_counted_and_left_alone() -> None:
    truth = np.array([[1, 2, 0], [3, 3, 8]], dtype=np.uint8)
    prediction = np.array([[1, 3, 200], [3, 1, 8]], dtype=np.uint8)
    truth.flags.writeable = False
    before = prediction.copy()
    counts = confusion_matrix(truth[:, ::-1], prediction[:, ::-1])
    assert counts.sum() == 5
    assert counts.trace() == 3
    assert counts[1, 2] == counts[2, 0] == 1
    np.testing.assert_array_equal(prediction, before)


@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        ([1, 2], [1, 0], "prediction has id 0"),
        ([1, 2], [1, 9], "prediction has id 9"),
        ([0, 2], [77, 255], "prediction has id 255"),
        ([9, 2], [1, 1], "truth has id 9"),
        ([1, 2], [1], "differ in shape"),
    ],
)
def test_other_ids_and_shapes_are_refused(truth: list[int], prediction: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        confusion_matrix(np.array(truth, dtype=np.uint8), np.array(prediction, dtype=np.uint8))


def test_ids_that_a_conversion_would_wrap_are_refused() -> None:
    with pytest.raises(ValueError, match="uint8 belongs"):
        confusion_tensor(torch.tensor([257]), torch.tensor([1]))
