"""A calibration finds the distortion that was put into probabilities, region by region."""

import numpy as np
import pytest

from oemsar.errors import InputError
from oemsar.evaluate.calibration_fit import fit_calibration
from oemsar.evaluate.pixel_sample import PixelSample
from oemsar.evaluate.reliability import ReliabilityCounts, reliability


def _sample(seed: int, regions: int = 12, pixels: int = 1500, distort: float = 2.5) -> PixelSample:
    """Pixels whose true class is drawn from p, while the network says p to the power of `distort`."""
    rng = np.random.default_rng(seed)
    honest = rng.dirichlet(np.full(8, 0.5), regions * pixels)
    truth = (honest.cumsum(1) > rng.random((regions * pixels, 1))).argmax(1).astype(np.uint8)
    said = honest**distort
    said /= said.sum(1, keepdims=True)
    region = np.repeat(np.arange(regions, dtype=np.int32), pixels)
    return PixelSample(said.astype(np.float32), truth, region, tuple(f"r{k}" for k in range(regions)))


def test_the_temperature_of_a_network_that_is_too_sure_is_found() -> None:
    found = fit_calibration(_sample(0), "temperature", "val")
    assert 1 / found.scale[0] == pytest.approx(2.5, rel=0.03)
    assert len(set(found.scale)) == 1
    assert set(found.shift) == {0.0}
    assert (found.regions, found.pixels, found.split) == (12, 18_000, "val")
    assert found.likelihood[1] < found.likelihood[0]


def test_a_vector_finds_the_bias_of_a_class() -> None:
    sample = _sample(1, distort=1.0)
    biased = sample.probabilities * np.array([4, 1, 1, 1, 1, 1, 1, 1], np.float32)
    biased /= biased.sum(1, keepdims=True)
    found = fit_calibration(PixelSample(biased, sample.truth, sample.region, sample.regions), "vector", "val")
    shift = np.array(found.shift)
    assert shift[0] - shift[1:].mean() == pytest.approx(-np.log(4), abs=0.15)
    np.testing.assert_allclose(found.scale, 1, atol=0.1)


@pytest.mark.parametrize("kind", ["temperature", "vector"])
def test_pixels_that_were_not_seen_are_calibrated_and_covered(kind: str) -> None:
    found = fit_calibration(_sample(2), kind, "val")  # type: ignore[arg-type]
    other = _sample(3)
    before = reliability(ReliabilityCounts.of(other.probabilities, other.truth))
    scaled = found.apply(other.probabilities.T.copy()).T
    after = reliability(ReliabilityCounts.of(scaled, other.truth, found.thresholds_at(0.9)), sets=True)
    assert after.calibration_error is not None
    assert before.calibration_error is not None
    assert after.calibration_error < before.calibration_error / 5
    assert after.set_coverage == pytest.approx(0.9, abs=0.02)
    assert after.class_set_coverage is not None
    for coverage in after.class_set_coverage.values():
        assert coverage == pytest.approx(0.9, abs=0.03)


def test_a_large_region_counts_no_more_than_a_small_one() -> None:
    small, large = (
        _sample(4, regions=1, pixels=400, distort=1.0),
        _sample(5, regions=1, pixels=8000, distort=4.0),
    )
    both = PixelSample(
        np.concatenate([small.probabilities, large.probabilities]),
        np.concatenate([small.truth, large.truth]),
        np.r_[small.region, large.region + 1],
        ("small", "large"),
    )
    even = PixelSample(
        np.concatenate([np.repeat(small.probabilities, 20, 0), large.probabilities]),
        np.concatenate([np.repeat(small.truth, 20), large.truth]),
        np.r_[np.zeros(8000, np.int32), np.ones(8000, np.int32)],
        ("small", "large"),
    )
    found, expected = (fit_calibration(each, "temperature", "val") for each in (both, even))
    assert found.scale[0] == pytest.approx(expected.scale[0], rel=1e-3)
    np.testing.assert_allclose(found.thresholds, expected.thresholds, atol=2e-3)


def test_a_class_without_pixels_takes_the_thresholds_of_all() -> None:
    sample = _sample(6)
    kept = sample.truth != 3
    fewer = PixelSample(sample.probabilities[kept], sample.truth[kept], sample.region[kept], sample.regions)
    found = fit_calibration(fewer, "temperature", "val")
    rows = np.array(found.thresholds)
    assert rows[np.arange(8) != 3].min(0)[0] <= rows[3][0] <= rows[np.arange(8) != 3].max(0)[0]


def test_labels_without_a_known_pixel_are_refused() -> None:
    nothing = PixelSample(np.zeros((0, 8), np.float32), np.zeros(0, np.uint8), np.zeros(0, np.int32), ())
    with pytest.raises(InputError, match="split val hold no known pixel"):
        fit_calibration(nothing, "temperature", "val")


def test_a_network_that_knows_nothing_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    sample = _sample(7, regions=2, pixels=800)
    truth = np.random.default_rng(7).integers(0, 8, sample.truth.shape).astype(np.uint8)
    found = fit_calibration(
        PixelSample(sample.probabilities, truth, sample.region, sample.regions), "temperature", "val"
    )
    assert 1 / found.scale[0] == pytest.approx(20, rel=1e-2)
    (text,) = caplog.messages
    assert "at its limit of 20" in text
    assert "confidence of maps will be close to one in 8 everywhere; train longer" in text
    caplog.clear()
    fit_calibration(sample, "temperature", "val")
    assert not caplog.messages
