"""Published weights of timm's encoders, under the names of timm, of its extractors or of the authors."""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from oemsar.errors import InputError
from oemsar.models.checkpoint import first_difference
from oemsar.models.timm_encoder import TimmEncoder, architecture_of, is_timm_encoder, timm_licence

MARS = "swinv2_base_window8_256"
"""Encoder of the base size of MaRS."""
MARS_LICENCE = "academic research only (MaRS, RSIDEA group, Wuhan University)"
"""Terms of MaRS' weights, as https://github.com/WanderRainy/MaRS states them."""

_MARS_PATCHES = "patch_embed.proj.weight"
_MARS_LAST = "layers_2.blocks.17.attn.logit_scale"
_MARS_WIDTH = 128
"""Channels of the first level of the base size."""
_MADE_AGAIN = re.compile(
    r"relative_position_index|relative_coords_table|attn_mask|num_batches_tracked|k_bias"
)
"""Names of what a network makes by itself, or of a size that its windows or images decide."""
_OTHER_PARTS = ("head", "fc.", "classifier", "norm.", "mask_token")
"""Prefixes of what is no part of an encoder."""


def is_mars(tensors: Mapping[str, Tensor]) -> bool:
    """Tell whether tensors have the names and sizes of the base encoders that MaRS publishes.

    They are those of timm's extractor of `swinv2_base_window8_256`, for radar (one channel) or red, green and
    blue (Yang et al. 2026, https://zenodo.org/records/17800805).
    """
    patches = tensors.get(_MARS_PATCHES)
    return (
        patches is not None
        and patches.shape[:1] == (_MARS_WIDTH,)
        and _MARS_LAST in tensors
        and "norm.weight" not in tensors
    )


def timm_name_of(tensors: Mapping[str, Tensor], path: Path) -> str | None:
    """Tell which encoder of timm a file holds, by its tensors or its own name; None where nothing tells."""
    if is_mars(tensors):
        return MARS
    name = path.name.removesuffix(path.suffix)
    return architecture_of(name) if is_timm_encoder(architecture_of(name)) else None


def licence_of(name: str, tensors: Mapping[str, Tensor], path: Path) -> str | None:
    """Find the licence of published weights: that of MaRS, or what timm tells of weights named behind a dot.

    Args:
        name: Name of the encoder.
        tensors: Weights in the file.
        path: File of the weights, which may have the name that timm gives them.
    """
    if is_mars(tensors):
        return MARS_LICENCE
    candidates = (name, path.name.removesuffix(path.suffix))
    return next((timm_licence(each) for each in candidates if "." in each and is_timm_encoder(each)), None)


def timm_encoder(tensors: Mapping[str, Tensor], path: Path, name: str) -> dict[str, Tensor]:
    """Take an encoder of timm out of published weights.

    Names are those of the network, of its extractor of features (`layers_0.*`), or of the authors where
    timm's own filter translates them; the filter also resizes tables of relative positions of another window.
    Heads and what a network makes by itself are left out.

    Args:
        tensors: Weights of a classifier or an encoder for one channel or for three.
        path: File of the tensors, for sentences.
        name: Name of the encoder in timm.

    Returns:
        Weights under the names of `TimmEncoder`.

    Raises:
        InputError: The encoder is not known, or the weights are not its own; the first that differs is named.
    """
    architecture = architecture_of(name)
    with torch.random.fork_rng(devices=[]):
        encoder = TimmEncoder(architecture, 3)
        whole = _whole_network(architecture)
    own = encoder.state_dict()
    nearest, sentence = -1, ""
    for form in _forms(tensors, whole):
        found = _picked(own, form)
        channels = next((value.shape[1] for value in found.values() if value.ndim == 4), 3)
        expected = _of_one_channel(own, found) if channels == 1 else own
        difference = first_difference(expected, found) or _first_stranger(form, own, whole)
        if difference is None:
            return found
        if len(found) > nearest:
            nearest, sentence = len(found), difference
    raise InputError(f"{path} does not hold the encoder {architecture}: {sentence}")


def _whole_network(architecture: str) -> nn.Module:
    import timm

    network: nn.Module = timm.create_model(architecture)
    return network


def _forms(tensors: Mapping[str, Tensor], whole: nn.Module) -> Iterator[Mapping[str, Tensor]]:
    """Give the weights as they are, then as timm's filter for this network makes them, where it has one."""
    yield tensors
    translate: Any = getattr(sys.modules[type(whole).__module__], "checkpoint_filter_fn", None)
    if translate is not None:
        with suppress(RuntimeError, KeyError, ValueError, IndexError, AttributeError, AssertionError):
            translated = translate(dict(tensors), whole)
            if isinstance(translated, Mapping):
                yield translated


def _picked(own: Mapping[str, Tensor], form: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Find the weights of an encoder by the names that they are published under."""
    found = {}
    for key in own:
        published = next((name for name in _published_names(key) if name in form), None)
        if published is not None:
            found[key] = form[published]
        elif _MADE_AGAIN.search(key):
            found[key] = own[key]
    return found


def _published_names(key: str) -> tuple[str, ...]:
    """List the names that a tensor of `TimmEncoder` may have in a file.

    timm's extractors join the names of a list and of its member: `layers_0` for `layers.0`.
    """
    inner = key.removeprefix("features.")
    first, _, rest = inner.partition(".")
    parts = (".".join(first.rsplit("_", 1)), rest)
    return inner, ".".join(part for part in parts if part), inner.removeprefix("model.")


def _of_one_channel(own: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give the weights that an encoder for one channel has, from those for three."""
    first = next(name for name, value in found.items() if value.ndim == 4)
    return {**own, first: own[first][:, :1]}


def _first_stranger(form: Mapping[str, Tensor], own: Mapping[str, Tensor], whole: nn.Module) -> str | None:
    """Describe the first tensor that belongs to no layer of the network; None where there is none."""
    known = {name for key in own for name in _published_names(key)} | set(whole.state_dict())
    for name in form:
        if name not in known and not name.startswith(_OTHER_PARTS) and not _MADE_AGAIN.search(name):
            return f"tensor {name} belongs to no layer of it"
    return None
