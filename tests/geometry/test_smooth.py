import numpy as np

from oemsar.geometry.mapping import projection
from oemsar.geometry.smooth import smoothly


def test_a_projection_taken_smoothly_is_the_projection() -> None:
    exact = projection("EPSG:32654", "EPSG:4326")
    x, y = np.meshgrid(380_000 + np.arange(0, 5000, 50.0), 3_940_000 - np.arange(0, 5000, 50.0))
    x[3, 4] = np.nan
    found, expected = smoothly(exact, 1e-9)(x, y), exact(x, y)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert np.isnan(found[0][3, 4])


def test_a_map_that_is_not_smooth_is_left_exact() -> None:
    def jump(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.where(x > 40, x + 5, x), y

    x, y = np.meshgrid(np.arange(64.0), np.arange(64.0))
    np.testing.assert_array_equal(smoothly(jump)(x, y), jump(x, y))
