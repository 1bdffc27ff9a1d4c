"""A network that computes blocks again has the same gradients and statistics, and stores less."""

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor, nn

from oemsar.inputs import SAR
from oemsar.models.gradient_checkpointing import enable_gradient_checkpointing
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import Fusion, ModelSpec
from oemsar.models.vmamba.encoder import VARIANTS as VMAMBA
from oemsar.models.vmamba.encoder import Variant
from oemsar.testing.networks import make_network

from .small_upernet import SWIN, shrink


def _gradients(network: LandCoverNetwork) -> dict[str, Tensor]:
    """The gradients of one step, random draws the same each time."""
    generator = torch.Generator().manual_seed(1)
    channels = network.spec.modalities.channels
    images = torch.randint(0, 256, (3, channels, 64, 96), dtype=torch.uint8, generator=generator)
    valid = None
    if network.spec.takes_any:
        valid = torch.ones(3, len(network.spec.modalities), 64, 96, dtype=torch.bool)
        valid[0, 0], valid[1, 1, :40] = False, False
    truth = torch.randint(0, 8, (3, 64, 96), generator=generator)
    torch.manual_seed(3)
    network.train().zero_grad()
    losses = [
        weight * nn.functional.cross_entropy(logits, truth)
        for weight, logits in network.training_outputs(images, valid)
    ]
    torch.stack(losses).sum().backward()
    return {name: value.grad for name, value in network.named_parameters() if value.grad is not None}


@contextmanager
def _stored() -> Iterator[list[int]]:
    """Sizes in bytes of the distinct tensors that are stored for the backward pass."""
    seen: dict[int, int] = {}
    sizes: list[int] = []

    def keep(value: Tensor) -> Tensor:
        seen[value.untyped_storage().data_ptr()] = value.untyped_storage().nbytes()
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        yield sizes
    sizes.extend(seen.values())


NETWORKS = [
    ("unet", "resnet18", "stack"),
    ("unet", "tu-test_efficientnet", "any"),
    ("unet", "efficientnet-b0", "stack"),
    ("unet", "tu-regnetx_002", "stack"),
    ("segformer", "mit_b0", "dual"),
    ("vmamba", "vmamba_t", "stack"),
    ("upernet", "convnextv2_atto", "stack"),
    ("upernet", SWIN, "dual"),
]


@pytest.mark.parametrize(("architecture", "encoder", "fusion"), NETWORKS)
def test_gradients_and_statistics_are_those_of_the_network_that_stores_all(
    architecture: str, encoder: str, fusion: Fusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(VMAMBA, "vmamba_t", Variant(16, (1, 1, 2, 1), 1, 0.2))
    shrink(monkeypatch)
    plain = make_network(architecture, encoder=encoder, fusion=fusion)
    frugal = copy.deepcopy(plain)
    assert enable_gradient_checkpointing(frugal)
    assert enable_gradient_checkpointing(frugal)
    assert list(frugal.state_dict()) == list(plain.state_dict())
    expected, found = _gradients(plain), _gradients(frugal)
    assert list(found) == list(expected)
    for name, gradient in expected.items():
        assert torch.equal(found[name], gradient), name
    for (name, value), other in zip(plain.named_buffers(), frugal.buffers(), strict=True):
        assert torch.equal(value, other), name
    copied = copy.deepcopy(frugal)
    frugal.zero_grad()
    _gradients(copied)
    assert all(value.grad is None for value in frugal.parameters())


def test_less_is_stored_for_the_backward_pass() -> None:
    plain = make_network("segformer", encoder="mit_b0", modalities=SAR).train()
    frugal = copy.deepcopy(plain)
    enable_gradient_checkpointing(frugal)
    images = torch.zeros(2, 1, 128, 128)
    sizes = []
    for network in (plain, frugal):
        with _stored() as stored:
            network.body.encoder(images)  # type: ignore[operator,union-attr]
        sizes.append(sum(stored))
    assert sizes[1] < 0.5 * sizes[0]


def test_nothing_changes_where_no_gradient_is_asked_for() -> None:
    network = make_network("segformer", encoder="mit_b0", modalities=SAR).eval()
    images = torch.randint(0, 256, (1, 1, 40, 70), dtype=torch.uint8)
    with torch.inference_mode():
        expected = network(images)
        enable_gradient_checkpointing(network)
        assert torch.equal(network(images), expected)


def test_a_network_without_an_encoder_says_so() -> None:
    spec = ModelSpec(architecture="fcn", encoder="fcn", modalities=SAR, mean=(60,), std=(50,))
    assert not enable_gradient_checkpointing(LandCoverNetwork(spec, nn.Conv2d(1, 8, 1), 1))


class _InPlace(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.act = nn.ReLU(inplace=True)

    def forward(self, images: Tensor) -> Tensor:
        return self.act(images) * math.pi


def test_a_block_that_changes_its_input_is_told() -> None:
    body = nn.Module()
    body.encoder = nn.Sequential(_InPlace(), _InPlace())
    spec = ModelSpec(architecture="fcn", encoder="fcn", modalities=SAR, mean=(60,), std=(50,))
    network = LandCoverNetwork(spec, body, 1).train()
    assert enable_gradient_checkpointing(network)
    start = torch.ones(1, 1, 4, 4, requires_grad=True)
    with pytest.raises(RuntimeError, match="_InPlace changes its input"):
        body.encoder(start * 1)
