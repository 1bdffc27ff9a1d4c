import numpy as np
import pytest
from scipy import ndimage

from oemsar.prepare.align.matching.correlate import correlation_surface, find_peak


def by_hand(template: np.ndarray, known: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Correlation coefficient of the known pixels at every place, channels centred on their own means."""
    height, width = known.shape
    rows, columns = image.shape[1] - height + 1, image.shape[2] - width + 1
    surface = np.zeros((rows, columns))
    first = np.stack([channel[known] - channel[known].mean() for channel in template])
    for row in range(rows):
        for column in range(columns):
            window = image[:, row : row + height, column : column + width]
            second = np.stack([channel[known] - channel[known].mean() for channel in window])
            surface[row, column] = (first * second).sum() / np.sqrt((first**2).sum() * (second**2).sum())
    return surface


@pytest.mark.parametrize("share", [1.0, 0.6])
def test_it_is_the_correlation_coefficient_of_the_known_pixels(share: float) -> None:
    rng = np.random.default_rng(0)
    image = rng.random((3, 30, 28)).astype(np.float32)
    template, known = rng.random((3, 18, 16)).astype(np.float32), rng.random((18, 16)) < share
    found = correlation_surface(template, known, image)
    np.testing.assert_allclose(found, by_hand(template, known, image), atol=1e-5)


def test_a_template_without_content_fits_nowhere() -> None:
    image = np.random.default_rng(0).random((2, 20, 20)).astype(np.float32)
    flat, known = np.ones((2, 10, 10), np.float32), np.ones((10, 10), bool)
    assert not correlation_surface(flat, known, image).any()
    assert not correlation_surface(image[:, :10, :10], ~known, image).any()


@pytest.mark.parametrize("shift", [(0.0, 0.0), (2.3, -1.6), (-3.5, 0.25)])
def test_the_peak_has_a_fraction(shift: tuple[float, float]) -> None:
    rng = np.random.default_rng(1)
    ground = ndimage.gaussian_filter(rng.standard_normal((1, 120, 120)), (0, 2, 2))
    moved = ndimage.shift(ground, (0, shift[1], shift[0]), order=5)
    inner = slice(20, 100)
    template = ground[:, inner, inner].astype(np.float32)
    surface = correlation_surface(
        template, np.ones((80, 80), bool), moved[:, 12:108, 12:108].astype(np.float32)
    )
    peak = find_peak(surface)
    assert (peak.x, peak.y) == pytest.approx(shift, abs=0.1)
    assert peak.inside


def test_a_peak_is_looked_for_where_it_may_lie() -> None:
    surface = np.zeros((11, 11), np.float32)
    surface[2, 3], surface[7, 6] = 1.0, 0.8
    assert find_peak(surface)[:2] == (-2.0, -3.0)
    allowed = np.zeros((11, 11), bool)
    allowed[5:, 5:] = True
    assert find_peak(surface, allowed)[:2] == (1.0, 2.0)


def test_a_ridge_is_less_prominent_than_a_summit() -> None:
    down, right = np.mgrid[-10:11, -10:11]
    summit = np.exp(-(down**2 + right**2) / 4).astype(np.float32)
    ridge = np.exp(-(down**2) / 4 - right**2 / 400).astype(np.float32)
    assert find_peak(summit).prominence > 5 * find_peak(ridge).prominence
