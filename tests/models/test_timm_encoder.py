"""Encoders of timm give the levels of timm's own networks, at any size, or say why they cannot."""

import pytest
import torch
from torch import Tensor, nn

from oemsar.errors import Failure, InputError
from oemsar.inputs import Inputs
from oemsar.models import timm_encoder
from oemsar.models.timm_encoder import STRIDES, TimmEncoder, pretrained_encoder
from oemsar.models.torchvision_ops import declare
from oemsar.testing.networks import make_network

from .small_upernet import SWIN, shrink

declare()
import timm  # noqa: E402 (imports torchvision)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink(monkeypatch)


def _timms_levels(name: str, weights: dict[str, Tensor], images: Tensor) -> list[Tensor]:
    """What timm's whole network computes between its stages."""
    network = timm.create_model(name, in_chans=images.shape[1]).eval()
    own = {key.removeprefix("features."): value for key, value in weights.items()}
    for key in network.state_dict():
        first, _, rest = key.partition(".")
        joined = "_".join((first, *rest.split(".", 1)[:1])) + "." + rest.partition(".")[2]
        if key in own or joined in own:
            network.state_dict()[key].copy_(own[key] if key in own else own[joined])
    with torch.no_grad():
        levels = network.forward_intermediates(images, intermediates_only=True)
    last_of_stride = {images.shape[-1] // level.shape[-1]: level for level in levels}
    return [last_of_stride[stride] for stride in STRIDES]


@pytest.mark.parametrize("name", ["convnextv2_atto", "resnet10t", "mobilenetv3_small_050", SWIN])
@pytest.mark.parametrize("channels", [1, 4])
def test_levels_are_those_of_timms_network(name: str, channels: int) -> None:
    torch.manual_seed(0)
    encoder = TimmEncoder(name, channels).eval()
    for value in encoder.parameters():  # norms of Swin start as 0
        if value.ndim == 1:
            nn.init.uniform_(value, 0.5, 1.0)
    # the size that timm's Swin Transformers are for
    images = torch.randn(1, channels, 256, 256)
    expected = _timms_levels(name, encoder.state_dict(), images)
    with torch.inference_mode():
        levels = encoder(images)
    assert len(levels) == len(expected) == 4
    assert tuple(level.shape[1] for level in levels) == encoder.out_channels
    for level, other, stride in zip(levels, expected, STRIDES, strict=True):
        assert level.shape[-2:] == (256 // stride, 256 // stride)
        torch.testing.assert_close(level, other)


@pytest.mark.parametrize("size", [(32, 32), (64, 160), (320, 96), (288, 288)])
def test_windows_take_images_of_any_size(size: tuple[int, int]) -> None:
    encoder = TimmEncoder(SWIN, 2).eval()
    with torch.inference_mode():
        levels = encoder(torch.randn(1, 2, *size))
    assert [tuple(level.shape[-2:]) for level in levels] == [(size[0] // n, size[1] // n) for n in STRIDES]


def test_what_is_far_away_is_not_seen_by_a_window() -> None:
    """The windows keep their size in large images: a change reaches only its surroundings."""
    torch.manual_seed(0)
    encoder = TimmEncoder(SWIN, 1).eval()
    for value in encoder.parameters():
        if value.ndim == 1:
            nn.init.uniform_(value, 0.5, 1.0)
    images = torch.randn(1, 1, 64, 512)
    other = images.clone()
    other[..., :8] += 1
    with torch.inference_mode():
        changed = (encoder(images)[0] != encoder(other)[0]).any(1).any(1)[0]
    # the first level has one block, of windows of 8 cells of 4 pixels
    assert changed.nonzero().max() == 7


def test_relative_positions_are_not_decayed() -> None:
    encoder = TimmEncoder(SWIN, 1)
    exempt = {name for name, value in encoder.named_parameters() if getattr(value, "no_weight_decay", False)}
    assert "features.layers_0.blocks.0.attn.logit_scale" in exempt
    assert all("cpb_mlp" in name or "logit_scale" in name for name in exempt)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("convnextv2_atta", "encoder convnextv2_atta is not known; did you mean convnextv2_atto"),
        ("efficientnet-b4", "did you mean efficientnet_b4"),
        ("zzz", "encoder zzz is not known; see timm"),
        ("hf-hub:timm/resnet18.a1_in1k", "is not known"),
        (
            "vit_tiny_patch16_224",
            "features at the strides 16, .* not at 4, 8, 16 and 32; choose a hierarchical",
        ),
        ("maxvit_pico_rw_256", "does not take images of any size"),
    ],
)
def test_encoders_that_cannot_be_used_are_refused(name: str, sentence: str) -> None:
    with pytest.raises(InputError, match=f"encoder: .*{sentence}"):
        TimmEncoder(name, 1)


def test_the_random_weights_of_a_network_do_not_depend_on_the_trial() -> None:
    one, other = (make_network("upernet", encoder="convnextv2_atto") for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert one.training


def test_imagenet_weights_are_adapted_to_the_channels_and_their_licence_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    torch.manual_seed(0)
    published = timm.create_model("convnextv2_atto", features_only=True).eval()
    plain = timm_encoder._features

    def fetch(name: str, in_channels: int, *, pretrained: bool = False) -> nn.Module:
        return published if pretrained else plain(name, in_channels)

    monkeypatch.setattr(timm_encoder, "_features", fetch)
    grey = torch.randn(1, 1, 64, 96)
    with torch.inference_mode():
        expected = published(grey.expand(-1, 3, -1, -1))
        for inputs in ("sar", "optical", "sar:2+optical", "multispectral:6"):
            encoder = pretrained_encoder("convnextv2_atto", Inputs.parse(inputs)).eval()
            levels = encoder(grey.expand(-1, Inputs.parse(inputs).channels, -1, -1))
            for level, other in zip(levels, expected, strict=True):
                torch.testing.assert_close(level, other, atol=1e-5, rtol=1e-4)
    assert caplog.text.count("convnextv2_atto: the terms of these weights are: cc-by-nc-4.0") == 4


def test_weights_that_cannot_be_fetched_end_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = timm_encoder._features

    def fetch(name: str, in_channels: int, *, pretrained: bool = False) -> nn.Module:
        if pretrained:
            raise OSError("no network")
        return plain(name, in_channels)

    monkeypatch.setattr(timm_encoder, "_features", fetch)
    with pytest.raises(Failure, match=r"pretrained: .*convnextv2_atto could not be loaded \(OSError\)"):
        pretrained_encoder("convnextv2_atto", Inputs.parse("sar"))
