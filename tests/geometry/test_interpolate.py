import numpy as np
import pytest

from oemsar.geometry.interpolate import Kernel, interpolate, shrinking

SIZE = 24
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE].astype(np.float64)
EVERYWHERE = np.ones((SIZE, SIZE), bool)


def inner(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(2, SIZE - 3, 300), rng.uniform(2, SIZE - 3, 300)


@pytest.mark.parametrize("kernel", ["nearest", "bilinear", "bicubic"])
def test_whole_positions_give_the_pixels(kernel: Kernel) -> None:
    image = np.random.default_rng(1).normal(size=(2, SIZE, SIZE)).astype(np.float32)
    found, has_data = interpolate(image, EVERYWHERE, COLUMNS, ROWS, kernel)
    assert has_data.all()
    np.testing.assert_allclose(found, image, atol=1e-5)


def test_bilinear_is_exact_on_a_plane() -> None:
    x, y = inner()
    found, _ = interpolate((3 * COLUMNS - 2 * ROWS + 1)[None], EVERYWHERE, x, y, "bilinear")
    np.testing.assert_allclose(found[0], 3 * x - 2 * y + 1, atol=1e-5)


def test_bicubic_is_exact_on_quadratics() -> None:
    x, y = inner()
    found, _ = interpolate((COLUMNS**2 - ROWS * COLUMNS + ROWS**2)[None], EVERYWHERE, x, y, "bicubic")
    np.testing.assert_allclose(found[0], x**2 - y * x + y**2, atol=1e-3)


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
def test_a_hole_does_not_darken_its_surroundings(kernel: Kernel) -> None:
    valid = EVERYWHERE.copy()
    valid[10:14, 10:14] = False
    image = np.where(valid, 100, np.nan)[None]
    x, y = np.meshgrid(np.linspace(0, SIZE - 1, 211), np.linspace(0, SIZE - 1, 211))
    found, has_data = interpolate(image, valid, x, y, kernel)
    np.testing.assert_allclose(found[0, has_data], 100, atol=1e-3)
    assert not has_data[np.hypot(x - 11.5, y - 11.5) < 1.9].any()
    assert has_data[(np.abs(x - 11.5) > 2.1) | (np.abs(y - 11.5) > 2.1)].all()


def test_outside_and_nowhere_carry_no_data() -> None:
    x = np.array([-0.6, -0.4, SIZE - 0.4, np.nan, 3.0])
    _, has_data = interpolate(np.ones((1, SIZE, SIZE)), EVERYWHERE, x, np.full(5, 3.0), "bicubic")
    assert has_data.tolist() == [False, True, False, False, True]


def test_shrinking_keeps_the_mean_and_suppresses_what_a_coarse_pixel_cannot_hold() -> None:
    stripes = np.where(COLUMNS % 2 == 0, 0.0, 2.0)[None]
    shrunk = shrinking(stripes, EVERYWHERE, 2.0)
    np.testing.assert_allclose(shrunk[:, 2:-2, 2:-2], 1, atol=1e-6)
