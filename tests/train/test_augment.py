"""Changes of brightness: their statistics, their range, and that they repeat."""

import numpy as np
import pytest
import torch
from scipy import stats

from oemsar.inputs import OPTICAL, SAR, SAR_OPTICAL, Inputs
from oemsar.train.augment import Augmentation, Photometry, change_optical, draw_photometry, speckle_bank

NUMBERS = torch.arange(40)


def images(channels: int, value: int = 100) -> torch.Tensor:
    return torch.full((40, channels, 32, 32), value, dtype=torch.uint8)


@pytest.mark.parametrize(("row", "looks"), list(enumerate([4, 8, 16, 32])))
def test_speckle_intensity_is_gamma_of_its_looks(row: int, looks: int) -> None:
    intensity = speckle_bank(40_000, 0)[row].numpy().astype(float) ** 2
    assert stats.kstest(intensity / intensity.mean(), stats.gamma(looks, scale=1 / looks).cdf).pvalue > 1e-3


def test_speckle_keeps_the_mean_amplitude() -> None:
    np.testing.assert_allclose(speckle_bank(10_000, 0).mean(1), 1, rtol=1e-5)


def test_another_seed_draws_another_speckle() -> None:
    bank = speckle_bank(1000, 3)
    assert torch.equal(bank, speckle_bank(1000, 3))
    assert (bank == speckle_bank(1000, 4)).float().mean() < 0.01


def test_radar_is_multiplied() -> None:
    """Twice the amplitude gives twice the result: gain and speckle are factors."""
    augment = Augmentation(SAR, 32, seed=0)
    torch.testing.assert_close(augment(images(1, 80), NUMBERS), 2 * augment(images(1, 40), NUMBERS))


def test_every_other_sample_is_speckled_and_gain_is_within_3_db() -> None:
    changed = Augmentation(SAR, 32, seed=0)(images(1), NUMBERS).flatten(1)
    speckled = changed.std(1) > 1
    assert 10 <= speckled.sum() <= 30
    gain = 20 * torch.log10(changed.mean(1) / 100)
    assert gain.abs().max() < 3.3
    assert gain.std() > 1


def test_range_is_kept() -> None:
    changed = Augmentation(SAR_OPTICAL, 32, seed=0)(images(4, 250), NUMBERS)
    assert changed.dtype == torch.float32
    assert changed.min() >= 0
    assert changed.max() <= 255


def test_optical_colours_change_alike() -> None:
    changed = Augmentation(OPTICAL, 32, seed=0)(images(3), NUMBERS)
    torch.testing.assert_close(changed[:, 0], changed[:, 1])
    assert len({round(float(image.mean()), 3) for image in changed}) == 40


def test_radar_and_optical_of_a_sample_change_as_they_do_alone() -> None:
    both = torch.randint(
        0, 256, (40, 4, 24, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    changed = Augmentation(SAR_OPTICAL, 32, seed=2)(both, NUMBERS)
    for modalities, channels in ((SAR, slice(0, 1)), (OPTICAL, slice(1, 4))):
        alone = Augmentation(modalities, 32, seed=2)(both[:, channels], NUMBERS)
        torch.testing.assert_close(changed[:, channels], alone)


def test_optical_change_is_the_formula() -> None:
    light = Photometry(gain=0, looks=None, offset=0, brightness=0.1, contrast=1.2, gamma=0.9)
    pixels = torch.rand(3, 8, 8) * 255
    curved = (pixels / 255) ** 0.9
    expected = 255 * ((curved - curved.mean()) * 1.2 + curved.mean() + 0.1)
    change_optical(pixels, light)
    torch.testing.assert_close(pixels, expected)


def test_sample_is_changed_the_same_in_any_batch() -> None:
    augment = Augmentation(SAR_OPTICAL, 32, seed=4)
    whole = augment(images(4), NUMBERS)
    alone = Augmentation(SAR_OPTICAL, 32, seed=4)(images(4)[:1], NUMBERS[17:18])
    torch.testing.assert_close(alone[0], whole[17], rtol=0, atol=0)
    assert draw_photometry(4, 17) != draw_photometry(5, 17)


def test_heights_stay_and_reflectance_changes_with_the_light() -> None:
    inputs = Inputs.parse("sar+optical+nir+height")
    values = torch.full((40, 6, 32, 32), 100.0)
    values[:, 4] = 3000 + 500 * torch.arange(32.0)
    values[:, 5] = -3.5
    values[:, 4:, :4, :4] = torch.nan
    before = values.clone()
    changed = Augmentation(inputs, 32, seed=0)(values, NUMBERS)
    assert torch.equal(values.nan_to_num(), before.nan_to_num())
    torch.testing.assert_close(changed[:, 5], before[:, 5], rtol=0, atol=0, equal_nan=True)
    assert torch.equal(changed.isnan(), before.isnan())
    grey = Augmentation(SAR_OPTICAL, 32, seed=0)(images(4), NUMBERS)
    torch.testing.assert_close(changed[:, :4], grey, rtol=0, atol=0)
    for number in range(40):
        light = draw_photometry(0, number)
        centre = before[number, 4].nanmean()
        expected = ((before[number, 4] - centre) * light.contrast + centre) * (1 + light.brightness)
        torch.testing.assert_close(changed[number, 4], expected, equal_nan=True)


def test_polarisations_have_one_gain_and_speckle_of_their_own() -> None:
    changed = Augmentation(Inputs.parse("sar:2"), 32, seed=0)(images(2), NUMBERS)
    speckled = changed[:, 0].flatten(1).std(1) > 1
    assert torch.equal(changed[~speckled, 0], changed[~speckled, 1])
    for first, second in changed[speckled].flatten(2):
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.15
    torch.testing.assert_close(changed[:, :1], Augmentation(SAR, 32, seed=0)(images(1), NUMBERS))


def test_no_strength_changes_nothing() -> None:
    """Gain, speckle, light: all of it is off at strength 0."""
    both = torch.randint(0, 256, (40, 4, 32, 32), dtype=torch.uint8)
    changed = Augmentation(SAR_OPTICAL, 32, seed=0, strength=0)(both, NUMBERS)
    torch.testing.assert_close(changed, both.float(), atol=1e-3, rtol=0)


def test_the_usual_strength_draws_what_it_drew() -> None:
    assert draw_photometry(4, 17, 1.0) == draw_photometry(4, 17)
    assert draw_photometry(4, 17).remap == 1


def test_a_greater_strength_remaps_radar_and_tints_colours() -> None:
    """Gains within 9 dB, exponents within 1.25^2, colours within 1.1^2: all of it is used."""
    draws = [draw_photometry(0, number, 3.0) for number in range(400)]
    gains = np.array([draw.gain for draw in draws])
    exponents = np.array([draw.remap for draw in draws])
    colours = np.array([draw.colours for draw in draws])
    assert 8 < np.abs(gains).max() <= 9
    assert 1.5 < exponents.max() <= 1.25**2
    assert 1.25**-2 <= exponents.min() < 0.67
    assert colours.shape == (400, 3)
    assert 1.18 < colours.max() <= 1.1**2
    assert abs(np.corrcoef(colours.T)[0, 1]) < 0.2


def test_a_remap_is_a_power_of_the_amplitude_and_colours_are_gains() -> None:
    augment = Augmentation(SAR_OPTICAL, 32, seed=0, strength=2)
    number = next(n for n in range(99) if draw_photometry(0, n, 2).looks is None)
    draw = draw_photometry(0, number, 2)
    ramp = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    both = torch.cat([ramp, ramp.expand(-1, 3, -1, -1)], 1)
    sar, *colours = augment(both, torch.tensor([number]))[0].double()
    expected = 255 * (ramp[0, 0].double() / 255) ** draw.remap * 10 ** (draw.gain / 20)
    torch.testing.assert_close(sar, expected.clamp(0, 255), atol=1e-3, rtol=1e-5)
    unclipped = (torch.stack(colours) > 0).all(0) & (torch.stack(colours) < 255).all(0)
    middle = [colour[unclipped] for colour in colours]
    steps = [float((colour[1:] - colour[:-1]).sum()) for colour in middle]
    assert steps[1] / steps[0] == pytest.approx(draw.colours[1] / draw.colours[0], rel=1e-4)
    assert steps[2] / steps[0] == pytest.approx(draw.colours[2] / draw.colours[0], rel=1e-4)
