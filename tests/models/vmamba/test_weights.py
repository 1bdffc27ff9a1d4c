"""Published weights: how they are named, adapted to other channels, fetched and refused."""

from pathlib import Path

import pytest
import torch

from oemsar.errors import Failure, InputError
from oemsar.inputs import Inputs
from oemsar.models.checkpoint import read_tensors
from oemsar.models.variants import VMAMBA
from oemsar.models.vmamba import weights as weights_module
from oemsar.models.vmamba.classifier import VMambaClassifier
from oemsar.models.vmamba.classifier_file import is_vmamba, vmamba_encoder
from oemsar.models.vmamba.encoder import VARIANTS, Variant, VMambaEncoder
from oemsar.models.vmamba.weights import adapt_channels, fetch_checkpoint, load_classifier_weights

from .small import SMALL

pytestmark = pytest.mark.usefixtures("small_variant")


def _as_saved_now(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The names and shapes of the authors' present code, linear layers as convolutions of 1 x 1 pixel."""
    renamed = {}
    for name, value in tensors.items():
        if name.endswith(("x_proj.weight", "dt_projs.weight")):
            renamed[name.replace("s.weight", "s_weight").replace("j.weight", "j_weight")] = value.unflatten(
                0, (4, -1)
            )
        elif name.endswith(("in_proj.weight", "fc1.weight")):
            renamed[name] = value[:, :, None, None]
        else:
            renamed[name] = value
    return renamed


def _trained(encoder: torch.nn.Module) -> torch.nn.Module:
    """Change every parameter, as training does, so that none has the value it began with."""
    for value in encoder.parameters():
        with torch.no_grad():
            value.add_(0.1 * torch.randn_like(value))
    return encoder.eval()


def test_a_classifier_saved_by_the_present_code_gives_the_same_features(tmp_path: Path) -> None:
    torch.manual_seed(0)
    classifier = _trained(VMambaClassifier(SMALL, classes=5))
    torch.save({"model": _as_saved_now(dict(classifier.state_dict()))}, tmp_path / "a.pth")
    tensors = read_tensors(tmp_path / "a.pth")
    assert tensors.keys() != classifier.state_dict().keys()
    name, weights = vmamba_encoder(tensors, tmp_path / "a.pth")
    assert name == "vmamba_t"
    encoder = VMambaEncoder(3, "vmamba_t").eval()
    encoder.load_state_dict(weights)
    images = torch.randn(1, 3, 32, 64)
    with torch.inference_mode():
        for one, other in zip(encoder.levels(images), classifier.levels(images), strict=True):
            torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-6)


def test_a_segmentation_network_gives_its_encoder_with_the_norms_behind_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    original = _trained(VMambaEncoder(3, "vmamba_t"))
    tensors = {f"backbone.{name}": value for name, value in _as_saved_now(original.state_dict()).items()}
    tensors = {name.replace("outnorms.", "outnorm"): value for name, value in tensors.items()}
    tensors["decode_head.conv_seg.weight"] = torch.ones(150, 8, 1, 1)
    torch.save({"state_dict": tensors, "meta": {"epoch": 1}}, tmp_path / "a.pth")
    tensors = read_tensors(tmp_path / "a.pth")
    assert is_vmamba(tensors)
    _, weights = vmamba_encoder(tensors, tmp_path / "a.pth")
    imported = VMambaEncoder(3, "vmamba_t").eval()
    imported.load_state_dict(weights)
    images = torch.randn(1, 3, 32, 64)
    with torch.inference_mode():
        for one, other in zip(imported(images), original(images), strict=True):
            torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-6)


def test_every_variant_has_a_published_file_and_a_short_name() -> None:
    assert set(weights_module.PUBLISHED) == set(VARIANTS) == set(VMAMBA.variants.values())


def test_grey_images_give_the_same_on_one_channel_as_on_three() -> None:
    weight, grey = torch.randn(6, 3, 3, 3), torch.randn(1, 1, 9, 9)
    expected = torch.nn.functional.conv2d(grey.expand(1, 3, 9, 9), weight)
    torch.testing.assert_close(torch.nn.functional.conv2d(grey, adapt_channels(weight, 1)), expected)
    torch.testing.assert_close(
        torch.nn.functional.conv2d(grey.expand(1, 4, 9, 9), adapt_channels(weight, 4)), expected
    )


@pytest.mark.parametrize("channels", [1, 4])
def test_other_channels_take_the_checkpoint_too(checkpoint: Path, channels: int) -> None:
    encoder = VMambaEncoder(channels, "vmamba_t")
    state_dict = read_tensors(checkpoint)
    load_classifier_weights(encoder, state_dict)
    first = encoder.state_dict()["patch_embed.0.weight"]
    assert torch.equal(first, adapt_channels(state_dict["patch_embed.0.weight"], channels))


def test_a_checkpoint_of_another_variant_is_refused() -> None:
    other = VMambaClassifier(Variant(32, (1, 1, 2, 1), 1, 0.0)).state_dict()
    encoder = VMambaEncoder(3, "vmamba_t")
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    with pytest.raises(InputError, match=r"^c\.pth is of another VMamba variant: patch_embed"):
        load_classifier_weights(encoder, other, "c.pth")
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())


@pytest.mark.parametrize("change", ["lacks", "holds"])
def test_missing_and_unknown_weights_are_named(checkpoint: Path, change: str) -> None:
    state_dict = read_tensors(checkpoint)
    name = "layers.2.blocks.1.op.Ds" if change == "lacks" else "layers.2.blocks.7.op.Ds"
    state_dict.pop(name) if change == "lacks" else state_dict.update({name: torch.ones(3)})
    with pytest.raises(InputError, match=f"{change} {name}"):
        load_classifier_weights(VMambaEncoder(3, "vmamba_t"), state_dict)


def test_published_weights_are_fetched_or_missed_in_one_sentence(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    monkeypatch.setitem(weights_module.PUBLISHED, "vmamba_t", checkpoint.as_uri())
    fetched = fetch_checkpoint("vmamba_t")
    assert fetched.keys() == read_tensors(checkpoint).keys()
    monkeypatch.setitem(weights_module.PUBLISHED, "vmamba_s", (tmp_path / "absent.pth").as_uri())
    with pytest.raises(Failure, match=r"pretrained: .* or train without them"):
        fetch_checkpoint("vmamba_s")


def test_only_weights_for_colours_are_adapted() -> None:
    weight = torch.randn(6, 2, 3, 3)
    assert torch.equal(adapt_channels(weight, 4), weight)
    colours = torch.randn(6, 3, 3, 3)
    assert torch.equal(adapt_channels(colours, 3), colours)
    four = adapt_channels(colours, 4)
    torch.testing.assert_close(four[:, 0], colours.mean(1) * 0.75)  # radar comes first
    torch.testing.assert_close(four[:, 1:], colours * 0.75)


@pytest.mark.parametrize(
    "modalities", ["sar:2", "nir+height", "sar+optical+height", "multispectral:4", "sar:2+optical"]
)
def test_channels_of_any_inputs_keep_the_sum_and_colours_their_weights(modalities: str) -> None:
    inputs, weight = Inputs.parse(modalities), torch.randn(6, 3, 3, 3)
    adapted = adapt_channels(weight, inputs.channels, inputs)
    assert adapted.shape == (6, inputs.channels, 3, 3)
    torch.testing.assert_close(adapted.sum(1), weight.sum(1))
    scale = 3 / inputs.channels
    for part in inputs:
        own = adapted[:, inputs.slice_of(part.name)]
        expected = weight if part.name == "optical" else weight.mean(1, keepdim=True).expand_as(own)
        torch.testing.assert_close(own, scale * expected)
    torch.testing.assert_close(adapt_channels(weight, 6).sum(1), weight.sum(1))
