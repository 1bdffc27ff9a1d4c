"""Fusion of any subset: gates that know where each input carries data."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.models.any_fusion import AnyEncoder, MaskedMerge, _shares
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from oemsar.testing.networks import make_network

INPUTS = Inputs.parse("sar:2+optical+height")


def maps(count: int = 3, channels: int = 6) -> tuple[Tensor, ...]:
    drawn = torch.randn(count, 2, channels, 5, 7, generator=torch.Generator().manual_seed(0))
    return drawn.unbind(0)


def test_an_untrained_merge_is_the_mean_of_what_is_there_by_its_share() -> None:
    valid = torch.ones(2, 3, 5, 7)
    valid[:, 0, :2] = 0
    valid[:, 1:, 0] = 0
    valid[:, 2, 3] = 0.5
    one, other, third = maps()
    merged = MaskedMerge(6, 3)(valid, one, other, third)
    assert torch.equal(merged[:, :, 0], torch.zeros(2, 6, 7))
    torch.testing.assert_close(merged[:, :, 1], (other + third)[:, :, 1] / 2)
    torch.testing.assert_close(merged[:, :, 2], (one + other + third)[:, :, 2] / 3)
    torch.testing.assert_close(merged[:, :, 3], (one + other + third / 2)[:, :, 3] / 2.5)


def _learnt(channels: int, inputs: int) -> MaskedMerge:
    torch.manual_seed(0)
    merge = MaskedMerge(channels, inputs)
    with torch.no_grad():
        for parameter in merge.parameters():
            parameter.add_(torch.randn_like(parameter))
    return merge


def test_whatever_was_learnt_one_input_alone_passes_whole_and_the_others_not_at_all() -> None:
    merge = _learnt(6, 3)
    valid = torch.zeros(2, 3, 5, 7)
    valid[:, 1, :, 2:] = 0.25
    one, other, third = maps()
    merged = merge(valid, one, other, third)
    alone = merge.align(torch.cat([torch.zeros_like(one), other, torch.zeros_like(third)], 1))[:, 6:12]
    torch.testing.assert_close(merged[..., 2:], alone[..., 2:])
    assert torch.equal(merged[..., :2], torch.zeros(2, 6, 5, 2))
    assert torch.equal(merge(valid, one * 100, other, -third), merged)


def test_weights_are_computed_alike_in_reduced_precision() -> None:
    merge = _learnt(6, 3)
    valid = (torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(1)) > 0.4).float()
    expected = merge(valid, *maps())
    with torch.autocast("cpu", torch.bfloat16):
        reduced = merge(valid, *(each.bfloat16() for each in maps()))
    assert reduced.isfinite().all()
    torch.testing.assert_close(reduced.float(), expected, atol=0.2, rtol=0.1)


def test_gates_learn_to_trust_the_input_that_tells_where_it_is_there() -> None:
    torch.manual_seed(0)
    merge = MaskedMerge(4, 2)
    optimiser = torch.optim.Adam(merge.parameters(), 0.05)
    for _ in range(150):
        truth, noise = torch.randn(8, 4, 4, 4), torch.randn(8, 4, 4, 4)
        valid = torch.ones(8, 2, 4, 4)
        valid[:4, 1] = 0
        loss = (merge(valid, truth, noise) - truth).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.05


@pytest.mark.parametrize(("height", "width"), [(8, 12), (2, 3), (1, 1)])
def test_validity_is_averaged_over_the_cells_of_a_level(height: int, width: int) -> None:
    valid = (torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    if (height, width) == (1, 1):
        valid = valid[..., :32]
    shares = _shares(valid, torch.zeros(2, 9, height, width))
    torch.testing.assert_close(shares, nn.functional.adaptive_avg_pool2d(valid, (height, width)))


class _Remembers(nn.Module):
    """An encoder of two levels that keeps the images it saw."""

    out_channels = (1, 4)

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, 4, 4, stride=4)
        self.seen: list[Tensor] = []

    def forward(self, images: Tensor) -> list[Tensor]:
        self.seen.append(images)
        return [images, self.layer(images)]


@pytest.fixture
def encoder() -> AnyEncoder:
    inputs = Inputs.parse("sar+height")
    return AnyEncoder(inputs, {"sar": _Remembers(), "height": _Remembers()}, (2, 4))


def _batch() -> Tensor:
    """Four samples of two inputs and their masks: radar is missing in the second and third."""
    images = torch.randn(4, 4, 8, 16, generator=torch.Generator().manual_seed(0))
    images[:, 2:] = 1
    images[1:3, [0, 2]] = 0
    return images


def test_encoders_see_only_the_samples_that_carry_data_in_training(encoder: AnyEncoder) -> None:
    images = _batch()
    trained = encoder.train()(images)
    sar: Any = encoder.encoder_of("sar")
    height: Any = encoder.encoder_of("height")
    assert torch.equal(sar.seen[0], images[[0, 3], :1])
    assert len(height.seen[0]) == 4
    for level, same in zip(trained, encoder.eval()(images), strict=True):
        torch.testing.assert_close(level, same)
    trained[1].sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())


@pytest.mark.parametrize("missing", [3, 4])
def test_batches_with_hardly_any_sample_go_through_all_encoders(encoder: AnyEncoder, missing: int) -> None:
    images = _batch()
    images[:missing, [0, 2]] = 0
    encoder.train()(images)[1].sum().backward()
    sar: Any = encoder.encoder_of("sar")
    assert len(sar.seen[0]) == 4
    assert sar.layer.weight.grad is not None


def test_statistics_of_batch_norms_are_those_of_samples_with_data() -> None:
    network = make_network("unet", encoder="tu-test_efficientnet", fusion="any", modalities=INPUTS)
    images = torch.rand(4, 6, 64, 64, generator=torch.Generator().manual_seed(0)) * 200
    valid = torch.ones(4, 3, 64, 64, dtype=torch.bool)
    valid[2:, 1] = False
    part = copy.deepcopy(network).train()
    network.train()(images, valid)
    part(images[:2], valid[:2])
    one, other = (dict(each.named_buffers()) for each in (network, part))
    names = [name for name in one if ".encoder.optical." in name and "running_mean" in name]
    assert names
    for name in names:
        torch.testing.assert_close(one[name], other[name])


def test_the_decoder_is_that_of_the_stacked_network_and_channels_without_data_are_the_mean() -> None:
    network = make_network("unet", encoder="tu-test_efficientnet", fusion="any", modalities=INPUTS)
    stacked = make_network("unet", encoder="tu-test_efficientnet", modalities=INPUTS)
    shapes = [
        {name: value.shape for name, value in each.state_dict().items() if "encoder." not in name}
        for each in (network, stacked)
    ]
    assert shapes[0] == shapes[1]
    images = torch.full((1, 6, 4, 5), 110.0)
    valid = torch.zeros(1, 3, 4, 5, dtype=torch.bool)
    valid[:, 1, 1:] = True
    prepared = network.body_input(images, valid)
    expected = torch.zeros(1, 9, 4, 5)
    expected[:, 2:5, 1:] = 1
    expected[:, 7, 1:] = 1
    assert torch.equal(prepared, expected)


@pytest.mark.parametrize("fusion", ["stack", "dual"])
def test_networks_of_other_fusions_do_not_look_at_masks(fusion: Any) -> None:
    network = make_network("unet", encoder="tu-test_efficientnet", fusion=fusion, modalities=INPUTS).eval()
    images = torch.rand(1, 6, 40, 50, generator=torch.Generator().manual_seed(0)) * 200
    with torch.inference_mode():
        expected = network(images)
        assert torch.equal(network(images, torch.zeros(1, 3, 40, 50, dtype=torch.bool)), expected)
        assert torch.equal(network.body_input(images), network.normalised(images))


def test_one_input_is_refused_and_so_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"architecture": "unet", "encoder": "e", "fusion": "any"}
    with pytest.raises(
        InputError, match=r"fusion, modalities: any fusion needs two inputs, such as sar\+opt"
    ):
        ModelSpec(**fields, modalities="sar", mean=(0.0,), std=(1.0,))
    monkeypatch.setattr("oemsar.models.spec.MOST_INPUTS", 2)
    with pytest.raises(InputError, match="any fusion takes at most 2 inputs, not 3"):
        ModelSpec(**fields, modalities=INPUTS, mean=(0.0,) * 6, std=(1.0,) * 6)


def test_gaps_of_measured_inputs_are_known_without_a_mask() -> None:
    spec = ModelSpec(
        architecture="unet", encoder="none", modalities="sar+height", mean=(0, 0), std=(1, 1), fusion="any"
    )
    network = LandCoverNetwork(spec, nn.Identity(), 1)
    images = torch.ones(1, 2, 3, 4)
    images[:, 1, 1] = torch.nan
    valid = torch.ones(1, 2, 3, 4, dtype=torch.bool)
    valid[:, :, 2] = False
    prepared = network.body_input(images, valid)
    assert prepared[0, :, 1, 0].tolist() == [1, 0, 1, 0]
    assert prepared[0, :, 2, 0].tolist() == [0, 0, 0, 0]
    assert build(spec.model_copy(update={"encoder": "resnet18"})).spec.takes_any
