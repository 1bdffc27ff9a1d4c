"""Random fields: unit variance, the correlation length asked for in both directions, independent streams."""

import numpy as np
import pytest
from numpy.typing import NDArray

from oemsar.simulate.noise import rough, smooth, stream, white

SHAPE = (360, 500)


def correlation(field: NDArray[np.float32], down: int, right: int) -> float:
    rows, columns = field.shape
    first, second = field[: rows - down, : columns - right], field[down:, right:]
    return float((first * second).mean() / (field**2).mean())


def test_streams_repeat_and_differ_by_seed_and_key() -> None:
    first = stream(3, 1, 2).random(4)
    np.testing.assert_array_equal(first, stream(3, 1, 2).random(4))
    for other in (stream(4, 1, 2), stream(3, 1), stream(3, 2, 1), stream(3)):
        assert not np.isin(other.random(4), first).any()


def test_white_noise_is_not_correlated() -> None:
    field = white(stream(1), SHAPE)
    assert (field.dtype, field.shape) == (np.float32, SHAPE)
    assert (field.mean(), field.std()) == pytest.approx((0, 1), abs=0.01)
    assert correlation(field, 0, 1) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("length", [4.0, 9.5])
def test_smooth_field_has_details_of_its_length_in_both_directions(length: float) -> None:
    fields = [smooth(stream(2, seed), SHAPE, length) for seed in range(4)]
    assert {(field.dtype.name, field.shape) for field in fields} == {("float32", SHAPE)}
    assert np.mean([field.var() for field in fields]) == pytest.approx(1, abs=0.25)
    half, whole, far = round(length / 2), round(length), round(2.5 * length)
    for down, right in ((1, 0), (0, 1)):
        lags = [
            np.mean([correlation(f, lag * down, lag * right) for f in fields]) for lag in (half, whole, far)
        ]
        assert lags[0] > 0.6
        assert -0.1 < lags[1] < 0.4
        assert abs(lags[2]) < 0.1


def test_smooth_field_is_not_repeated_nor_mirrored_at_its_edges() -> None:
    field = smooth(stream(5), (40, 260), 13.0)
    assert field[:, :13].std() > 0.2
    assert abs(np.corrcoef(field[:, :130].ravel(), field[:, 130:].ravel())[0, 1]) < 0.5
    assert smooth(stream(5), (7, 3), 50.0).shape == (7, 3)


def test_a_length_below_a_pixel_is_one_pixel() -> None:
    np.testing.assert_array_equal(smooth(stream(5), (30, 40), 0.1), smooth(stream(5), (30, 40), 1.0))


@pytest.mark.parametrize("octaves", [1, 3])
def test_rough_field_has_unit_variance_and_halves_from_octave_to_octave(octaves: int) -> None:
    fields = [rough(stream(6, seed), SHAPE, 16.0, octaves) for seed in range(4)]
    assert np.mean([field.var() for field in fields]) == pytest.approx(1, abs=0.25)
    near = np.mean([correlation(field, 0, 2) for field in fields])
    # the finest of three octaves, 4 pixels wide, bears 1/21 of the variance, the next 4/21
    assert near > 0.97 if octaves == 1 else 0.9 < near < 0.975
