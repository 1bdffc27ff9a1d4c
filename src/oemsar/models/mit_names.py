"""Names under which Mix Transformers are published, and the authors' own in their place."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

_NETWORKS = ("segformer.", "backbone.")
"""Prefixes of the encoder in a whole network: as transformers saves it, and the authors."""
_OTHER_PARTS = ("head.", "classifier.", "decode_head.")
"""Prefixes of what is no part of the encoder."""
_STAGES = re.compile(r"^stages\.(\d+)\.(patch_embeddings|layer_norm|block)s?\.")
_PARTS = {
    "patch_embeddings": re.compile(r"^encoder\.patch_embeddings\.(\d+)\.(\w+)\.(.+)$"),
    "layer_norm": re.compile(r"^encoder\.layer_norm\.(\d+)\.(.+)$"),
    "block": re.compile(r"^encoder\.block\.(\d+)\.(\d+)\.(.+)$"),
}
_LAYERS = {
    "layer_norm_1": "norm1",
    "layernorm_before": "norm1",
    "layer_norm_2": "norm2",
    "layernorm_after": "norm2",
    "attention.self.query": "attn.q",
    "attention.q_proj": "attn.q",
    "attention.self.key": "attn.k",
    "attention.k_proj": "attn.k",
    "attention.self.value": "attn.v",
    "attention.v_proj": "attn.v",
    "attention.self.sr": "attn.sr",
    "attention.sequence_reduction.sequence_reduction": "attn.sr",
    "attention.self.layer_norm": "attn.norm",
    "attention.sequence_reduction.layer_norm": "attn.norm",
    "attention.output.dense": "attn.proj",
    "attention.o_proj": "attn.proj",
    "mlp.dense1": "mlp.fc1",
    "mlp.dense2": "mlp.fc2",
}
"""Layers of a block: names of transformers up to version 4 and from version 5, and those of the authors."""


def authors_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of a Mix Transformer to the names of the authors' classifiers.

    Taken are the authors' classifiers, the `backbone.*` of their segmentation networks, and both as
    transformers saves them: `segformer.encoder.*` or `encoder.*` up to version 4, `segformer.stages.*` or
    `stages.*` from version 5. There keys and values lie apart; they are joined. Heads are left out.

    Args:
        tensors: Weights of any network; names that are none of these stay as they are.

    Returns:
        Weights of the encoder alone.
    """
    renamed = {_authors_name(name): value for name, value in _encoder_alone(tensors).items()}
    for name in [name for name in renamed if ".attn.k." in name]:
        key, value = renamed[name], renamed.get(name.replace(".attn.k.", ".attn.v."))
        if value is not None and key.ndim and key.shape == value.shape:
            del renamed[name], renamed[name.replace(".attn.k.", ".attn.v.")]
            renamed[name.replace(".attn.k.", ".attn.kv.")] = torch.cat([key, value])
    return renamed


def _encoder_alone(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Leave out what is no part of the encoder, and the prefix of what is."""
    for prefix in _NETWORKS:
        if any(name.startswith(prefix) for name in tensors):
            inner = {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
            break
    else:
        inner = dict(tensors)
    return {name: value for name, value in inner.items() if not name.startswith(_OTHER_PARTS)}


def _authors_name(name: str) -> str:
    name = _STAGES.sub(r"encoder.\2.\1.", name)
    if found := _PARTS["patch_embeddings"].match(name):
        level, layer, rest = found.groups()
        return f"patch_embed{int(level) + 1}.{layer.replace('layer_norm', 'norm')}.{rest}"
    if found := _PARTS["layer_norm"].match(name):
        return f"norm{int(found[1]) + 1}.{found[2]}"
    if found := _PARTS["block"].match(name):
        level, block, rest = found.groups()
        layer, _, parameter = rest.rpartition(".")
        return f"block{int(level) + 1}.{block}.{_LAYERS.get(layer, layer)}.{parameter}"
    return name
