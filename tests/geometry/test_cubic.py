"""The terms of RPC00B and their derivatives, at points whose three coordinates differ."""

import numpy as np

from oemsar.geometry.cubic import gradient, terms

L, P, H = (np.random.default_rng(seed).uniform(-1, 1, 9) for seed in range(3))


def test_the_terms_stand_in_the_order_of_the_specification() -> None:
    expected = [L**0, L, P, H, L * P, L * H, P * H, L**2, P**2, H**2, P * L * H]
    expected += [L**3, L * P**2, L * H**2, L**2 * P, P**3, P * H**2, L**2 * H, P**2 * H, H**3]
    np.testing.assert_allclose(terms(L, P, H), expected, atol=1e-15)


def test_the_gradient_is_that_of_the_terms() -> None:
    step = 1e-6
    by_east = (terms(L + step, P, H) - terms(L - step, P, H)) / (2 * step)
    by_north = (terms(L, P + step, H) - terms(L, P - step, H)) / (2 * step)
    np.testing.assert_allclose(gradient(L, P, H), (by_east, by_north), atol=1e-8)
