"""The contract of a loss, and that of class weights."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from oemsar.legend import NUM_CLASSES
from oemsar.testing.expect import expect
from oemsar.train.class_weights import weigh
from oemsar.train.losses import compute_loss

_CERTAIN = 200.0
"""Logit of a class that is predicted with certainty."""


def check_loss(name: str) -> None:
    """Check that a registered loss keeps the contract.

    Unknown pixels (label 0) and those of confidence 0 take no part, and a batch without a known pixel gives 0
    and no gradient; value and gradient are finite, also where the prediction is certain and wrong; and no
    prediction scores lower than the truth.

    Args:
        name: Name in `oemsar.train.registry.LOSSES`.

    Raises:
        AssertionError: The loss breaks the contract; the sentence says how.
        InputError: The loss is not known.
    """
    _check_unknown_pixels(name)
    _check_confidence(name)
    _check_nothing_known(name)
    _check_certain_and_wrong(name)
    _check_truth_scores_lowest(name)


def check_class_weights(name: str) -> None:
    """Check that registered class weights are finite and positive, and that a rarer class weighs no less.

    Args:
        name: Name in `oemsar.train.registry.CLASS_WEIGHTS`.

    Raises:
        AssertionError: The weights break the contract; the sentence says how.
        InputError: The class weights are not known.
    """
    counts = np.array([100 * 3**number for number in range(NUM_CLASSES)])
    weights = np.array(weigh(name, counts))
    expect(bool(np.isfinite(weights).all()), f"class weights {name} are not finite: {weights}")
    expect(bool((weights > 0).all()), f"class weights {name} are not positive: {weights}")
    expect(bool((np.diff(weights) <= 0).all()), f"class weights {name} give a rarer class less: {weights}")
    counts[2] = 0
    absent = np.array(weigh(name, counts))
    expect(bool(np.isfinite(absent).all()), f"class weights {name} are not finite where a class is absent")


def _batch() -> tuple[Tensor, Tensor]:
    """Make logits and labels of every class in images that are not square, a fifth of the pixels unknown."""
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(2, NUM_CLASSES, 20, 14, generator=generator)
    label = torch.randint(1, NUM_CLASSES + 1, (2, 20, 14), generator=generator)
    label[torch.rand(label.shape, generator=generator) < 0.2] = 0
    return logits, label.to(torch.uint8)


def _loss(name: str, logits: Tensor, label: Tensor) -> Tensor:
    loss = compute_loss(name, logits, label, torch.ones(NUM_CLASSES))
    expect(loss.ndim == 0, f"loss {name} gives the shape {tuple(loss.shape)}, not a single number")
    expect(bool(loss.isfinite()), f"loss {name} gives {loss.item()}, which is not finite")
    return loss


def _gradient(name: str, logits: Tensor, label: Tensor) -> Tensor:
    tracked = logits.clone().requires_grad_()
    _loss(name, tracked, label).backward()  # type: ignore[no-untyped-call]
    expect(tracked.grad is not None, f"loss {name} lets no gradient through")
    gradient = torch.zeros_like(logits) if tracked.grad is None else tracked.grad
    expect(bool(gradient.isfinite().all()), f"loss {name} has a gradient that is not finite")
    return gradient


def _check_unknown_pixels(name: str) -> None:
    logits, label = _batch()
    unknown = label[:, None] == 0
    other = torch.where(unknown, 100 - logits, logits)
    first, second = _loss(name, logits, label), _loss(name, other, label)
    expect(torch.allclose(first, second, rtol=1e-5), f"loss {name} counts pixels that are unknown")
    gradient = _gradient(name, logits, label)
    expect(bool((gradient * unknown == 0).all()), f"loss {name} has a gradient on pixels that are unknown")
    expect(bool((gradient != 0).any()), f"loss {name} has no gradient on pixels that are known")


def _check_confidence(name: str) -> None:
    logits, label = _batch()
    weights, sure = torch.ones(NUM_CLASSES), torch.ones(label.shape)
    certain = compute_loss(name, logits, label, weights, confidence=sure)
    same = torch.allclose(certain, _loss(name, logits, label), rtol=1e-5)
    expect(same, f"loss {name} is another where every label is certain")
    sure[:, ::2] = 0
    left = _loss(name, logits, torch.where(sure > 0, label, torch.zeros_like(label)))
    doubtful = compute_loss(name, logits, label, weights, confidence=sure)
    expect(torch.allclose(doubtful, left, rtol=1e-5), f"loss {name} counts pixels of confidence 0")


def _check_nothing_known(name: str) -> None:
    logits, label = _batch()
    nothing = torch.zeros_like(label)
    loss = _loss(name, logits, nothing).item()
    expect(loss == 0, f"loss {name} is {loss}, not 0, where no pixel is known")
    expect(bool((_gradient(name, logits, nothing) == 0).all()), f"loss {name} has a gradient from no pixel")


def _check_certain_and_wrong(name: str) -> None:
    logits = torch.zeros(1, NUM_CLASSES, 4, 3)
    logits[:, 3] = 1e4
    _gradient(name, logits, torch.ones(1, 4, 3, dtype=torch.uint8))


def _check_truth_scores_lowest(name: str) -> None:
    logits, label = _batch()
    truth = _CERTAIN * F.one_hot(label.long(), NUM_CLASSES + 1)[..., 1:].movedim(-1, 1).float()
    lowest = _loss(name, truth, label).item()
    for other in (logits, torch.zeros_like(logits), truth.roll(1, dims=1)):
        value = _loss(name, other, label).item()
        expect(
            lowest < value, f"loss {name} is {lowest} for the truth and {value} for a prediction with errors"
        )
