import numpy as np
import pytest

from oemsar.prepare.align.model.correction import Model
from oemsar.prepare.align.model.selection import choose

from .test_correction import ties_of


@pytest.mark.parametrize("model", ["shift", "affine", "affine+height", "polynomial"])
def test_the_simplest_sufficient_model_is_taken(model: Model) -> None:
    choice = choose(ties_of(model, noise=0.4), 1.0)
    assert choice.correction.model == model
    names = [trial.model for trial in choice.trials]
    assert all(trial.rejected for trial in choice.trials[: names.index(model)])


def test_a_bump_needs_a_spline() -> None:
    assert choose(ties_of("spline", 400, noise=0.3), 1.0).correction.model == "spline"


def test_an_affine_is_the_least_where_nothing_tells_scale() -> None:
    choice = choose(ties_of("shift", noise=0.4), 1.0, simplest="affine")
    assert choice.correction.model == "affine"


def test_errors_that_neighbours_share_are_not_taken_for_a_field() -> None:
    """A smooth random error of 60 pixels' reach looks like a field to a spline, unless held out widely."""
    rng = np.random.default_rng(3)
    ties = ties_of("shift", 400)
    places = np.stack([ties.x, ties.y], 1)
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    shared = np.exp(-((distance / 60) ** 2))
    error = np.linalg.cholesky(shared + 1e-6 * np.eye(400)) @ rng.normal(0, 1.0, (400, 2))
    noisy = type(ties)(ties.x, ties.y, ties.to_x + error[:, 0], ties.to_y + error[:, 1], ties.height)
    assert choose(noisy, 1.0, reach=150).correction.model == "shift"


def test_left_out_errors_are_in_pixels_of_the_orthophoto() -> None:
    ties = ties_of("shift", noise=1.0)
    fine, coarse = choose(ties, 1.0), choose(ties, 2.0)
    np.testing.assert_allclose(fine.left_out, 2 * coarse.left_out)
