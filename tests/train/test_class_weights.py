"""Class weights against their formulas."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from oemsar.dataset.tile import Tile
from oemsar.train.class_weights import class_weights, count_pixels, weigh
from oemsar.train.registry import CLASS_WEIGHTS

PAPER = np.array([85, 1263, 1222, 415, 755, 543, 344, 640]) * 1_000_000  # pixels of Table II
WEIGHTED = [name for name in CLASS_WEIGHTS if name != "none"]


def test_counts_are_those_of_the_labels(
    make_tile: Callable[[str], Tile], write: Callable[[Path, np.ndarray], Path]
) -> None:
    tile = make_tile("one")
    pixels = [9, 1, 2, 3, 0, 5, 6, 7, 63]  # of each id, unknown first
    write(
        tile.pseudo_label, np.repeat(np.arange(9, dtype=np.uint8), np.array(pixels) * 96).reshape(1, 96, 96)
    )
    np.testing.assert_array_equal(count_pixels([tile, tile]), np.array(pixels[1:]) * 2 * 96)


def test_none_reads_no_label() -> None:
    assert class_weights("none", []) == (1.0,) * 8


def test_even_weights_are_those_without_weighting() -> None:
    assert weigh("none", PAPER) == class_weights("none", [])


@pytest.mark.parametrize("name", WEIGHTED)
def test_mean_is_one_and_rarer_weighs_more(name: str) -> None:
    weights = np.array(weigh(name, PAPER))
    assert weights.mean() == pytest.approx(1)
    np.testing.assert_array_equal(np.argsort(weights), np.argsort(-PAPER))


def test_inverse_frequency_gives_every_class_the_same_share() -> None:
    shares = np.array(weigh("inverse_frequency", PAPER)) * PAPER
    np.testing.assert_allclose(shares, shares[0])


def test_square_root_is_half_way() -> None:
    inverse, root = (np.array(weigh(name, PAPER)) for name in ("inverse_frequency", "sqrt_inverse_frequency"))
    np.testing.assert_allclose(np.log(root / root[0]), np.log(inverse / inverse[0]) / 2)


def test_effective_number_is_that_of_the_paper_for_small_counts() -> None:
    counts = np.array([10, 100, 50, 200, 20, 40, 30, 350])
    beta = (counts.mean() - 1) / counts.mean()
    expected = (1 - beta) / (1 - beta**counts)
    np.testing.assert_allclose(weigh("effective_number", counts), expected / expected.mean(), rtol=1e-9)


@pytest.mark.parametrize("name", CLASS_WEIGHTS.names())
def test_absent_class_weighs_nothing_and_disturbs_no_other(name: str) -> None:
    weights = weigh(name, np.array([0, 10, 10, 10, 10, 10, 10, 10]))
    assert weights == (0.0, *(pytest.approx(1),) * 7)
