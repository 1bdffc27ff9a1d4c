"""Sums over the pixels of a batch: means by weight, soft counts, and what unknown pixels are to them."""

import pytest
import torch

from oemsar.train.loss_input import LossInput, single_process

WEIGHTS = torch.tensor([3.0, 1, 1, 2, 1, 0.5, 1, 1])


@pytest.fixture
def label() -> torch.Tensor:
    """Labels of two images of 3 x 5 pixels; the last two classes do not occur, some pixels are unknown."""
    return torch.randint(0, 7, (2, 3, 5), generator=torch.Generator().manual_seed(0))


@pytest.fixture
def pixels(label: torch.Tensor) -> LossInput:
    logits = torch.randn(2, 8, 3, 5, generator=torch.Generator().manual_seed(1))
    one_hot = torch.nn.functional.one_hot(label, 9)[..., 1:].movedim(-1, 1).float()
    known = (label > 0)[:, None].float()
    return LossInput(logits.log_softmax(1), one_hot, known, WEIGHTS, single_process)


def test_a_mean_is_that_of_pytorchs_weighted_cross_entropy(pixels: LossInput, label: torch.Tensor) -> None:
    mean = pixels.mean(-pixels.log_probability_of_truth)
    expected = torch.nn.functional.nll_loss(pixels.log_probability, label - 1, WEIGHTS, ignore_index=-1)
    torch.testing.assert_close(mean, expected)


def test_the_loss_of_one_pixel_of_little_weight_is_its_own() -> None:
    truth = torch.zeros(1, 8, 2, 3)
    truth[0, 5, 1, 2] = 1
    known = truth.sum(1, keepdim=True)
    pixels = LossInput(torch.zeros(1, 8, 2, 3), truth, known, WEIGHTS / 1000, single_process)
    assert pixels.mean(torch.arange(6.0).view(1, 2, 3)).item() == pytest.approx(5)


def test_soft_counts_are_those_of_a_loop_over_the_pixels(pixels: LossInput, label: torch.Tensor) -> None:
    hits, predicted, true = (torch.zeros(8) for _ in range(3))
    for image, row, column in (label > 0).nonzero().tolist():
        number = int(label[image, row, column]) - 1
        probability = pixels.log_probability[image, :, row, column].exp()
        hits[number] += probability[number]
        predicted += probability
        true[number] += 1
    for value, expected in zip(pixels.overlap(), (hits, predicted, true), strict=True):
        torch.testing.assert_close(value, expected)


def test_a_mean_by_class_leaves_absent_classes_out(pixels: LossInput) -> None:
    loss, true = torch.arange(8.0), torch.tensor([5.0, 0, 0, 1, 0, 7, 0, 0])
    assert pixels.mean_of_present(loss, true).item() == pytest.approx((2 * 3 + 0.5 * 5) / (3 + 2 + 0.5))
    assert pixels.mean_of_present(loss, torch.zeros(8)).item() == 0


def test_sums_of_all_processes_are_taken_before_anything_is_divided(pixels: LossInput) -> None:
    """Another process adds a pixel of weight 4 and loss 10."""
    shared = LossInput(
        pixels.log_probability,
        pixels.truth,
        pixels.known,
        WEIGHTS,
        lambda sums: sums + torch.tensor([40.0, 4.0]),
    )
    loss = torch.ones(2, 3, 5)
    weight = (pixels.truth * WEIGHTS.view(1, -1, 1, 1)).sum()
    torch.testing.assert_close(shared.mean(loss), (weight + 40) / (weight + 4))
