"""Losses against other libraries, against their formulas, and on batches where nothing is known."""

from inspect import signature

import numpy as np
import pytest
import segmentation_models_pytorch as smp
import torch
import torch.nn.functional as F

from oemsar.train.losses import compute_loss
from oemsar.train.registry import LOSSES

Batch = tuple[torch.Tensor, torch.Tensor]
EVEN = torch.ones(8)


@pytest.fixture
def batch() -> Batch:
    """Logits and labels of every class, a fifth of the pixels unknown."""
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(2, 8, 20, 20, generator=generator)
    label = torch.randint(1, 9, (2, 20, 20), generator=generator)
    label[torch.rand(label.shape, generator=generator) < 0.2] = 0
    return logits, label.to(torch.uint8)


@pytest.mark.parametrize("name", LOSSES.names())
def test_no_known_pixel_is_zero_loss_and_zero_gradient(name: str) -> None:
    logits = torch.randn(2, 8, 5, 5, requires_grad=True)
    loss = compute_loss(name, logits, torch.zeros(2, 5, 5, dtype=torch.uint8), EVEN)
    loss.backward()
    assert loss.item() == 0
    assert (logits.grad == 0).all()


@pytest.mark.parametrize("name", LOSSES.names())
def test_logits_of_unknown_pixels_do_not_matter(name: str, batch: Batch) -> None:
    logits, label = batch
    weights = torch.arange(1.0, 9)
    other = torch.where(label[:, None] == 0, 100 * torch.randn_like(logits), logits)
    assert compute_loss(name, logits, label, weights).item() == pytest.approx(
        compute_loss(name, other, label, weights).item(), rel=1e-5
    )
    logits.requires_grad_()
    compute_loss(name, logits, label, weights).backward()
    assert (logits.grad.movedim(1, -1)[label == 0] == 0).all()


@pytest.mark.parametrize("name", LOSSES.names())
def test_right_and_certain_is_zero(name: str, batch: Batch) -> None:
    _, label = batch
    logits = 200 * F.one_hot(label.long(), 9)[..., 1:].movedim(-1, 1).float()
    assert compute_loss(name, logits, label, EVEN).item() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("name", LOSSES.names())
def test_gradient_is_finite_where_certain_and_wrong(name: str) -> None:
    logits = torch.zeros(1, 8, 4, 4)
    logits[:, 3] = 1e4
    logits.requires_grad_()
    compute_loss(name, logits, torch.ones(1, 4, 4, dtype=torch.uint8), EVEN).backward()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("weights", [EVEN, torch.tensor([3.0, 1, 1, 2, 1, 0.5, 1, 1])])
def test_cross_entropy_is_pytorchs(batch: Batch, weights: torch.Tensor) -> None:
    logits, label = batch
    expected = F.cross_entropy(logits, label.long() - 1, weights, ignore_index=-1)
    assert compute_loss("ce", logits, label, weights).item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.skipif(
    "class_weights" not in signature(smp.losses.DiceLoss).parameters,
    reason="segmentation-models-pytorch weighs no classes before 0.6",
)
@pytest.mark.parametrize(
    ("name", "other"), [("dice", smp.losses.DiceLoss), ("jaccard", smp.losses.JaccardLoss)]
)
@pytest.mark.parametrize("weights", [None, [3.0, 1, 1, 2, 1, 0.5, 1, 1]])
def test_overlap_is_that_of_segmentation_models(
    batch: Batch, name: str, other: type[torch.nn.Module], weights: torch.Tensor
) -> None:
    logits, label = batch
    loss = other("multiclass", ignore_index=-1, class_weights=weights)
    given = EVEN if weights is None else torch.tensor(weights)
    expected = loss(logits, label.long() - 1)
    assert compute_loss(name, logits, label, given).item() == pytest.approx(expected.item(), rel=1e-5)


def test_overlap_leaves_absent_classes_out(batch: Batch) -> None:
    logits, label = batch
    label = torch.where(label > 4, 0, label)
    expected = smp.losses.DiceLoss("multiclass", classes=[0, 1, 2, 3], ignore_index=-1)(
        logits, label.long() - 1
    )
    assert compute_loss("dice", logits, label, EVEN).item() == pytest.approx(expected.item(), rel=1e-5)


def test_focal_is_the_published_formula(batch: Batch) -> None:
    logits, label = batch
    p = logits.softmax(1).movedim(1, -1)[label > 0].gather(1, label[label > 0, None].long() - 1)
    expected = (-((1 - p) ** 2) * p.log()).mean()
    assert compute_loss("focal", logits, label, EVEN).item() == pytest.approx(expected.item(), rel=1e-5)


def test_reverse_cross_entropy_is_minus_p_log_of_clamped_truth(batch: Batch) -> None:
    logits, label = batch
    known = label > 0
    p = logits.softmax(1).movedim(1, -1)[known]
    truth = F.one_hot(label[known].long() - 1, 8).float()
    forward = -(truth * p.log()).sum(1).mean()
    reverse = -(p * truth.clamp(1e-4, 1).log()).sum(1).mean()
    expected = 0.1 * forward + reverse
    assert compute_loss("symmetric_ce", logits, label, EVEN).item() == pytest.approx(
        expected.item(), rel=1e-5
    )
    assert reverse.item() != pytest.approx(forward.item(), rel=0.1)


def test_generalised_cross_entropy_lies_between_its_limits(batch: Batch) -> None:
    """Zhang and Sabuncu 2018: mean absolute error (halved) bounds it below, cross entropy above."""
    logits, label = batch
    p = logits.softmax(1).movedim(1, -1)[label > 0].gather(1, label[label > 0, None].long() - 1)
    loss = compute_loss("generalised_ce", logits, label, EVEN).item()
    assert loss == pytest.approx(((1 - p**0.7) / 0.7).mean().item(), rel=1e-5)
    assert (1 - p).mean().item() < loss < compute_loss("ce", logits, label, EVEN).item()


def test_sum_of_two(batch: Batch) -> None:
    logits, label = batch
    parts = [compute_loss(name, logits, label, EVEN).item() for name in ("ce", "dice")]
    assert compute_loss("ce+dice", logits, label, EVEN).item() == pytest.approx(sum(parts), rel=1e-6)


def test_half_precision_logits_give_a_float32_loss(batch: Batch) -> None:
    logits, label = batch
    assert compute_loss("ce+dice", logits.bfloat16(), label, EVEN).dtype == torch.float32
    assert np.isfinite(compute_loss("ce+dice", logits.half() * 1000, label, EVEN).item())
