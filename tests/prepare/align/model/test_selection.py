import numpy as np
import pytest

from oemsar.prepare.align.model.correction import Correspondences, Model, fit
from oemsar.prepare.align.model.selection import cells_of, choose

from .test_correction import correspondences_of


@pytest.mark.parametrize("model", ["shift", "affine", "affine+height", "polynomial"])
def test_the_simplest_sufficient_model_is_taken(model: Model) -> None:
    choice = choose(correspondences_of(model, noise=0.4), 1.0)
    assert choice.correction.model == model
    names = [trial.model for trial in choice.trials]
    assert all(trial.rejected for trial in choice.trials[: names.index(model)])


def test_a_bump_needs_a_spline() -> None:
    assert choose(correspondences_of("spline", 400, noise=0.3), 1.0).correction.model == "spline"


def test_an_affine_is_the_least_where_nothing_tells_scale() -> None:
    choice = choose(correspondences_of("shift", noise=0.4), 1.0, simplest="affine")
    assert choice.correction.model == "affine"


def test_errors_that_neighbours_share_are_not_taken_for_a_field() -> None:
    """A smooth random error of 60 pixels' reach looks like a field to a spline, unless held out widely."""
    rng = np.random.default_rng(3)
    correspondences = correspondences_of("shift", 400)
    places = np.stack([correspondences.x, correspondences.y], 1)
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    shared = np.exp(-((distance / 60) ** 2))
    error = np.linalg.cholesky(shared + 1e-6 * np.eye(400)) @ rng.normal(0, 1.0, (400, 2))
    noisy = type(correspondences)(
        correspondences.x,
        correspondences.y,
        correspondences.to_x + error[:, 0],
        correspondences.to_y + error[:, 1],
        correspondences.height,
    )
    assert choose(noisy, 1.0, reach=150).correction.model == "shift"


def test_left_out_errors_are_in_pixels_of_the_orthophoto() -> None:
    correspondences = correspondences_of("shift", noise=1.0)
    fine, coarse = choose(correspondences, 1.0), choose(correspondences, 2.0)
    np.testing.assert_allclose(fine.left_out, 2 * coarse.left_out)


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_left_out_errors_are_those_of_a_fit_without_the_tie(scale: float) -> None:
    correspondences = correspondences_of("affine", number=12, noise=1.0)
    choice = choose(correspondences, scale, simplest="affine", robust=False)
    assert choice.correction.model == "affine"
    for number in range(len(correspondences)):
        one = np.arange(len(correspondences)) == number
        without = fit(correspondences.only(~one), "affine", robust=False)
        miss = float(np.hypot(*correspondences.only(one).misses(without))[0])
        assert choice.left_out[number] == pytest.approx(miss / scale, rel=1e-6)


def test_cells_divide_the_ground_that_the_ties_cover() -> None:
    """Correspondences in 2 rows and 5 columns of a wide strip, numbered row by row."""
    x, y = np.meshgrid(np.linspace(0, 1000, 5), [10.0, 30.0])
    correspondences = Correspondences(x.ravel(), y.ravel(), x.ravel(), y.ravel())
    np.testing.assert_array_equal(cells_of(correspondences), [0, 1, 2, 3, 4, 20, 21, 22, 23, 24])
