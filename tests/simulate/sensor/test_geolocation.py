"""The geolocation error is a small similarity of the size that was asked for."""

import math

import numpy as np
import pytest

from oemsar.simulate.sensor.geolocation import GeolocationError


@pytest.mark.parametrize("seed", range(5))
def test_error_shifts_the_centre_by_the_offset_and_turns_little(seed: int) -> None:
    centre = (500000.0, 5300000.0)
    error = GeolocationError.draw(centre, 25.0, np.random.default_rng(seed))
    east, north = error.claimed(np.array(centre[0]), np.array(centre[1]))
    assert math.hypot(east - centre[0], north - centre[1]) == pytest.approx(25)
    assert 0 < abs(error.rotation) <= 2e-4
    assert 0 < abs(error.scale) <= 2e-4
    far = error.claimed(np.array(centre[0] + 1000), np.array(centre[1]))
    assert math.hypot(far[0] - east, far[1] - north) == pytest.approx(1000 * (1 + error.scale))
    back = error.true(*far)
    np.testing.assert_allclose(np.stack(back), [centre[0] + 1000, centre[1]], atol=1e-6)


def test_no_offset_is_no_error() -> None:
    error = GeolocationError.draw((0.0, 0.0), 0.0, np.random.default_rng(0))
    assert tuple(error.affine[:6]) == (1, 0, 0, 0, 1, 0)
