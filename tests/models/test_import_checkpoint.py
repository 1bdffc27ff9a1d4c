"""Published checkpoints become networks that compute what they computed."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.models import saved
from oemsar.models.config import ImportConfig
from oemsar.models.encoder_file import start_encoder, write_encoder
from oemsar.models.import_checkpoint import import_checkpoint
from oemsar.models.published_encoder import PublishedEncoder
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from oemsar.models.torchvision_ops import declare
from oemsar.models.vmamba.classifier import VMambaClassifier
from oemsar.models.vmamba.encoder import VARIANTS as VMAMBA
from oemsar.models.vmamba.encoder import Variant

declare()
import segmentation_models_pytorch as smp  # noqa: E402 (imports torchvision)
from segmentation_models_pytorch.encoders import get_encoder  # noqa: E402


def _authors_unet(channels: int, encoder: str = "efficientnet-b4", classes: int = 9) -> torch.nn.Module:
    """The network of the authors' training program, its norms as after some training."""
    torch.manual_seed(channels)
    network: torch.nn.Module = smp.Unet(
        encoder_name=encoder,
        encoder_weights=None,
        in_channels=channels,
        classes=classes,
        activation=None,
        decoder_attention_type="scse",
    )
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.1, 0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    return network.eval()


def _pixels(channels: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (1, channels, 64, 96), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize(
    ("channels", "modalities"), [(1, "sar"), (3, "optical"), (4, "sar+optical")], ids=str
)
def test_an_imported_unet_has_the_logits_of_the_original(
    tmp_path: Path, channels: int, modalities: str
) -> None:
    original = _authors_unet(channels)
    torch.save({f"module.{name}": value for name, value in original.state_dict().items()}, tmp_path / "a.pth")
    import_checkpoint(tmp_path / "a.pth", tmp_path / "model")
    network = saved.load_model(tmp_path / "model")
    assert str(network.spec.modalities) == modalities
    images = _pixels(channels)
    with torch.inference_mode():
        expected = original(images / 255)[:, 1:]
        torch.testing.assert_close(network(images), expected, atol=1e-5, rtol=1e-5)
    record = json.loads((tmp_path / "model" / saved.DESCRIPTION).read_text())["record"]
    assert record["imported"]["file"] == "a.pth"


def test_optical_first_input_is_told_from_radar_first(tmp_path: Path) -> None:
    original = _authors_unet(4)
    torch.save(original.state_dict(), tmp_path / "a.pth")
    import_checkpoint(tmp_path / "a.pth", tmp_path / "model", config=ImportConfig(channels="optical-first"))
    network = saved.load_model(tmp_path / "model")
    images = _pixels(4)
    optical_first = torch.cat([images[:, 1:], images[:, :1]], 1)
    with torch.inference_mode():
        expected = original(optical_first / 255)[:, 1:]
        torch.testing.assert_close(network(images), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"encoder": "efficientnet-b0"},
            r"not a U-Net with .*: tensor encoder\._conv_stem\.weight has the shape",
        ),
        ({"encoder": "resnet18"}, r"tensor encoder\._conv_stem\.weight is missing"),
        ({"classes": 8}, r"tensor segmentation_head\.0\.weight has the shape \(8, 16, 3, 3\), not \(9, "),
        ({"channels": 2}, r"not a U-Net of 1, 3 or 4 channels"),
    ],
)
def test_another_network_is_refused_by_its_first_tensor(
    tmp_path: Path, options: dict[str, Any], sentence: str
) -> None:
    torch.save(_authors_unet(**{"channels": 1, **options}).state_dict(), tmp_path / "a.pth")
    with pytest.raises(InputError, match=sentence):
        import_checkpoint(tmp_path / "a.pth", tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.fixture(scope="module")
def classifier() -> dict[str, torch.Tensor]:
    """A Mix Transformer B0 with the last layer of its classifier, as published."""
    torch.manual_seed(0)
    weights = dict(get_encoder("mit_b0", weights=None).state_dict())
    return weights | {"head.weight": torch.randn(1000, 256), "head.bias": torch.randn(1000)}


def _spec(modalities: str, fusion: str = "stack") -> ModelSpec:
    channels = Inputs.parse(modalities).channels
    return ModelSpec(
        architecture="segformer",
        encoder="mit_b0",
        modalities=modalities,
        mean=(0.0,) * channels,
        std=(1.0,) * channels,
        fusion=fusion,
    )


@pytest.mark.parametrize(
    ("modalities", "fusion"),
    [("sar", "stack"), ("optical", "stack"), ("sar+optical", "stack"), ("sar+optical", "dual")],
)
def test_a_grey_image_gives_the_features_of_the_classifier(
    tmp_path: Path, classifier: dict[str, torch.Tensor], modalities: str, fusion: str
) -> None:
    """Whatever the channels: where all hold the same image, the encoder sees what it was trained on."""
    torch.save({"state_dict": classifier}, tmp_path / "mit_b0.pth")
    import_checkpoint(tmp_path / "mit_b0.pth", tmp_path / "mit.safetensors")
    network = build(_spec(modalities, fusion)).eval()
    start_encoder(network, tmp_path / "mit.safetensors")
    reference = get_encoder("mit_b0", weights=None).eval()
    reference.load_state_dict(dict(classifier))
    grey = torch.randn(1, 1, 64, 64)
    with torch.inference_mode():
        features = network.body.encoder(grey.expand(-1, Inputs.parse(modalities).channels, -1, -1))  # type: ignore[operator, union-attr]
        expected = reference(grey.expand(-1, 3, -1, -1))
    for level, other in zip(features[2:], expected[2:], strict=True):
        torch.testing.assert_close(level, other, atol=1e-4, rtol=1e-4)


def test_the_variant_is_told_by_the_tensors(tmp_path: Path) -> None:
    torch.save(get_encoder("mit_b1", weights=None).state_dict(), tmp_path / "a.pth")
    imported = import_checkpoint(tmp_path / "a.pth", tmp_path / "a.safetensors")
    assert (imported.path, imported.content) == (tmp_path / "a.safetensors", "encoder mit_b1")


def test_a_checkpoint_is_not_replaced_by_its_encoder(
    tmp_path: Path, classifier: dict[str, torch.Tensor]
) -> None:
    path = tmp_path / "mit.safetensors"
    torch.save(classifier, path)
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"would replace the input .*mit\.safetensors"):
        import_checkpoint(path, path)
    assert path.read_bytes() == before


def test_wrong_classifiers_are_refused(tmp_path: Path, classifier: dict[str, torch.Tensor]) -> None:
    def refuse(tensors: dict[str, torch.Tensor], sentence: str, out: str = "e.safetensors") -> None:
        torch.save(tensors, tmp_path / "a.pth")
        with pytest.raises(InputError, match=sentence):
            import_checkpoint(tmp_path / "a.pth", tmp_path / out)
        assert not (tmp_path / out).exists()

    name = "block1.0.attn.q.weight"
    refuse(
        {**classifier, name: torch.ones(3, 3)},
        rf"does not hold the encoder mit_b0: tensor {name} has the shape \(3, 3\)",
    )
    refuse({key: value for key, value in classifier.items() if key != name}, f"tensor {name} is missing")
    refuse({"stem.weight": torch.ones(2)}, r"no known network.* stem\.weight of shape \(2,\)")
    refuse(classifier, r"out: .* give a file ending in \.safetensors", out="folder")


@pytest.fixture
def small_vmamba(monkeypatch: pytest.MonkeyPatch) -> Variant:
    small = Variant(16, (1, 1, 2, 1), 1, 0.0)
    monkeypatch.setitem(VMAMBA, "vmamba_t", small)
    return small


@pytest.mark.parametrize(("modalities", "fusion"), [("sar", "stack"), ("sar+optical", "dual")])
def test_vmamba_starts_from_its_classifier(
    tmp_path: Path, small_vmamba: Variant, modalities: str, fusion: str
) -> None:
    torch.manual_seed(0)
    original = VMambaClassifier(small_vmamba, classes=5).eval()
    torch.save({"model": original.state_dict(), "epoch": 3}, tmp_path / "a.pth")
    imported = import_checkpoint(tmp_path / "a.pth", tmp_path / "v.safetensors")
    assert imported.content == "encoder vmamba_t"
    spec = _spec(modalities, fusion).model_copy(update={"architecture": "vmamba", "encoder": "vmamba_t"})
    network = build(spec).eval()
    start_encoder(network, tmp_path / "v.safetensors")
    grey = torch.randn(1, 1, 64, 64)
    body: Any = network.body
    with torch.inference_mode():
        features = body.encoder(grey.expand(-1, spec.modalities.channels, -1, -1))
        expected = original.levels(grey.expand(-1, 3, -1, -1))
    for level, other in zip(features, expected, strict=True):
        normalised = torch.nn.functional.layer_norm(other, other.shape[-1:]).permute(0, 3, 1, 2)
        torch.testing.assert_close(level, normalised, atol=1e-4, rtol=1e-4)


def test_a_damaged_vmamba_is_refused(tmp_path: Path, small_vmamba: Variant) -> None:
    tensors = VMambaClassifier(small_vmamba, classes=5).state_dict()
    del tensors["layers.2.blocks.1.op.Ds"]
    torch.save(tensors, tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"a\.pth lacks layers\.2\.blocks\.1\.op\.Ds"):
        import_checkpoint(tmp_path / "a.pth", tmp_path / "v.safetensors")


def test_wrong_encoder_files_are_refused(tmp_path: Path, classifier: dict[str, torch.Tensor]) -> None:
    network = build(_spec("sar"))
    path = tmp_path / "e.safetensors"

    def refuse(sentence: str) -> None:
        with pytest.raises(InputError, match=sentence):
            start_encoder(network, path)

    refuse("encoder file .* does not exist")
    path.write_bytes(b"no tensors")
    refuse("cannot be read as a PyTorch checkpoint of tensors alone or as safetensors")
    path.unlink()
    write_encoder(PublishedEncoder("mit_b2", classifier), path)
    refuse(r"encoder, encoder_weights: .* holds the encoder mit_b2, not mit_b0; choose that encoder")
    write_encoder(PublishedEncoder("mit_b0", classifier), path)
    refuse(r"damaged or of another .* \(tensor head.* belongs to no layer")
