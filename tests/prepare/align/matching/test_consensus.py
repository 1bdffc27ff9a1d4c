import numpy as np

from oemsar.prepare.align.matching.consensus import consensus
from oemsar.prepare.align.matching.windows import Matches


def matches(number: int, wrong: float, seed: int = 0) -> tuple[Matches, np.ndarray]:
    """Displacements of a turned image, of which a share is drawn from anywhere."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 1000, (2, number))
    dx, dy = 4 + 0.01 * y, -3 - 0.01 * x
    dx, dy = dx + rng.normal(0, 0.3, number), dy + rng.normal(0, 0.3, number)
    lost = rng.random(number) < wrong
    dx[lost], dy[lost] = rng.uniform(-40, 40, (2, int(lost.sum())))
    return Matches(x, y, dx, dy, np.ones(number), np.full(number, np.nan)), lost


def test_wrong_matches_are_left_out() -> None:
    found, lost = matches(300, 0.5)
    agreeing = consensus(found, tolerance=3.0, pixel=1.0)
    assert agreeing[~lost].mean() > 0.9
    assert agreeing[lost].mean() < 0.05


def test_nothing_agrees_by_chance_in_large_numbers() -> None:
    found, _ = matches(300, 1.0)
    assert consensus(found, tolerance=3.0, pixel=1.0).mean() < 0.1


def test_too_few_agree_on_nothing() -> None:
    found, _ = matches(5, 0.0)
    assert not consensus(found, tolerance=3.0, pixel=1.0).any()


def test_it_is_the_same_again() -> None:
    found, _ = matches(200, 0.6)
    first, second = (consensus(found, tolerance=3.0, pixel=1.0) for _ in range(2))
    np.testing.assert_array_equal(first, second)
