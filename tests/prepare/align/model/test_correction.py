import json

import numpy as np
import pytest

from oemsar.errors import InputError
from oemsar.prepare.align.model.correction import MODELS, Correspondences, Model, fit, models_for, smoother
from oemsar.prepare.align.model.stored import StoredCorrection


def field(model: str, x: np.ndarray, y: np.ndarray, height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A displacement of which `model` is the simplest description."""
    u, v = x / 1000, y / 1000
    dx, dy = np.full_like(x, 12.5), np.full_like(x, -7.25)
    if model != "shift":
        dx, dy = dx + 6 * u - 3 * v, dy + 2 * u + 4 * v
    if model == "affine+height":
        dx, dy = dx - 0.8 * height, dy + 0.1 * height
    if model in ("polynomial", "cubic"):
        dx, dy = dx + 5 * u * v, dy - 4 * u * u
    if model == "cubic":
        dx = dx + 6 * u * u * v
    if model == "spline":
        dx = dx + 8 * np.exp(-((u - 0.5) ** 2 + (v - 0.4) ** 2) / 0.05)
    return dx, dy


def correspondences_of(model: str, number: int = 150, noise: float = 0.0, seed: int = 0) -> Correspondences:
    rng = np.random.default_rng(seed)
    x, y, height = rng.uniform(0, 1000, number), rng.uniform(0, 800, number), rng.uniform(0, 60, number)
    dx, dy = field(model, x, y, height)
    error = rng.normal(0, noise, (2, number)) if noise else np.zeros((2, number))
    return Correspondences(x, y, x + dx + error[0], y + dy + error[1], height)


@pytest.mark.parametrize("model", MODELS)
def test_a_model_finds_a_field_of_its_kind(model: Model) -> None:
    correspondences = correspondences_of(model)
    correction = fit(correspondences, model)
    fresh = correspondences_of(model, seed=9)
    misses = np.hypot(*fresh.misses(correction))
    if model == "spline":  # a narrow bump between scattered points
        assert np.quantile(misses, 0.9) < 0.5
    else:
        assert misses.max() < 1e-6


def test_wrong_ties_are_passed_over() -> None:
    correspondences = correspondences_of("affine", noise=0.2)
    wrong = np.arange(len(correspondences)) % 5 == 0
    spoilt = Correspondences(
        correspondences.x,
        correspondences.y,
        np.where(wrong, correspondences.to_x + 40, correspondences.to_x),
        correspondences.to_y,
        correspondences.height,
    )
    robust, believing = fit(spoilt, "affine"), fit(spoilt, "affine", robust=False)
    truth = correspondences_of("affine", seed=9)
    assert np.hypot(*truth.misses(robust)).max() < 0.3
    assert np.hypot(*truth.misses(believing)).min() > 3


@pytest.mark.parametrize("model", ["shift", "affine", "affine+height", "polynomial"])
def test_leverage_tells_the_error_of_a_tie_left_out(model: Model) -> None:
    correspondences = correspondences_of(model, number=20, noise=1.0)
    correction, leverage = smoother(correspondences, model, robust=False)
    quick = np.hypot(*correspondences.misses(correction)) / (1 - leverage)
    for number in range(len(correspondences)):
        one = np.arange(len(correspondences)) == number
        without = fit(correspondences.only(~one), model, robust=False)
        assert np.hypot(*correspondences.only(one).misses(without))[0] == pytest.approx(
            quick[number], rel=1e-6
        )


def test_many_positions_of_a_spline_are_interpolated_closely() -> None:
    correction = fit(correspondences_of("spline", noise=0.3), "spline")
    x, y = np.meshgrid(np.linspace(0, 1000, 120), np.linspace(0, 800, 120))
    many = np.stack(correction(x, y))
    few = np.stack(correction(x[::40, ::40], y[::40, ::40]))
    np.testing.assert_allclose(many[:, ::40, ::40], few, atol=0.02)


@pytest.mark.parametrize("model", MODELS)
def test_it_survives_json(model: Model) -> None:
    correspondences = correspondences_of(model, noise=0.5)
    correction = fit(correspondences, model)
    written = json.dumps(StoredCorrection.from_correction(correction).model_dump(mode="json"))
    again = StoredCorrection.model_validate(json.loads(written)).correction()
    np.testing.assert_array_equal(correspondences.misses(correction), correspondences.misses(again))


def test_few_correspondences_decide_simple_models_only() -> None:
    assert models_for(correspondences_of("shift", 3)) == ["shift"]
    assert models_for(correspondences_of("shift", 7)) == ["shift", "affine"]
    assert models_for(correspondences_of("shift", 7), "affine") == ["affine"]
    assert models_for(correspondences_of("shift", 4), "affine") == ["shift"]
    with pytest.raises(InputError, match="too few"):
        fit(correspondences_of("shift", 2), "affine")


def test_heights_that_do_not_vary_decide_nothing() -> None:
    correspondences = correspondences_of("affine", 60)
    flat = Correspondences(
        correspondences.x, correspondences.y, correspondences.to_x, correspondences.to_y, np.full(60, 12.0)
    )
    assert "affine+height" in models_for(correspondences)
    assert "affine+height" not in models_for(flat)
