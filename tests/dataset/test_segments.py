"""Pixels and segments of a label, against scipy's labelling of one class at a time."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.dataset.segments import Connectivity, count_label
from oemsar.simulate.noise import smooth

CONNECTIVITIES: tuple[Connectivity, ...] = get_args(Connectivity)


def by_class(label: NDArray[np.uint8], connectivity: Connectivity) -> list[int]:
    neighbours = ndimage.generate_binary_structure(2, 2 if connectivity == 8 else 1)
    return [ndimage.label(label == number, neighbours)[1] for number in range(9)]


def blobs(shape: tuple[int, int], scale: float, seed: int) -> NDArray[np.uint8]:
    """A map of all classes with the given width of blobs, and specks in it."""
    random = np.random.default_rng(seed)
    field = smooth(random, shape, scale)
    ranks = np.searchsorted(np.quantile(field, np.linspace(0, 1, 10)[1:-1]), field)
    specks = random.random(shape) < 0.01
    return np.where(specks, random.integers(0, 9, shape), ranks).astype(np.uint8)


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@given(label=arrays(np.uint8, st.tuples(*[st.integers(1, 20)] * 2), elements=st.integers(0, 2)))
@settings(deadline=None, max_examples=200)
def test_any_label_is_counted_as_by_scipy(connectivity: Connectivity, label: NDArray[np.uint8]) -> None:
    counts = count_label(label, connectivity)
    assert counts.segments.tolist() == by_class(label, connectivity)
    assert counts.pixels.tolist() == np.bincount(label.ravel(), minlength=9).tolist()


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@pytest.mark.parametrize("shape", [(200, 333), (1, 500), (500, 1), (64, 64)])
def test_maps_of_blobs_and_specks_are_counted_as_by_scipy(
    shape: tuple[int, int], connectivity: Connectivity
) -> None:
    for seed, scale in enumerate((0.7, 3, 12)):
        label = blobs(shape, scale, seed)
        assert count_label(label, connectivity).segments.tolist() == by_class(label, connectivity)


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_a_spiral_and_a_comb_are_one_segment(connectivity: Connectivity) -> None:
    """Shapes whose runs join late, where trees of runs must be joined again."""
    comb = np.full((60, 61), 3, np.uint8)
    comb[:-1, 1::2] = 4
    assert count_label(comb, connectivity).segments.tolist() == [0, 0, 0, 1, 30, 0, 0, 0, 0]
    rows, columns = np.mgrid[:61, :61] - 30
    spiral = (np.maximum(abs(rows), abs(columns)) % 4 < 2).astype(np.uint8)
    spiral[30, 30:] = 1
    assert count_label(spiral, connectivity).segments.tolist() == [*by_class(spiral, connectivity)]


def test_corners_touch_with_eight_neighbours_only() -> None:
    board = (np.indices((8, 8)).sum(0) % 2 + 1).astype(np.uint8)
    assert count_label(board, 8).segments[1:3].tolist() == [1, 1]
    assert count_label(board, 4).segments[1:3].tolist() == [32, 32]
    assert count_label(board).segments.tolist() == count_label(board, 8).segments.tolist()


def test_the_ends_of_rows_do_not_touch() -> None:
    label = np.full((3, 5), 2, np.uint8)
    label[0, 4] = label[1, 0] = label[2, 4] = 1
    assert count_label(label).segments[1] == 3


def test_a_view_is_counted_as_its_copy() -> None:
    label = blobs((40, 50), 2, 1)
    for view in (label.T, label[::-1], label[::2, ::3]):
        assert count_label(view).segments.tolist() == count_label(view.copy()).segments.tolist()


@pytest.mark.parametrize(
    "label",
    [
        np.zeros((0, 4), np.uint8),
        np.zeros((2, 2), np.int64),
        np.zeros(4, np.uint8),
        np.full((2, 2), 9, np.uint8),
    ],
)
def test_what_is_no_label_is_refused(label: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="label"):
        count_label(label)
