"""The Lovász-softmax loss against its definition, written out set by set."""

from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from oemsar.train.losses import compute_loss

EVEN = torch.ones(8)


def jaccard_loss(wrong: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """1 - |A and B| / |A or B| for the prediction that is wrong in a set of pixels (equation 5)."""
    predicted = true ^ wrong
    return 1 - (predicted & true).sum() / (predicted | true).sum()


def by_thresholds(error: NDArray[np.float64], true: NDArray[np.bool_]) -> float:
    """The Lovász extension as the integral of the loss of {error > t} over t (Choquet)."""
    levels = [0.0, *sorted(set(error.tolist()))]
    return sum((high - low) * jaccard_loss(error > low, true) for low, high in pairwise(levels))


def expected(logits: torch.Tensor, label: torch.Tensor) -> dict[int, float]:
    """The loss of each class that occurs, over the known pixels of the batch."""
    known = label > 0
    p = logits.double().softmax(1).movedim(1, -1)[known].numpy()
    ids = label[known].numpy() - 1
    return {
        each: by_thresholds(np.abs((ids == each) - p[:, each]), ids == each)
        for each in sorted(set(ids.tolist()))
    }


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Images that are not square, a third of the pixels unknown, classes 2 and 7 absent, 8 in one pixel."""
    generator = torch.Generator().manual_seed(4)
    logits = 2 * torch.randn(2, 8, 9, 13, generator=generator)
    label = torch.randint(1, 7, (2, 9, 13), generator=generator)
    label[label == 2] = 1
    label[torch.rand(label.shape, generator=generator) < 1 / 3] = 0
    label[1, 4, 6] = 8
    return logits, label.to(torch.uint8)


def test_it_is_the_integral_over_all_thresholds(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    by_class = expected(*batch)
    assert sorted(by_class) == [0, 2, 3, 4, 5, 7]
    assert compute_loss("lovasz", *batch, EVEN).item() == pytest.approx(
        np.mean(list(by_class.values())), rel=1e-5
    )


def test_classes_weigh_as_given(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    weights = torch.tensor([3.0, 9, 1, 2, 0.5, 1, 7, 0.25])
    by_class = expected(*batch)
    mean = np.average(list(by_class.values()), weights=weights[list(by_class)])
    assert compute_loss("lovasz", *batch, weights).item() == pytest.approx(mean, rel=1e-5)


def test_of_a_prediction_without_doubt_it_is_the_jaccard_loss() -> None:
    """Where each probability is 0 or 1 the extension is the loss itself (Berman et al. 2018, section 2.2)."""
    generator = torch.Generator().manual_seed(1)
    label = torch.randint(0, 9, (3, 7, 11), generator=generator)
    predicted = torch.randint(1, 9, (3, 7, 11), generator=generator)
    logits = 300 * F.one_hot(predicted - 1, 8).movedim(-1, 1).float()
    known = (label > 0).numpy()
    losses = []
    for each in range(1, 9):
        truth, guess = (label.numpy() == each)[known], (predicted.numpy() == each)[known]
        losses.append(1 - (truth & guess).sum() / (truth | guess).sum())
    got = compute_loss("lovasz", logits, label.to(torch.uint8), EVEN).item()
    assert got == pytest.approx(np.mean(losses), rel=1e-5)


def test_the_gradient_is_that_of_finite_differences(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, label = batch
    tracked = logits.clone().requires_grad_()
    compute_loss("lovasz", tracked, label, EVEN).backward()
    for index in ((0, 0, 1, 2), (1, 7, 4, 6), (1, 3, 8, 12), (0, 1, 5, 5)):
        shifted = [logits.double().clone() for _ in range(2)]
        for each, change in zip(shifted, (1e-6, -1e-6), strict=True):
            each[index] += change
        high, low = (np.mean(list(expected(each, label).values())) for each in shifted)
        assert tracked.grad[index].item() == pytest.approx((high - low) / 2e-6, abs=2e-6)


def test_the_gradient_of_many_pixels_keeps_its_digits() -> None:
    """Each of 200 000 pixels adds some millionths to the loss, of which rounding would take a hundredth."""
    generator = torch.Generator().manual_seed(2)
    label = torch.where(torch.rand(1, 400, 500, generator=generator) < 0.3, 2, 5).to(torch.uint8)
    logits = torch.zeros(1, 8, 400, 500)
    logits[:, 1] = torch.randn(1, 400, 500, generator=generator)
    logits.requires_grad_()
    compute_loss("lovasz", logits, label, EVEN).backward()
    p = logits.detach().double().softmax(1)[0, 1].flatten().numpy()
    other = logits.detach().double().softmax(1)[0, 4].flatten().numpy()
    is_first = (label == 2).flatten().numpy()
    wanted = _by_probability(p, is_first) * p * (1 - p) - _by_probability(other, ~is_first) * other * p
    got = logits.grad[0, 1].flatten().double().numpy()
    assert np.abs(got - wanted).sum() < 1e-3 * np.abs(wanted).sum()


def _by_probability(p: NDArray[np.float64], true: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Gradient by the probabilities of one of two classes: the growth of its loss with each pixel."""
    order = np.argsort(-np.abs(true - p), kind="stable")
    hits = true.sum() - np.cumsum(true[order])
    union = true.sum() + np.cumsum(~true[order])
    growth = np.empty_like(p)
    growth[order] = np.diff(1 - hits / union, prepend=0.0)
    return np.where(true, -growth, growth) / 2


def test_with_symmetric_cross_entropy_it_is_the_sum(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    parts = [compute_loss(name, *batch, EVEN).item() for name in ("symmetric_ce", "lovasz")]
    assert compute_loss("symmetric_ce+lovasz", *batch, EVEN).item() == pytest.approx(sum(parts), rel=1e-6)
