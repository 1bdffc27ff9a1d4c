import numpy as np
from sklearn.metrics import normalized_mutual_info_score

from oemsar.prepare.align.matching.matchers import MutualInformationMatcher
from oemsar.prepare.align.matching.mutual_information import BINS, grey_levels, information_surface


def test_it_is_the_normalised_mutual_information_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, BINS, (26, 24)).astype(np.int32)
    template = np.where(rng.random((20, 20)) < 0.2, -1, image[3:23, 2:22] // 3).astype(np.int32)
    surface = information_surface(template, image)
    assert surface.shape == (7, 5)
    known = template >= 0
    for row in range(7):
        for column in range(5):
            window = image[row : row + 20, column : column + 20]
            expected = normalized_mutual_info_score(template[known], window[known])
            assert abs(surface[row, column] - expected) < 1e-6
    assert np.unravel_index(surface.argmax(), surface.shape) == (3, 2)


def test_any_relation_of_grey_values_is_found() -> None:
    rng = np.random.default_rng(1)
    classes = np.kron(rng.integers(0, 5, (12, 12)), np.ones((12, 12), int))
    radar = np.array([90.0, 20.0, 160.0, 60.0, 120.0])[classes] * rng.gamma(4, 0.25, classes.shape)
    photo = np.array([30.0, 200.0, 90.0, 220.0, 60.0])[classes] + rng.normal(0, 5, classes.shape)
    engine, valid = MutualInformationMatcher(), np.ones(classes.shape, bool)
    levels = [engine.prepare(each.astype(np.float32), valid, "linear") for each in (photo, radar)]
    window = slice(30, 110)
    shifted = slice(30 - 8 + 3, 110 + 8 + 3)
    surface = engine.surface(levels[0][window, window], valid[window, window], levels[1][shifted, shifted])
    assert np.unravel_index(surface.argmax(), surface.shape) == (5, 5)


def test_levels_hold_equal_numbers_of_pixels() -> None:
    image = np.random.default_rng(2).gamma(1, 40, (200, 200)).astype(np.float32)
    valid = np.ones(image.shape, bool)
    valid[:50] = False
    levels = grey_levels(image, valid)
    assert (levels[:50] == -1).all()
    counts = np.bincount(levels[50:].ravel(), minlength=BINS)
    assert counts.max() - counts.min() <= 1
