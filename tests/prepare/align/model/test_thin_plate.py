"""Splines are those of scipy, and many positions of them are close to what each alone would be."""

import math

import numpy as np
import pytest
from scipy.interpolate import RBFInterpolator

from oemsar.prepare.align.model.thin_plate import bending, thin_plate

RNG = np.random.default_rng(3)
KNOTS = RNG.uniform((-1, -0.5), (1, 0.5), (15, 2))


def test_the_kernel_is_r_squared_log_r() -> None:
    away = np.array([0.0, 1.0, math.e, 0.5])
    positions = np.stack([2 + 0.6 * away, 3 - 0.8 * away], 1)
    found = thin_plate(positions, np.array([[2.0, 3.0]]))
    np.testing.assert_allclose(found[:, 0], [0, 0, math.e**2, 0.25 * math.log(0.5)], atol=1e-12)


@pytest.fixture(scope="module")
def spline() -> tuple[RBFInterpolator, np.ndarray]:
    """A spline through scipy's weights: the part of it that bends, without its plane."""
    values = RNG.normal(0, 3, (15, 2))
    interpolator = RBFInterpolator(KNOTS, values, kernel="thin_plate_spline")
    plane = np.stack([np.ones(15), *KNOTS.T], 1)
    system = np.zeros((18, 18))
    system[:15, :15] = thin_plate(KNOTS, KNOTS)
    system[:15, 15:], system[15:, :15] = plane, plane.T
    solved = np.linalg.solve(system, np.concatenate([values, np.zeros((3, 2))]))
    return interpolator, solved


@pytest.mark.parametrize("shape", [(3, 7), (60, 110)])
def test_a_spline_with_its_plane_is_scipys(
    spline: tuple[RBFInterpolator, np.ndarray], shape: tuple[int, int]
) -> None:
    """Few positions exactly; more than a lattice has, closely. Columns and rows span unequal lengths."""
    interpolator, solved = spline
    u, v = np.meshgrid(np.linspace(-1, 0.9, shape[1]), np.linspace(-0.5, 0.45, shape[0]))
    bend = bending(u, v, KNOTS, solved[:15])
    found = bend + np.einsum("ka,k...->a...", solved[15:], np.stack([np.ones_like(u), u, v]))
    expected = interpolator(np.stack([u.ravel(), v.ravel()], 1)).T.reshape(2, *shape)
    np.testing.assert_allclose(found, expected, atol=1e-8 if shape[0] == 3 else 0.05)


def test_where_a_position_is_not_known_there_is_no_displacement() -> None:
    weights = RNG.normal(size=(15, 2))
    nowhere = np.full((60, 100), np.nan)
    assert bending(nowhere, nowhere, KNOTS, weights).shape == (2, 60, 100)
    assert np.isnan(bending(nowhere, nowhere, KNOTS, weights)).all()
