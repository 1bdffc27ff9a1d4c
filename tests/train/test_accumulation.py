"""Batches in parts: the loss and the gradients of the whole batch, and the memory of a part."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from oemsar.errors import InputError
from oemsar.inputs import SAR, SAR_OPTICAL, Inputs
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from oemsar.train.accumulation import outputs_in_parts
from oemsar.train.config import TrainConfig
from oemsar.train.module import LandCoverModule
from oemsar.train.registry import LOSSES
from oemsar.train.run import train_model

WEIGHTS = (3.0, 1.0, 1.0, 2.0, 1.0, 0.5, 1.0, 1.0)
Gradients = dict[str, torch.Tensor]


def spec(inputs: Inputs, **options: Any) -> ModelSpec:
    channels = inputs.channels
    return ModelSpec.model_validate(
        {
            "architecture": "unet",
            "encoder": "tu-test_efficientnet",
            "modalities": inputs,
            "mean": (100.0,) * channels,
            "std": (50.0,) * channels,
            **options,
        }
    )


def body_of(norm: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), norm, nn.ReLU(), nn.Conv2d(6, 8, 3, padding=1))


def batch(channels: int = 1, side: int = 12) -> dict[str, torch.Tensor]:
    """Six images whose halves and thirds know different numbers of pixels, and not the same classes."""
    generator = torch.Generator().manual_seed(1)
    label = torch.randint(0, 9, (6, side, side + 32), generator=generator)
    label[0] = 0
    label[1, 3:] = 0
    label[1, :3] = 2
    images = torch.randint(0, 256, (6, channels, side, side + 32), generator=generator)
    return {"image": images.float(), "label": label.to(torch.uint8), "number": torch.arange(6)}


def gradients(network: LandCoverNetwork, given: Any, **options: Any) -> tuple[float, Gradients]:
    network.zero_grad()
    config = TrainConfig.model_validate({"batch": 6, **options})
    loss = LandCoverModule(network, config, WEIGHTS).training_step(given, 0)
    loss.backward()
    return loss.item(), {name: each.grad.clone() for name, each in network.named_parameters()}


def assert_same(one: tuple[float, Gradients], other: tuple[float, Gradients], near: float = 1e-5) -> None:
    assert one[0] == pytest.approx(other[0], rel=1e-6)
    largest = max(each.abs().max() for each in other[1].values())
    for name, each in other[1].items():
        torch.testing.assert_close(one[1][name], each, rtol=1e-4, atol=near * largest.item(), msg=name)


@pytest.mark.parametrize("parts", [2, 3, 6])
@pytest.mark.parametrize("loss", LOSSES.names())
def test_parts_have_the_loss_and_gradients_of_one_batch(loss: str, parts: int) -> None:
    network = LandCoverNetwork(spec(SAR), body_of(nn.GroupNorm(2, 6)), 1)
    whole = gradients(network, batch(), loss=loss)
    assert_same(gradients(network, batch(), loss=loss, accumulate=parts), whole)


def test_each_part_is_seen_twice_and_alone() -> None:
    network = LandCoverNetwork(spec(SAR), body_of(nn.GroupNorm(2, 6)), 1)
    seen: list[tuple[int, bool]] = []
    network.body.register_forward_pre_hook(lambda _, images: seen.append(len(images[0])))
    kept: list[int] = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda value: kept.append(value.numel()) or value, lambda x: x
    ):
        network(batch()["image"])
        whole, kept[:] = sum(kept), []
        outputs = outputs_in_parts(network.train(), batch()["image"], None, 3)
        assert sum(kept) < whole / 3
    assert seen == [6, 2, 2, 2]
    outputs[0][1].sum().backward()
    assert seen == [6, 2, 2, 2, 2, 2, 2]


def test_batch_norms_collect_each_part_once() -> None:
    network = LandCoverNetwork(spec(SAR), body_of(nn.BatchNorm2d(6)), 1).train()
    images = batch()["image"]
    _, (mean, variance) = None, _after_parts(body_of(nn.BatchNorm2d(6)), network, images)
    gradients(network, batch(), accumulate=3)
    norm = network.body[1]
    torch.testing.assert_close(norm.running_mean, mean)
    torch.testing.assert_close(norm.running_var, variance)
    assert norm.num_batches_tracked == 3


def _after_parts(
    body: nn.Sequential, network: LandCoverNetwork, images: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The statistics of a batch norm that saw three parts of two images, one after the other."""
    mean, variance = torch.zeros(6), torch.ones(6)
    for part in images.split(2):
        with torch.no_grad():
            values = body[0](network.normalised(part)).movedim(1, 0).flatten(1)
        mean = 0.9 * mean + 0.1 * values.mean(1)
        variance = 0.9 * variance + 0.1 * values.var(1)
    return mean, variance


def test_inputs_that_are_missing_are_so_in_their_part() -> None:
    torch.manual_seed(2)
    network = build(
        spec(SAR_OPTICAL, fusion="any", encoder="resnet18")
    ).eval()  # norms at rest: parts are no other
    given = batch(channels=4, side=32)
    valid = torch.ones(6, 2, 32, 64, dtype=torch.bool)
    valid[0, 1] = valid[3, 0] = valid[4, 1, 5:] = False
    given["valid"] = valid
    assert_same(
        gradients(network, given, accumulate=3, modalities="sar+optical"), gradients(network, given), 1e-4
    )


@pytest.mark.parametrize("accumulate", [1, 2])
def test_blocks_computed_again_have_the_same_gradients(accumulate: int) -> None:
    torch.manual_seed(2)
    network = build(spec(SAR)).train()
    state = {name: value.clone() for name, value in network.state_dict().items()}
    given = batch(side=32)
    stored = gradients(network, given, accumulate=accumulate)
    after = {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(state)
    again = gradients(network, given, accumulate=accumulate, checkpoint_gradients=True)
    assert_same(again, stored, 1e-6)
    assert all(torch.equal(value, after[name]) for name, value in network.state_dict().items())


def test_a_network_without_an_encoder_computes_nothing_again() -> None:
    network = LandCoverNetwork(spec(SAR), body_of(nn.GroupNorm(2, 6)), 1)
    with pytest.raises(InputError, match="checkpoint_gradients: unet has no encoder of blocks") as raised:
        LandCoverModule(network, TrainConfig(checkpoint_gradients=True), WEIGHTS)
    assert raised.value.options == ("checkpoint_gradients",)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"batch": 8, "accumulate": 3},
            "accumulate, batch: the 8 crops of a device do not divide into 3 parts",
        ),
        ({"batch": 8, "devices": 4, "accumulate": 4}, "the 2 crops of a device do not divide into 4 parts"),
        ({"accumulate": 0}, "accumulate: 0 is out of range; give at least 1"),
    ],
)
def test_a_batch_that_does_not_divide_is_refused(options: dict[str, int], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        TrainConfig.model_validate(options)


def test_one_crop_a_part_is_refused_where_norms_need_two(table: Path, tmp_path: Path) -> None:
    config = TrainConfig(encoder="resnet18", crop=32, batch=4, accumulate=4, steps=1, workers=0, device="cpu")
    with pytest.raises(InputError, match="leaves batch norms a single value"):
        train_model(table, tmp_path / "run", config=config)
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def trained(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes a run of four steps with some options."""

    def train(**options: object) -> Path:
        out = tmp_path_factory.mktemp("parts") / "run"
        small = {
            "encoder": "tu-test_efficientnet",
            "crop": 64,
            "batch": 4,
            "steps": 4,
            "workers": 0,
            "device": "cpu",
        }
        train_model(table, out, config=TrainConfig.model_validate({**small, "calibrate": False, **options}))
        return out

    return train


def test_a_run_whose_blocks_are_computed_again_gives_the_same_weights(trained: Callable[..., Path]) -> None:
    one, other = (
        load_file(trained(accumulate=2, checkpoint_gradients=again) / "model/model.safetensors")
        for again in (False, True)
    )
    assert all(torch.equal(one[name], other[name]) for name in one)
