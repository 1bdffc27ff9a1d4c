"""The table keeps every amplitude to the error it states."""

import numpy as np
import pytest

from oemsar.prepare.radiometry.amplitude_table import AmplitudeTable
from oemsar.products.product import Encoding


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_integers_of_8_and_16_bits_are_exact(dtype: str) -> None:
    table = AmplitudeTable.build(np.dtype(dtype), Encoding.AMPLITUDE, 0.25)
    values = np.arange(np.iinfo(dtype).max + 1).astype(dtype)
    np.testing.assert_array_equal(table.amplitudes[table.indices(values)], values * 0.25)
    assert table.relative_error == 0


def test_a_complex_pixel_keeps_its_modulus() -> None:
    rng = np.random.default_rng(0)
    modulus = 10 ** rng.uniform(-6, 6, (200, 300))
    pixels = (modulus * np.exp(1j * rng.uniform(0, 6.28, modulus.shape))).astype(np.complex64)
    table = AmplitudeTable.build(pixels.dtype, Encoding.MODULUS, 3.0)
    found = table.amplitudes[table.indices(pixels)]
    np.testing.assert_allclose(found, 3 * modulus, rtol=table.relative_error + 1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_power_and_decibels_become_amplitude(dtype: str) -> None:
    pixels = np.arange(1, 3000).astype(dtype)
    power = AmplitudeTable.build(pixels.dtype, Encoding.POWER, 1.0)
    found = power.amplitudes[power.indices(pixels)]
    np.testing.assert_allclose(found, pixels**0.5, rtol=power.relative_error + 1e-9)
    decibels = np.linspace(-40, 40, 3000, dtype=np.float32)
    table = AmplitudeTable.build(decibels.dtype, Encoding.DECIBEL, 1.0)
    found = table.amplitudes[table.indices(decibels)]
    np.testing.assert_allclose(found, 10 ** (decibels / 20.0), rtol=table.relative_error)


@pytest.mark.parametrize("encoding", Encoding)
def test_what_is_not_finite_is_no_amplitude(encoding: Encoding) -> None:
    pixels = np.array([[np.nan, np.inf, -np.inf]], np.float32)
    table = AmplitudeTable.build(pixels.dtype, encoding, 1.0)
    assert np.isnan(table.amplitudes[table.indices(pixels)]).all()


def test_negative_power_is_no_amplitude_and_zero_is_zero() -> None:
    pixels = np.array([[-1.0, 0.0, -0.0]], np.float32)
    table = AmplitudeTable.build(pixels.dtype, Encoding.POWER, 1.0)
    np.testing.assert_array_equal(table.amplitudes[table.indices(pixels)], [[np.nan, 0, 0]])
