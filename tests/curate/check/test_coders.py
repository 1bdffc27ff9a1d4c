"""Kappa and alpha against published examples and another library."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from oemsar.curate.check.coders import cohen_kappa, kappa_of_class, krippendorff_alpha


def confusion(first: str, second: str, size: int) -> np.ndarray:  # type: ignore[type-arg]
    matrix = np.zeros((size, size))
    for one, other in zip(first, second, strict=True):
        matrix["abcdefgh".index(one), "abcdefgh".index(other)] += 1
    return matrix


def test_alpha_is_that_of_krippendorffs_example() -> None:
    """Krippendorff (2011), Computing Krippendorff's alpha-reliability, B: nominal data, two observers."""
    assert krippendorff_alpha(confusion("aabbdcccedda", "babbbccceddd", 5)) == pytest.approx(0.692, abs=5e-4)


def test_alpha_of_binary_data_is_that_of_krippendorffs_example() -> None:
    """The same, section A: binary data, two observers."""
    first, second = "baaaaaaaaa", "bbbaabaaba"
    assert krippendorff_alpha(confusion(first, second, 2)) == pytest.approx(0.095, abs=5e-4)


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_that_of_another_library(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 8, 400)
    second = np.where(rng.random(400) < 0.6, first, rng.integers(0, 8, 400))
    matrix = np.zeros((8, 8))
    np.add.at(matrix, (first, second), 1)
    assert cohen_kappa(matrix) == pytest.approx(cohen_kappa_score(first, second))
    for index in (0, 5):
        expected = cohen_kappa_score(first == index, second == index)
        assert kappa_of_class(matrix, index) == pytest.approx(expected)


def test_nothing_is_said_of_nothing() -> None:
    assert cohen_kappa(np.zeros((8, 8))) is None
    assert krippendorff_alpha(np.zeros((8, 8))) is None
    assert krippendorff_alpha(np.diag([5.0, 0])) is None
    assert kappa_of_class(np.diag([5.0, 0]), 1) is None
    assert cohen_kappa(np.diag([5.0, 3])) == krippendorff_alpha(np.diag([5.0, 3])) == 1
