"""Inputs dropped in training: how often, how much, and the same in a resumed run."""

import numpy as np
import pytest
import torch

from oemsar.train.config import TrainConfig
from oemsar.train.drop import Drop, InputDropping, Patch, draw_drop

PRESENT = (0, 1, 3)


def _draws(probability: float, count: int = 4000) -> list[Drop]:
    return [draw_drop(3, number, PRESENT, probability) for number in range(count)]


def test_half_of_the_losses_are_whole_inputs_of_every_proper_subset_alike() -> None:
    draws = _draws(0.5)
    whole = [drop.inputs for drop in draws if drop.inputs]
    torn = [drop for drop in draws if drop.torn is not None]
    assert len(whole) / 4000 == pytest.approx(0.25, abs=0.03)
    assert len(torn) / 4000 == pytest.approx(0.25, abs=0.03)
    subsets = {(0,), (1,), (3,), (0, 1), (0, 3), (1, 3)}
    assert {lost: whole.count(lost) for lost in set(whole)} == {
        lost: pytest.approx(len(whole) / 6, rel=0.25) for lost in subsets
    }
    assert {drop.torn for drop in torn} == set(PRESENT)
    assert {len(drop.patches) for drop in torn} == {1, 2, 3, 4}
    sides = np.array([(patch.height, patch.width) for drop in torn for patch in drop.patches])
    assert 0.25 <= sides.min() < 0.26
    assert 0.49 < sides.max() <= 0.5


def test_a_sample_of_one_input_loses_nothing_and_without_probability_none_does() -> None:
    assert {draw_drop(0, number, (2,), 1.0) for number in range(50)} == {Drop()}
    assert set(_draws(0.0, 50)) == {Drop()}
    assert Drop() not in _draws(1.0, 50)


def test_a_patch_is_a_rectangle_or_the_ellipse_within_it() -> None:
    device = torch.device("cpu")
    rectangle = Patch(0.5, 0.25, 0.5, 0.5, round=False).pixels(40, 80, device)
    expected = torch.zeros(40, 80, dtype=torch.bool)
    expected[10:30, :40] = True
    assert torch.equal(rectangle, expected)
    ellipse = Patch(0.5, 0.25, 0.5, 0.5, round=True).pixels(40, 80, device)
    assert not (ellipse & ~rectangle).any()
    assert ellipse.sum() / rectangle.sum() == pytest.approx(np.pi / 4, rel=0.02)


def _batch(samples: int) -> tuple[torch.Tensor, torch.Tensor]:
    valid = torch.ones(samples, 2, 24, 32, dtype=torch.bool)
    valid[:, 1, :6] = False
    return valid, torch.arange(samples) + 1000


def test_something_stays_of_every_sample_and_patches_are_torn_only_where_another_input_is() -> None:
    valid, numbers = _batch(200)
    left = InputDropping(1.0, 5, 0)(valid, numbers)
    assert torch.equal(valid, _batch(200)[0])
    assert not (left & ~valid).any()
    assert left.flatten(1).any(1).all()
    whole = ~left.flatten(2).any(2)
    assert whole.sum(1).max() == 1
    torn = left[~whole.any(1)]
    assert torn.any(1).all()
    assert (torn.flatten(1).sum(1) < valid[0].sum()).float().mean() > 0.9


def test_losses_depend_on_the_number_of_a_sample_alone() -> None:
    valid, numbers = _batch(64)
    dropping = InputDropping(0.7, 5, 0)
    whole = dropping(valid, numbers)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(dropping(valid[order], numbers[order]), whole[order])
    assert not torch.equal(InputDropping(0.7, 6, 0)(valid, numbers), whole)


def test_losses_rise_over_the_first_tenth_of_the_steps() -> None:
    config = TrainConfig(modalities="sar+optical", fusion="any", steps=1000, batch=20, drop_inputs=0.8)
    dropping = InputDropping.of(config)
    valid = torch.ones(300, 2, 8, 8, dtype=torch.bool)

    def share(first: int) -> float:
        left = dropping(valid, torch.arange(300) + first)
        return (~left.flatten(1).all(1)).float().mean().item()

    assert not (~dropping(valid[:5], torch.arange(5))).any()
    assert share(850) == pytest.approx(0.4, abs=0.1)
    assert share(5000) == pytest.approx(0.8, abs=0.1)


def test_half_of_the_samples_lose_inputs_unless_it_is_said() -> None:
    assert TrainConfig(modalities="sar+optical", fusion="any").dropped == 0.5
    assert TrainConfig(modalities="sar+optical", fusion="any", drop_inputs=0).dropped == 0
