"""Scaling of probabilities and thresholds of prediction sets, against numbers worked out by hand."""

from typing import Any

import numpy as np
import pytest

from oemsar.errors import InputError
from oemsar.models.calibration import Calibration
from oemsar.models.prediction_sets import prediction_sets, thresholds_of


def _calibration(scale: tuple[float, ...] = (1.0,) * 8, shift: tuple[float, ...] = (0.0,) * 8) -> Calibration:
    return Calibration(
        kind="vector",
        scale=scale,
        shift=shift,
        coverages=(0.5, 0.9),
        thresholds=((0.8, 0.2),) * 7 + ((0.6, 0.1),),
        regions=3,
        pixels=10,
        split="val",
        likelihood=(1.0, 0.5),
    )


def _probabilities() -> np.ndarray:
    return np.random.default_rng(0).dirichlet(np.ones(8), (3, 5)).transpose(2, 0, 1).astype(np.float32)


def test_a_temperature_is_a_power_of_the_probabilities() -> None:
    probabilities = _probabilities()
    power = probabilities.astype(np.float64) ** 0.5
    found = _calibration(scale=(0.5,) * 8).apply(probabilities)
    np.testing.assert_allclose(found, power / power.sum(0), rtol=1e-5)
    np.testing.assert_array_equal(found.argmax(0), probabilities.argmax(0))


def test_a_shift_multiplies_the_odds_of_its_class() -> None:
    probabilities = _probabilities()
    found = _calibration(shift=(0.0, float(np.log(3)), *(0.0,) * 6)).apply(probabilities)
    np.testing.assert_allclose(found[1] / found[0], 3 * probabilities[1] / probabilities[0], rtol=1e-4)


def test_a_network_that_is_certain_is_made_less_so() -> None:
    certain = np.zeros((8, 2), np.float32)
    certain[3] = 1
    found = _calibration(scale=(0.25,) * 8).apply(certain)
    np.testing.assert_allclose(found[3], 1 / 1.007, rtol=1e-4)  # 1e-12 stands for 0
    np.testing.assert_allclose(found[0], 1e-3 / 1.007, rtol=1e-4)


def test_a_set_holds_the_classes_above_their_thresholds_and_always_the_largest() -> None:
    thresholds = np.array([0.3, 0.3, 0.1, 0.9, 0.9, 0.9, 0.9, 0.05], np.float32)
    pixels = np.array(
        [
            [0.5, 0.35, 0.05, 0, 0, 0, 0, 0.1],
            [0.2, 0.2, 0.05, 0.55, 0, 0, 0, 0],
            [0.2, 0, 0, 0.4, 0.4, 0, 0, 0],
        ],
        np.float32,
    )
    sets = prediction_sets(pixels.T, thresholds)
    assert sets.size.tolist() == [3, 1, 2]
    assert sets.members.tolist() == [0b10000011, 0b00001000, 0b00011000]


def test_thresholds_are_interpolated_between_coverages() -> None:
    found = _calibration().thresholds_at(0.6)
    np.testing.assert_allclose(found, [0.65] * 7 + [0.475], rtol=1e-6)


def test_a_coverage_outside_those_kept_is_refused() -> None:
    with pytest.raises(InputError, match=r"0\.95 cannot be promised; give 0\.5 to 0\.9"):
        _calibration().thresholds_at(0.95)


def test_sets_of_a_network_without_calibration_are_refused() -> None:
    class Network:
        calibration = None

    with pytest.raises(InputError, match="no calibration") as error:
        thresholds_of([Network()], 0.9, False, (1.0,))  # type: ignore[list-item]
    assert error.value.options == ("sets",)


def test_sets_of_other_views_than_those_calibrated_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    class Network:
        calibration = _calibration().model_copy(update={"flips": True})

    networks: list[Any] = [Network()]
    expected = _calibration().thresholds_at(0.6)
    np.testing.assert_array_equal(thresholds_of(networks, 0.6, True, (1.0,)), expected)
    assert not caplog.records
    np.testing.assert_array_equal(thresholds_of(networks, 0.6, False, (1.0, 1.5)), expected)
    assert "calibrated with mirror images at scale 1 and are made without mirror images at scale 1,1.5" in (
        caplog.text
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"coverages": (0.9, 0.5)}, "must rise"),
        ({"coverages": (0.5, 0.7, 0.9)}, "threshold for each"),
        ({"thresholds": ((0.2, 0.3),) * 8}, "must fall where the coverages rise"),
    ],
)
def test_thresholds_that_do_not_fit_are_refused(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Calibration.model_validate({**_calibration().model_dump(), **change})
