"""Published encoders of timm and MaRS start networks with the features that they had."""

import logging
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.models import timm_file
from oemsar.models.config import ImportConfig
from oemsar.models.encoder_file import start_encoder
from oemsar.models.import_checkpoint import import_checkpoint
from oemsar.models.network import LandCoverNetwork
from oemsar.models.timm_file import MARS, MARS_LICENCE
from oemsar.models.torchvision_ops import declare
from oemsar.testing.networks import make_network

from .small_upernet import SWIN, WIDER, shrink

declare()
import timm  # noqa: E402 (imports torchvision)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink(monkeypatch)


def _trained(network: nn.Module, seed: int = 0) -> dict[str, Tensor]:
    """The weights of a network as after some training: no norm is 0, no two channels are alike."""
    torch.manual_seed(seed)
    for value in network.parameters():
        nn.init.uniform_(value, 0.5, 1.0) if value.ndim == 1 else nn.init.normal_(value, std=0.1)
    return dict(network.state_dict())


def _whole(name: str, channels: int = 3) -> dict[str, Tensor]:
    """A classifier as timm publishes it."""
    return _trained(timm.create_model(name, in_chans=channels, num_classes=5))


def _extractor(name: str, channels: int) -> dict[str, Tensor]:
    """An extractor of features as MaRS publishes it: no norm behind it, no head."""
    return _trained(timm.create_model(name, in_chans=channels, features_only=True))


def _network(name: str, inputs: str = "sar", fusion: Any = "stack") -> LandCoverNetwork:
    return make_network("upernet", encoder=name, modalities=Inputs.parse(inputs), fusion=fusion).eval()


def _require_equal_features(encoder: Any, weights: dict[str, Tensor], name: str, channels: int) -> None:
    """Compare with timm's own extractor, which takes the weights as it always does, on a grey image."""
    given = next(value.shape[1] for value in weights.values() if value.ndim == 4)
    reference = timm.create_model(name, in_chans=given, features_only=True).eval()
    own = reference.state_dict()
    for key in own:
        dotted = re.sub(r"^(\w+)_(\d+)\.", r"\1.\2.", key)
        own[key].copy_(weights[key if key in weights else dotted])
    grey = torch.randn(1, 1, 256, 256)
    with torch.inference_mode():
        features = encoder(grey.expand(-1, channels, -1, -1))
        expected = reference(grey.expand(-1, given, -1, -1))
    for level, other in zip(features, expected, strict=True):
        level_of_timm = other.permute(0, 3, 1, 2) if reference.output_fmt == "NHWC" else other
        torch.testing.assert_close(level, level_of_timm, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["convnextv2_atto", SWIN])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("imported", [True, False])
def test_a_network_starts_from_published_weights(
    name: str, suffix: str, imported: bool, tmp_path: Path
) -> None:
    weights = _whole(name)
    path = tmp_path / f"weights{suffix}"
    save_file(weights, path) if suffix == ".safetensors" else torch.save({"model": weights}, path)
    source = path
    if imported:
        source = tmp_path / "encoder.safetensors"
        result = import_checkpoint(path, source, config=ImportConfig(encoder=name))
        assert (result.content, result.licence) == (f"encoder {name}", None)
    network = _network(name, "sar:2+optical")
    start_encoder(network, source)
    _require_equal_features(network.body.encoder, weights, name, 5)


def test_the_encoder_and_the_licence_are_known_by_the_name_that_timm_gives(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "convnextv2_atto.fcmae_ft_in1k.safetensors"
    save_file(_whole("convnextv2_atto"), path)
    with caplog.at_level(logging.WARNING):
        imported = import_checkpoint(path, tmp_path / "e.safetensors")
        start_encoder(_network("convnextv2_atto"), tmp_path / "e.safetensors")
    assert (imported.content, imported.licence) == ("encoder convnextv2_atto", "cc-by-nc-4.0")
    assert [record.getMessage().count("cc-by-nc-4.0") for record in caplog.records] == [1, 1]


@pytest.fixture
def small_mars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm_file, "MARS", SWIN)
    monkeypatch.setattr(timm_file, "_MARS_WIDTH", 16)
    monkeypatch.setattr(timm_file, "_MARS_LAST", "layers_2.blocks.1.attn.logit_scale")


@pytest.mark.usefixtures("small_mars")
@pytest.mark.parametrize(
    ("channels", "inputs"), [(1, "sar"), (3, "optical"), (1, "sar:2"), (3, "sar")], ids=str
)
def test_mars_starts_an_encoder_and_says_its_terms(
    channels: int, inputs: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    weights = _extractor(SWIN, channels)
    assert {name.partition(".")[0] for name in weights} == {"patch_embed", *(f"layers_{n}" for n in range(4))}
    path = tmp_path / "mars_base_sar_encoder_only.pth"
    torch.save(weights, path)
    network = _network(SWIN, inputs)
    with caplog.at_level(logging.WARNING):
        start_encoder(network, path)
    assert f"{path}: the terms of these weights are: {MARS_LICENCE};" in caplog.text
    _require_equal_features(network.body.encoder, weights, SWIN, network.spec.modalities.channels)
    caplog.clear()
    imported = import_checkpoint(path, tmp_path / "mars.safetensors")
    assert (imported.content, imported.licence) == (f"encoder {SWIN}", MARS_LICENCE)
    assert MARS_LICENCE in caplog.text
    start_encoder(network, tmp_path / "mars.safetensors")
    assert caplog.text.count(MARS_LICENCE) == 2


@pytest.mark.usefixtures("small_mars")
def test_every_encoder_of_a_fusion_starts_from_the_file(tmp_path: Path) -> None:
    weights = _extractor(SWIN, 1)
    torch.save(weights, tmp_path / "a.pth")
    network = _network(SWIN, "sar+optical", "any")
    start_encoder(network, tmp_path / "a.pth")
    body: Any = network.body
    for name, channels in (("sar", 1), ("optical", 3)):
        _require_equal_features(body.encoder.encoder_of(name), weights, SWIN, channels)


@pytest.mark.slow
def test_mars_of_its_published_size_starts_an_encoder(tmp_path: Path) -> None:
    weights = _extractor(MARS, 1)
    # published: 347 687 055 bytes, of which the names take the rest
    assert 347_000_000 < 4 * sum(value.numel() for value in weights.values()) < 347_687_055
    torch.save(weights, tmp_path / "mars_base_sar_encoder_only.pth")
    imported = import_checkpoint(tmp_path / "mars_base_sar_encoder_only.pth", tmp_path / "mars.safetensors")
    assert (imported.content, imported.licence) == (f"encoder {MARS}", MARS_LICENCE)
    network = _network(MARS)
    start_encoder(network, tmp_path / "mars.safetensors")
    _require_equal_features(network.body.encoder, weights, MARS, 1)


def test_windows_of_another_size_fit(tmp_path: Path) -> None:
    """Swin V2 computes its positions: tables and masks in old files are of the size of windows and images."""
    weights = _whole(WIDER)
    tables = {
        "layers.0.blocks.0.attn.relative_coords_table": torch.ones(1, 31, 31, 2),
        "layers.0.blocks.0.attn.relative_position_index": torch.ones(256, 256),
        "layers.1.blocks.1.attn_mask": torch.ones(4, 256, 256),
    }
    torch.save(weights | tables, tmp_path / "a.pth")
    network = _network(SWIN)
    start_encoder(network, tmp_path / "a.pth")
    _require_equal_features(network.body.encoder, weights, SWIN, 1)


def test_the_authors_names_of_swin_are_known(tmp_path: Path) -> None:
    """They halve the resolution at the end of a stage, timm at the beginning of the next."""
    weights = _whole(SWIN)
    authors = {
        re.sub(
            r"^layers\.(\d+)\.downsample", lambda found: f"layers.{int(found[1]) - 1}.downsample", name
        ).replace("head.fc.", "head."): value
        for name, value in weights.items()
    }
    torch.save({"model": authors}, tmp_path / "a.pth")
    network = _network(SWIN)
    start_encoder(network, tmp_path / "a.pth")
    _require_equal_features(network.body.encoder, weights, SWIN, 1)


def test_wrong_weights_are_refused(tmp_path: Path) -> None:
    weights, path = _extractor(SWIN, 3), tmp_path / "weights.pth"

    def refuse(tensors: dict[str, Tensor], sentence: str, encoder: str = SWIN) -> None:
        torch.save(tensors, path)
        with pytest.raises(InputError, match=sentence):
            import_checkpoint(path, tmp_path / "e.safetensors", config=ImportConfig(encoder=encoder))
        assert not (tmp_path / "e.safetensors").exists()

    name = "layers_1.blocks.0.attn.qkv.weight"
    holds = f"does not hold the encoder {SWIN}: tensor "
    refuse(
        {key: value for key, value in weights.items() if key != name}, f"{holds}features.{name} is missing"
    )
    refuse({**weights, name: torch.ones(3, 3)}, rf"{holds}features.{name} has the shape \(3, 3\)")
    longer = {f"layers_3.blocks.1.{key}": torch.ones(3) for key in ("norm1.weight", "norm1.bias")}
    refuse(weights | longer, f"{holds}layers_3.blocks.1.norm1.weight belongs to no layer of it")
    four = torch.ones(16, 4, 4, 4)
    refuse(
        {**weights, "patch_embed.proj.weight": four},
        rf"{holds}features.patch_embed.proj.weight has .*\(16, 4",
    )
    refuse(weights, "encoder: encoder swinv2_tony is not known", "swinv2_tony")
    refuse(weights, "encoder: .*no known network.* an encoder of timm is read by its name", "")
    torch.save(weights, path)
    with pytest.raises(InputError, match="does not hold the encoder convnextv2_atto"):
        start_encoder(_network("convnextv2_atto"), path)


def test_an_encoder_of_another_library_is_refused(tmp_path: Path) -> None:
    """resnet18 is a name in both."""
    path = tmp_path / "resnet18.pth"
    torch.save(_whole("resnet18"), path)
    network = make_network("unet", encoder="resnet18")
    with pytest.raises(InputError, match=r"of another model's encoder \(tensor conv1\.weight is missing\)"):
        start_encoder(network, path)
