"""A stretch maps its limits to 0 and 255, whatever the type of the pixels."""

import numpy as np
import pytest

from oemsar.arrays import Stretch, amplitude, pick, put


@pytest.mark.parametrize("dtype", ["uint16", "int32", "float32", "float64"])
def test_limits_become_0_and_255_and_what_lies_between_is_linear(dtype: str) -> None:
    pixels = np.array([[0, 100, 110, 150], [200, 300, 400, 175]]).astype(dtype)
    found = Stretch(100, 300).apply(pixels)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, [[0, 0, 13, 64], [128, 255, 255, 96]])


def test_complex_pixels_count_by_their_modulus() -> None:
    pixels = np.array([3 + 4j, -6 + 8j, 0])
    np.testing.assert_array_equal(amplitude(pixels), [5, 10, 0])
    np.testing.assert_array_equal(Stretch(0, 10).apply(pixels), [128, 255, 0])
    np.testing.assert_array_equal(amplitude(np.array([-3.5])), [-3.5])


def test_values_that_are_not_finite_have_a_grey_value_of_their_own() -> None:
    values = np.array([np.nan, np.inf, -np.inf], np.float32)
    np.testing.assert_array_equal(Stretch(0, 1).apply(values), [0, 255, 0])


def test_picked_pixels_of_every_band_are_put_where_they_were() -> None:
    bands = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    where = bands[0] % 3 == 1
    np.testing.assert_array_equal(pick(bands, where), bands[:, where])
    into = np.zeros_like(bands)
    put(into, where, pick(bands, where))
    np.testing.assert_array_equal(into, np.where(where, bands, 0))
    flat = into.reshape(2, -1)
    put(flat, np.array([5, 0]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(flat[:, [5, 0]], [[1, 2], [3, 4]])
