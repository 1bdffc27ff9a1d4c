"""The contract of every registered network, which other packages may import from `oemsar.testing`."""

import pytest
import torch
from torch import nn

from oemsar.inputs import Inputs
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import NETWORKS
from oemsar.models.spec import Fusion
from oemsar.models.vmamba.encoder import VARIANTS as VMAMBA
from oemsar.models.vmamba.encoder import Variant
from oemsar.testing.networks import (
    check_gradients,
    check_logits,
    check_network,
    check_saved,
    check_subsets,
    check_training_outputs,
    make_network,
)

from .small_upernet import SWIN, shrink

SMALL_ENCODERS = {
    "unet": ("resnet18", "efficientnet-b0", "tu-mobilenetv3_small_050"),
    "unet_light": ("tu-test_efficientnet",),
    "segformer": ("mit_b0",),
    "vmamba": ("vmamba_t",),
    "upernet": ("convnextv2_atto", SWIN),
}
"""Encoders each architecture is tried with; a new architecture adds its own."""
LARGER = {
    ("resnet18", "stack"),
    ("resnet18", "dual"),
    ("resnet18", "any"),
    ("efficientnet-b0", "dual"),
    ("efficientnet-b0", "any"),
}
"""What holds nothing of its architecture that a smaller one beside it does not."""


@pytest.mark.parametrize(
    ("architecture", "encoder", "fusion"),
    [
        pytest.param(name, encoder, fusion, marks=[pytest.mark.slow] if (encoder, fusion) in LARGER else [])
        for name in NETWORKS
        for encoder in SMALL_ENCODERS[name]
        for fusion in ("stack", "dual", "any")
    ],
)
def test_every_network_keeps_the_contract(
    architecture: str, encoder: str, fusion: Fusion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(VMAMBA, "vmamba_t", Variant(16, (1, 1, 2, 1), 1, 0.2))
    shrink(monkeypatch)
    check_network(architecture, encoder=encoder, fusions=(fusion,))


@pytest.mark.slow
@pytest.mark.parametrize("fusion", ["stack", "dual", "any"])
def test_swin_of_its_published_size_keeps_the_contract(fusion: Fusion) -> None:
    check_network("upernet", encoder=SWIN, fusions=(fusion,))


@pytest.mark.slow
@pytest.mark.parametrize("fusion", ["stack", "dual", "any"])
def test_vmamba_of_its_published_size_keeps_the_contract(fusion: Fusion) -> None:
    check_network("vmamba", encoder="vmamba_t", fusions=(fusion,))


def test_the_published_baseline_has_the_size_of_its_library() -> None:
    network = make_network("unet", encoder="efficientnet-b4")
    attention = [name for name, _ in network.named_modules() if name.endswith(("cSE", "sSE"))]
    assert len(attention) == 2 * (2 * 5 - 1)
    assert list(network.body.encoder.out_channels) == [4, 48, 32, 56, 160, 448]  # type: ignore[union-attr]


class _Faulty(nn.Module):
    """A body of one convolution with a fault."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault
        self.used = nn.Conv2d(4, 8, 3, padding=1)
        if fault == "unused":
            self.idle = nn.Parameter(torch.zeros(3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.fault == "forgets":
            return self.used(images) + torch.randn(1)
        if self.fault == "reduces":
            return self.used(images)[..., ::2, ::2]
        return self.used(images) / 0 if self.fault == "infinite" else self.used(images)

    def training_outputs(self, images: torch.Tensor) -> tuple[tuple[float, torch.Tensor], ...]:
        return ((0.5 if self.fault == "weighs" else 1.0, self(images)),)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("reduces", "images of 64 x 64 give logits of shape"),
        ("infinite", "not finite"),
        ("unused", "no gradient reaches the parameter body.idle"),
        ("forgets", "other logits"),
        ("weighs", "has the weight 0.5"),
    ],
)
def test_a_network_that_breaks_the_contract_is_told(fault: str, sentence: str) -> None:
    spec = make_network("unet", encoder="tu-mobilenetv3_small_050").spec
    network = LandCoverNetwork(spec, _Faulty(fault), 1)

    def check() -> None:
        check_logits(network)
        check_training_outputs(network)
        check_gradients(network)

    with pytest.raises(AssertionError, match=sentence):
        check()


class _Careless(nn.Module):
    """A body that looks at channels without data, or at none of the masks."""

    def __init__(self, channels: int, *, blind: bool) -> None:
        super().__init__()
        self.channels = channels
        self.mix = nn.Conv2d(channels, 8, 1)
        self.blind = blind

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.mix(images[:, : self.channels]) * (0 if self.blind else 1)


def test_a_network_that_takes_no_subset_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = make_network(
        "unet", encoder="tu-mobilenetv3_small_050", fusion="any", modalities=Inputs.parse("sar+height")
    ).spec
    with pytest.raises(AssertionError, match="sar gives the logits of another subset"):
        check_subsets(LandCoverNetwork(spec, _Careless(2, blind=True), 1))
    network = LandCoverNetwork(spec, _Careless(2, blind=False), 1)
    check_subsets(network)

    def careless(self: LandCoverNetwork, images: torch.Tensor, valid: object = None) -> torch.Tensor:
        return self.normalised(images)

    monkeypatch.setattr(LandCoverNetwork, "body_input", careless)
    with pytest.raises(AssertionError, match=r"the logits of another subset|where there is no data"):
        check_subsets(network)


def test_a_network_that_loads_with_other_weights_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    network = make_network("unet", encoder="tu-mobilenetv3_small_050").eval()
    other = make_network("unet", encoder="tu-mobilenetv3_small_050").eval()
    with torch.no_grad():
        next(other.parameters()).mul_(2)
    monkeypatch.setattr("oemsar.testing.networks.load_model", lambda _: other)
    with pytest.raises(AssertionError, match="a loaded network gives other logits"):
        check_saved(network)
