"""The contracts of losses and class weights: kept by the registered ones, and broken where they should be."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from oemsar.registry import Registry
from oemsar.testing.losses import check_class_weights, check_loss
from oemsar.train.loss_input import LossInput
from oemsar.train.losses import cross_entropy
from oemsar.train.registry import CLASS_WEIGHTS, LOSSES

Loss = Callable[[LossInput], torch.Tensor]


@pytest.mark.parametrize("name", LOSSES.names())
def test_every_loss_keeps_the_contract(name: str) -> None:
    check_loss(name)


@pytest.mark.parametrize("name", CLASS_WEIGHTS.names())
def test_all_class_weights_keep_the_contract(name: str) -> None:
    check_class_weights(name)


def counts_unknown(pixels: LossInput) -> torch.Tensor:
    return cross_entropy(pixels) + pixels.probability[:, 0].mean()


def counts_doubtful(pixels: LossInput) -> torch.Tensor:
    return cross_entropy(replace(pixels, confidence=None))


def rewards_errors(pixels: LossInput) -> torch.Tensor:
    return -cross_entropy(pixels)


def overflows(pixels: LossInput) -> torch.Tensor:
    return pixels.mean((-pixels.log_probability_of_truth).exp())


def is_detached(pixels: LossInput) -> torch.Tensor:
    return cross_entropy(pixels).detach() + 0 * pixels.log_probability.sum()


@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        (counts_unknown, "counts pixels that are unknown"),
        (counts_doubtful, "counts pixels of confidence 0"),
        (rewards_errors, "for a prediction with errors"),
        (overflows, "not finite"),
        (is_detached, "no gradient on pixels that are known"),
    ],
)
def test_a_loss_that_breaks_the_contract_is_told(
    loss: Loss, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Registry, "find", lambda *_: loss)
    with pytest.raises(AssertionError, match=sentence):
        check_loss("broken")


def test_class_weights_that_favour_frequent_classes_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Registry, "find", lambda *_: np.sqrt)
    with pytest.raises(AssertionError, match="give a rarer class less"):
        check_class_weights("broken")
