"""Mix Transformers known by their tensors, under every name they are published with."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from oemsar.errors import InputError
from oemsar.models.checkpoint import read_tensors
from oemsar.models.mit import _nearest, is_mit, mit_encoder
from oemsar.models.torchvision_ops import declare

declare()
from segmentation_models_pytorch.encoders import get_encoder  # noqa: E402 (imports torchvision)

Tensors = dict[str, torch.Tensor]

WIDTHS = {0: 32, 1: 64, 2: 64, 3: 64, 4: 64, 5: 64}
DEPTHS = {
    0: (2, 2, 2, 2),
    1: (2, 2, 2, 2),
    2: (3, 4, 6, 3),
    3: (3, 4, 18, 3),
    4: (3, 8, 27, 3),
    5: (3, 6, 40, 3),
}
"""Table 6 of Xie et al. 2021."""


@pytest.mark.parametrize("size", range(6))
def test_the_size_is_known_by_width_and_blocks(size: int) -> None:
    tensors = {"patch_embed1.proj.weight": torch.empty(WIDTHS[size], 3, 7, 7)}
    for level, depth in enumerate(DEPTHS[size], start=1):
        for block in range(depth):
            tensors[f"block{level}.{block}.norm1.weight"] = torch.empty(1)
    assert is_mit(tensors)
    assert _nearest(tensors) == f"mit_b{size}"


def test_other_tensors_are_no_mix_transformer() -> None:
    assert not is_mit({"stem.patch_embed1.weight": torch.empty(1)})
    with pytest.raises(InputError, match=r"^a\.pth does not hold the encoder mit_b\d: tensor .* is missing"):
        mit_encoder({"patch_embed1.proj.bias": torch.empty(1)}, Path("a.pth"))


def _authors_segmentation(tensors: Tensors) -> Tensors:
    named = {f"backbone.{name}": value for name, value in tensors.items()}
    return named | {
        "decode_head.linear_c1.proj.weight": torch.ones(2),
        "decode_head.linear_pred.bias": torch.ones(3),
    }


def _transformers(tensors: Tensors) -> Tensors:
    """Names of transformers 4: keys and values apart, levels counted from 0."""
    renamed = {}
    for own, value in tensors.items():
        name = re.sub(r"^patch_embed(\d)\.norm", r"patch_embed\1.layer_norm", own)
        name = re.sub(r"^patch_embed(\d)", lambda m: f"patch_embeddings.{int(m[1]) - 1}", name)
        name = re.sub(r"^norm(\d)", lambda m: f"layer_norm.{int(m[1]) - 1}", name)
        name = re.sub(r"^block(\d)", lambda m: f"block.{int(m[1]) - 1}", name)
        name = re.sub(r"\.norm(\d)\.", r".layer_norm_\1.", name)
        for old, new in (
            ("attn.q.", "attention.self.query."),
            ("attn.proj.", "attention.output.dense."),
            ("attn.sr.", "attention.self.sr."),
            ("attn.norm.", "attention.self.layer_norm."),
            ("mlp.fc", "mlp.dense"),
        ):
            name = name.replace(old, new)
        if "attn.kv." in name:
            for part, half in zip(("key", "value"), value.chunk(2), strict=True):
                renamed[name.replace("attn.kv.", f"attention.self.{part}.")] = half.clone()
        else:
            renamed[name] = value
    return renamed


def _transformers_classifier(tensors: Tensors) -> Tensors:
    named = {f"segformer.encoder.{name}": value for name, value in _transformers(tensors).items()}
    return named | {"classifier.weight": torch.ones(1000, 256), "classifier.bias": torch.ones(1000)}


def _transformers_encoder(tensors: Tensors) -> Tensors:
    return {f"encoder.{name}": value for name, value in _transformers(tensors).items()}


def _transformers_5(tensors: Tensors) -> Tensors:
    """Names of transformers 5: levels as stages."""
    renamed = {}
    for older, value in _transformers(tensors).items():
        name = re.sub(r"^(patch_embeddings|layer_norm|block)\.(\d)", r"segformer.stages.\2.\1", older)
        for old, new in (
            (".block.", ".blocks."),
            ("layer_norm_1", "layernorm_before"),
            ("layer_norm_2", "layernorm_after"),
            ("attention.self.query", "attention.q_proj"),
            ("attention.self.key", "attention.k_proj"),
            ("attention.self.value", "attention.v_proj"),
            ("attention.output.dense", "attention.o_proj"),
            ("attention.self.sr", "attention.sequence_reduction.sequence_reduction"),
            ("attention.self.layer_norm", "attention.sequence_reduction.layer_norm"),
            ("mlp.dense", "mlp.fc"),
        ):
            name = name.replace(old, new)
        renamed[name] = value
    return renamed | {"decode_head.classifier.weight": torch.ones(150, 256, 1, 1)}


@pytest.mark.parametrize(
    "published", [_authors_segmentation, _transformers_classifier, _transformers_encoder, _transformers_5]
)
def test_an_encoder_under_other_names_gives_the_same_features(
    tmp_path: Path, published: Callable[[Tensors], Tensors]
) -> None:
    torch.manual_seed(0)
    original = get_encoder("mit_b0", weights=None).eval()
    for value in original.parameters():  # norms and biases as after some training
        torch.nn.init.normal_(value, 1.0 if value.ndim == 1 else 0.0, 0.05)
    save_file(published(dict(original.state_dict())), tmp_path / "model.safetensors")
    tensors = read_tensors(tmp_path / "model.safetensors")
    assert is_mit(tensors)
    name, weights = mit_encoder(tensors, tmp_path / "model.safetensors")
    assert name == "mit_b0"
    imported = get_encoder("mit_b0", weights=None).eval()
    torch.nn.Module.load_state_dict(imported, weights)
    images = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        for one, other in zip(imported(images)[2:], original(images)[2:], strict=True):
            torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-6)


def test_keys_without_values_are_named() -> None:
    tensors = _transformers_encoder(dict(get_encoder("mit_b0", weights=None).state_dict()))
    del tensors["encoder.block.1.0.attention.self.value.weight"]
    with pytest.raises(InputError, match=r"tensor block2\.0\.attn\.kv\.weight is missing"):
        mit_encoder(tensors, Path("a.pth"))
