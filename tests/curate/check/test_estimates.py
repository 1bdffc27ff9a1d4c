"""Estimates from a sample: a published example, full samples, and intervals that hold what they promise."""

import numpy as np
import pytest

from oemsar.curate.check.estimates import Unit, estimate
from oemsar.curate.check.sample import stratum_sizes
from oemsar.dataset.tile import Tile
from oemsar.dataset.tile_facts import TileFacts
from oemsar.errors import InputError
from oemsar.legend import NAMES

PIXELS = 10_000_000
HECTARES = PIXELS * 0.09
COUNTS = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
"""Rows map, columns reference: Olofsson et al. (2014), table 8: deforestation, forest gain, stable forest,
stable non-forest."""
SHARES = (0.02, 0.015, 0.32, 0.645)


def units(counts: np.ndarray) -> list[Unit]:  # type: ignore[type-arg]
    """One pixel a unit, its stratum the class of the map."""
    found = []
    for mapped, reference in np.ndindex(counts.shape):
        confusion = np.zeros((8, 8))
        confusion[reference, mapped] = 1
        found += [Unit(str(mapped), confusion)] * int(counts[mapped, reference])
    return found


def _producers_error(index: int) -> float:
    """Standard error of a producer's accuracy by equation 7 of Olofsson et al. (2014)."""
    rows = COUNTS.sum(1)
    sizes = np.array(SHARES) * PIXELS
    shares = COUNTS[:, index] / rows
    total = (sizes * shares).sum()
    accuracy = sizes[index] * shares[index] / total
    terms = sizes**2 * shares * (1 - shares) / (rows - 1)
    others = terms.sum() - terms[index]
    return float(np.sqrt((1 - accuracy) ** 2 * terms[index] + accuracy**2 * others) / total)


def test_the_estimates_of_olofssons_example() -> None:
    sizes = {str(index): share * PIXELS for index, share in enumerate(SHARES)}
    found = estimate(units(COUNTS), sizes, HECTARES)
    deforested = found.classes[NAMES[0]]
    assert deforested.hectares == pytest.approx(21_158, abs=1)
    assert deforested.hectares_high == pytest.approx(21_158 + 6_158, abs=15)
    published = ((0.88, 0.07), (0.73, 0.10), (0.93, 0.04), (0.96, 0.02))
    for index, (value, margin) in enumerate(published):
        users = found.classes[NAMES[index]].users_accuracy
        assert users is not None
        assert users.value == pytest.approx(value, abs=0.006)
        assert users.standard_error is not None
        assert 1.96 * users.standard_error == pytest.approx(margin, abs=0.006)
    for index, value in enumerate((0.75, 0.85, 0.93, 0.96)):
        producers = found.classes[NAMES[index]].producers_accuracy
        assert producers is not None
        assert producers.value == pytest.approx(value, abs=0.006)
        assert producers.standard_error == pytest.approx(_producers_error(index), rel=1e-3)
    assert found.overall_accuracy is not None
    assert found.overall_accuracy.value == pytest.approx(0.95, abs=0.006)
    assert 1.96 * (found.overall_accuracy.standard_error or 0) == pytest.approx(0.02, abs=0.006)
    assert found.classes[NAMES[6]].users_accuracy is None


def _population(rng: np.random.Generator, size: int) -> np.ndarray:  # type: ignore[type-arg]
    """Confusion matrices of tiles of 400 pixels, whose composition and accuracy differ from tile to tile."""
    matrices = np.zeros((size, 8, 8))
    for matrix in matrices:
        composition = rng.dirichlet(np.ones(8) * 0.7)
        right = rng.beta(6, 2)
        spread = right * np.eye(8) + (1 - right) / 8
        matrix[:] = rng.multinomial(
            400, (composition[:, None] * spread / spread.sum(1, keepdims=True)).ravel()
        ).reshape(8, 8)
    return matrices


def test_a_sample_of_all_tiles_has_no_error() -> None:
    matrices = _population(np.random.default_rng(0), 12)
    found = estimate([Unit("a", matrix) for matrix in matrices], {"a": 12})
    assert found.overall_accuracy is not None
    truth = np.trace(matrices.sum(0)) / matrices.sum()
    assert found.overall_accuracy.value == pytest.approx(truth)
    assert found.overall_accuracy.standard_error == 0


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    strata = {"a": _population(rng, 80), "b": _population(rng, 40)}
    every = np.concatenate(list(strata.values()))
    truth = every[:, 4].sum() / every.sum()
    held, times = 0, 400
    for _ in range(times):
        sample = [
            Unit(name, matrices[index])
            for name, matrices in strata.items()
            for index in rng.choice(len(matrices), 14, replace=False)
        ]
        share = estimate(sample, {"a": 80, "b": 40}).classes[NAMES[4]].area_share
        assert share is not None
        held += (share.low or 0) <= truth <= (share.high or 0)
    assert 0.89 < held / times <= 0.99


def test_one_tile_of_several_tells_no_error() -> None:
    matrices = _population(np.random.default_rng(2), 1)
    found = estimate([Unit("a", matrices[0])], {"a": 5})
    assert found.overall_accuracy is not None
    assert found.overall_accuracy.standard_error is None


def _drawn(number: int, probability: float | None, stratum: str | None = "a/Tree") -> list[Tile]:
    facts = TileFacts(stratum=stratum, inclusion_probability=probability)
    return [Tile(f"t{probability}{index}", "test", (4, 4), facts=facts) for index in range(number)]


def test_sizes_of_strata_follow_from_the_probabilities() -> None:
    tiles = [*_drawn(3, 3 / 7), *_drawn(2, 1.0, "b/other"), Tile("t", "test", (4, 4))]
    assert stratum_sizes(tiles) == {"a/Tree": 7, "b/other": 2}
    assert stratum_sizes([Tile("t", "test", (4, 4))]) == {}


@pytest.mark.parametrize("tiles", [[*_drawn(2, 0.5), *_drawn(2, 0.25)], _drawn(3, 0.7), _drawn(2, 0.5, None)])
def test_what_is_no_probability_sample_is_refused(tiles: list[Tile]) -> None:
    with pytest.raises(InputError, match="of no stratified probability sample"):
        stratum_sizes(tiles)
