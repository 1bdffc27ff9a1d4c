"""Amplitude and sigma nought follow from what a product states."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.products.product import Calibration, Encoding, GainPolynomial, Product, sigma_nought_gain
from oemsar.products.registry import find_product

POLYNOMIAL = GainPolynomial(((2.0, 0.5, 0.25), (-0.125, 0.0, 0.0625)), (10.5, 200.25), (0.5, 0.25))


@pytest.mark.parametrize(
    ("encoding", "values", "amplitude"),
    [
        (Encoding.MODULUS, [0, 5], [0, 5]),
        (Encoding.AMPLITUDE, [0, 7, -1], [0, 7, np.nan]),
        (Encoding.POWER, [0, 49, -1], [0, 7, np.nan]),
        (Encoding.DECIBEL, [-40, 0, 6.020599913, 20], [0.01, 1, 2, 10]),
    ],
)
def test_amplitude_of_every_encoding(encoding: Encoding, values: list[float], amplitude: list[float]) -> None:
    np.testing.assert_allclose(encoding.amplitude(np.array(values, np.float64)), amplitude, rtol=1e-9)


def test_a_gain_polynomial_is_summed_term_by_term() -> None:
    """SICD, volume 1, 2-D polynomials: coefficient [m, n] times (metres of row)^m (metres of column)^n."""
    rows, columns = np.array([0.0, 10.5, 99.0]), np.array([7.0, 200.25, 300.0, 512.0])
    found = POLYNOMIAL.at(rows, columns)
    assert found.shape == (3, 4)
    for i, j in np.ndindex(3, 4):
        x, y = (rows[i] - 10.5) * 0.5, (columns[j] - 200.25) * 0.25
        expected = 2 + 0.5 * y + 0.25 * y**2 - 0.125 * x + 0.0625 * x * y**2
        assert found[i, j] == pytest.approx(expected)
    assert found[1, 1] == 2


def test_a_multiplied_polynomial_is_that_much_larger_everywhere() -> None:
    at = np.array([3.0, 80.0]), np.array([1.0, 2.0, 400.0])
    np.testing.assert_allclose(POLYNOMIAL.times(3.5).at(*at), 3.5 * POLYNOMIAL.at(*at))


def test_a_polynomial_of_beta_nought_is_flattened_as_a_number_is() -> None:
    """Small 2011: sigma0 = beta0 sin(incidence), for every pixel of the gain."""
    product = Product(
        "a", Encoding.MODULUS, calibration=Calibration("beta0", POLYNOMIAL), look=Look(20.0, 30.0)
    )
    gain = sigma_nought_gain(product, "a.tif")
    assert isinstance(gain, GainPolynomial)
    at = np.array([3.0, 80.0]), np.array([1.0, 2.0, 400.0])
    np.testing.assert_allclose(gain.at(*at), math.sin(math.radians(30)) * POLYNOMIAL.at(*at))


def test_sigma_nought_is_taken_as_it_is() -> None:
    product = Product("a", Encoding.MODULUS, calibration=Calibration("sigma0", 0.25), look=Look(20.0, 30.0))
    assert sigma_nought_gain(product, "a.tif") == 0.25


def test_gamma_nought_and_display_products_give_no_sigma_nought(write_scene: Callable[..., Path]) -> None:
    power = np.random.default_rng(0).exponential(0.1, (40, 50)).astype(np.float32)
    grey = np.ones((4, 5), np.uint8)
    for name, pixels, words in [
        ("vv.rtc.tif", power, "gamma nought"),
        ("UMBRA.tif", grey, "tuned for display"),
    ]:
        product = find_product(write_scene(name, pixels)).product
        with pytest.raises(InputError, match=words):
            sigma_nought_gain(product, "a.tif")


def test_a_product_without_calibration_gives_no_sigma_nought() -> None:
    with pytest.raises(InputError, match="carries no calibration") as error:
        sigma_nought_gain(Product("a", Encoding.AMPLITUDE), "a.tif")
    assert error.value.options == ("sigma0",)
