import numpy as np
import pytest

from oemsar.prepare.align.matching.descriptor import MARGIN, ORIENTATIONS, orientation_channels


@pytest.fixture
def fields() -> np.ndarray:
    """Patches of four grey values, smooth enough that pixels are not all edge."""
    rng = np.random.default_rng(0)
    return np.kron(rng.choice([40.0, 80.0, 120.0, 160.0], (8, 8)), np.ones((20, 20))).astype(np.float32)


def everywhere(image: np.ndarray) -> np.ndarray:
    return np.ones(image.shape, bool)


def test_contrast_the_other_way_has_the_same_channels(fields: np.ndarray) -> None:
    channels = orientation_channels(fields, everywhere(fields), "linear")
    reversed_ = orientation_channels(200 - fields, everywhere(fields), "linear")
    np.testing.assert_allclose(channels, reversed_, atol=1e-4)


def test_a_quarter_turn_permutes_the_channels(fields: np.ndarray) -> None:
    channels = orientation_channels(fields, everywhere(fields), "linear")
    turned = orientation_channels(np.rot90(fields).copy(), everywhere(fields), "linear")
    back = np.rot90(turned, -1, (1, 2))
    np.testing.assert_allclose(channels, np.roll(back, ORIENTATIONS // 2, 0), atol=1e-3)


def test_the_edge_of_a_field_is_in_the_channel_of_its_direction() -> None:
    image = np.zeros((80, 80), np.float32)
    image[:, 40:] = 100
    channels = orientation_channels(image, everywhere(image), "linear")
    assert channels[:, 40, 40].argmax() == 0  # the gradient points along the columns
    assert channels[0, 40, 40] > 10 * channels[ORIENTATIONS // 2, 40, 40]


def test_brightness_of_a_radar_image_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    amplitude = (60 + 60 * (np.indices((120, 120)).sum(0) % 60 > 30)) * rng.rayleigh(1, (120, 120))
    dark = orientation_channels(amplitude.astype(np.float32) + 40, everywhere(amplitude), "logarithmic")
    bright = orientation_channels(2 * amplitude.astype(np.float32) + 84, everywhere(amplitude), "logarithmic")
    np.testing.assert_allclose(dark, bright, atol=1e-3)


def test_holes_have_no_edges_of_their_own() -> None:
    image = np.random.default_rng(2).normal(100, 3, (160, 160)).astype(np.float32)
    valid = everywhere(image)
    edge = orientation_channels(np.where(np.indices(image.shape)[1] < 80, image, 0), valid, "linear")
    image[50:110, 50:110], valid[50:110, 50:110] = 0, False
    strength = orientation_channels(image, valid, "linear").max(0)
    rim = np.zeros_like(valid)
    rim[46:114, 46:114], rim[54:106, 54:106] = True, False
    assert strength[rim].max() <= 1.05 * strength[~rim].max()
    assert edge[0, 40:120, 80].min() > strength[rim].max()
    assert not orientation_channels(image, np.zeros_like(valid), "linear").any()


def test_the_margin_is_enough(fields: np.ndarray) -> None:
    whole = orientation_channels(fields, everywhere(fields), "linear")
    part = fields[:130, :130]
    channels = orientation_channels(part, everywhere(part), "linear")
    inner = slice(MARGIN, 130 - MARGIN)
    difference = np.abs(whole[:, inner, inner] - channels[:, inner, inner])
    assert difference.max() < 0.1 * whole.max()
