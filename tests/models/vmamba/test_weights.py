"""Published weights: how they are named, adapted to other channels, fetched and refused."""

from pathlib import Path

import pytest
import torch

from oemsar.errors import Failure, InputError
from oemsar.models.checkpoint import read_tensors
from oemsar.models.vmamba import weights as weights_module
from oemsar.models.vmamba.classifier import VMambaClassifier
from oemsar.models.vmamba.encoder import Variant, VMambaEncoder
from oemsar.models.vmamba.weights import adapt_channels, fetch_checkpoint, load_classifier_weights

pytestmark = pytest.mark.usefixtures("small_variant")


def test_weights_stacked_by_direction_are_the_same_weights(checkpoint: Path) -> None:
    state_dict = read_tensors(checkpoint)
    stacked = {}
    for name, value in state_dict.items():
        if name.endswith(("x_proj.weight", "dt_projs.weight")):
            stacked[name.replace("s.weight", "s_weight").replace("j.weight", "j_weight")] = value.unflatten(
                0, (4, -1)
            )
        else:
            stacked[name] = value
    assert stacked.keys() != state_dict.keys()
    encoders = [VMambaEncoder(3, "vmamba_t") for _ in range(2)]
    load_classifier_weights(encoders[0], state_dict)
    load_classifier_weights(encoders[1], stacked)
    pairs = zip(encoders[0].state_dict().values(), encoders[1].state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


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
