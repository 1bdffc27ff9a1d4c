"""The interface of a network: normalisation, padding, and outputs to learn from."""

import pytest
import torch
from torch import Tensor, nn

from oemsar.models.network import LandCoverNetwork
from oemsar.models.padding import pad_to_multiple
from oemsar.models.spec import ModelSpec


class _Recording(nn.Module):
    """A body that keeps its input and answers with its first channel, eight times."""

    def forward(self, images: Tensor) -> Tensor:
        self.seen = images
        return images[:, :1].repeat(1, 8, 1, 1)


@pytest.fixture
def network() -> LandCoverNetwork:
    spec = ModelSpec(
        architecture="unet",
        encoder="none",
        modalities="sar+optical",
        mean=(10.0, 20.0, 30.0, 40.0),
        std=(2.0, 4.0, 5.0, 8.0),
    )
    return LandCoverNetwork(spec, _Recording(), 8)


def test_each_channel_is_normalised_with_its_own_numbers(network: LandCoverNetwork) -> None:
    images = torch.tensor([14, 16, 35, 0], dtype=torch.uint8).view(1, 4, 1, 1).expand(1, 4, 8, 16)
    network(images)
    assert network.body.seen[0, :, 3, 5].tolist() == [2.0, -1.0, 1.0, -5.0]


def test_images_are_padded_at_the_bottom_and_right_and_cut_again(network: LandCoverNetwork) -> None:
    images = torch.randint(0, 256, (2, 4, 11, 18), dtype=torch.uint8)
    logits = network(images)
    assert network.body.seen.shape == (2, 4, 16, 24)
    torch.testing.assert_close(logits[:, 5], (images[:, 0].float() - 10) / 2)
    assert torch.equal(network.training_outputs(images)[0][1], logits)


@pytest.mark.parametrize("size", [(1, 1), (7, 13), (8, 9), (16, 24)])
def test_padding_repeats_the_edge(size: tuple[int, int]) -> None:
    images = torch.rand(1, 2, *size)
    padded = pad_to_multiple(images, 8)
    rows, columns = (torch.arange(-(-length // 8) * 8).clamp(max=length - 1) for length in size)
    assert torch.equal(padded, images[:, :, rows][:, :, :, columns])


def test_images_that_fit_are_given_back() -> None:
    images = torch.rand(1, 2, 16, 8)
    assert pad_to_multiple(images, 8) is images


def test_where_there_is_no_data_a_measured_channel_is_its_mean() -> None:
    spec = ModelSpec(architecture="unet", encoder="none", modalities="sar+height", mean=(10, 7), std=(2, 4))
    network = LandCoverNetwork(spec, _Recording(), 4)
    images = torch.tensor([14, 9]).view(1, 2, 1, 1).repeat(1, 1, 4, 8).float()
    images[0, 1, 2, 3:6] = torch.nan
    network(images)
    expected = torch.full((4, 8), 0.5)
    expected[2, 3:6] = 0
    assert torch.equal(network.body.seen[0, 1], expected)
    assert (network.body.seen[0, 0] == 2).all()
