"""Speckle: the gamma distribution of its looks, and the correlation that the point spread function leaves."""

import numpy as np
import pytest
from scipy import stats

from oemsar.simulate.noise import stream
from oemsar.simulate.render.speckle import draw_speckle


@pytest.mark.parametrize("looks", [1, 2, 4])
def test_speckle_follows_the_gamma_distribution(looks: int) -> None:
    speckle = draw_speckle(stream(4), (540, 660), looks)
    assert speckle.shape == (540, 660)
    assert speckle.mean() == pytest.approx(1, abs=0.01)
    assert speckle.var() == pytest.approx(1 / looks, rel=0.03)
    independent = speckle[::6, ::6].ravel()
    assert stats.kstest(independent, stats.gamma(looks, scale=1 / looks).cdf).pvalue > 0.01


@pytest.mark.parametrize("looks", [1, 3])
def test_neighbours_are_as_alike_as_the_square_of_their_fields(looks: int) -> None:
    """Siegert's relation; the field's correlation is that of the response 0.17, 0.66, 0.17."""
    speckle = draw_speckle(stream(7), (700, 600), looks)
    energy = 0.66**2 + 2 * 0.17**2
    for lag, overlap in ((1, 2 * 0.17 * 0.66), (2, 0.17**2), (3, 0.0)):
        expected = (overlap / energy) ** 2
        down = np.corrcoef(speckle[:-lag].ravel(), speckle[lag:].ravel())[0, 1]
        right = np.corrcoef(speckle[:, :-lag].ravel(), speckle[:, lag:].ravel())[0, 1]
        assert (down, right) == pytest.approx((expected, expected), abs=0.012)


def test_edges_are_as_bright_and_as_varied_as_the_middle() -> None:
    for speckle in (draw_speckle(stream(1), (3, 40_000), 2), draw_speckle(stream(2), (40_000, 3), 2).T):
        assert speckle.mean(axis=1) == pytest.approx([1, 1, 1], abs=0.02)
        assert speckle.var(axis=1) == pytest.approx([0.5] * 3, abs=0.03)
