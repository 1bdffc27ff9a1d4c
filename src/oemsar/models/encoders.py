"""Encoders of segmentation-models-pytorch and timm, and their errors as sentences."""

import difflib
import logging
from collections.abc import Callable
from typing import Any

from torch import nn

from oemsar.errors import Failure, InputError
from oemsar.models.spec import ModelSpec
from oemsar.models.torchvision_ops import declare

STRIDE = 32
"""Stride of the deepest level, after five halvings."""


def with_encoder(build: Callable[..., nn.Module], spec: ModelSpec, pretrained: bool) -> nn.Module:
    """Make a network of segmentation-models-pytorch with the encoder of `spec`.

    Args:
        build: Function of `encoder_weights` that makes the network; its attribute `encoder` is the encoder.
        spec: Description of the network.
        pretrained: Whether to start the encoder from ImageNet weights, fetched over the network.

    Raises:
        InputError: The encoder is not known.
        Failure: The ImageNet weights cannot be fetched.
    """
    _require_known(spec.encoder)
    # the hub remarks on every retry; one sentence below stands for all of them
    logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)
    try:
        body = build(encoder_weights=_imagenet(spec.encoder) if pretrained else None)
    except Exception as error:  # hub, network and file errors of three libraries, with no common type
        if not pretrained:
            raise
        raise Failure(
            f"the ImageNet weights of encoder {spec.encoder} could not be loaded "
            f"({type(error).__name__}); connect to the network, or train without them",
            option="pretrained",
        ) from error
    _drop_classifier(body.encoder)
    return body


def _imagenet(encoder: str) -> str | bool:
    """Give the library's name of the ImageNet weights: those of timm encoders go by their encoder's name."""
    return True if encoder.startswith("tu-") else "imagenet"


def _require_known(encoder: str) -> None:
    """Refuse a name the libraries do not ship; a name that makes them fetch code or weights is one such."""
    declare()
    import timm
    from segmentation_models_pytorch.encoders import get_encoder_names

    known = [*get_encoder_names(), *(f"tu-{name}" for name in timm.list_models())]
    if encoder not in known:
        near = difflib.get_close_matches(encoder, known, n=3)
        hint = (
            f"; did you mean {', '.join(near)}?" if near else "; see segmentation-models-pytorch's encoders"
        )
        raise InputError(f"encoder {encoder} is not known{hint}", option="encoder")


def _drop_classifier(encoder: Any) -> None:  # noqa: ANN401 (the library ships no types)
    """Remove the two layers of its classifier that an EfficientNet encoder keeps, which no pixel passes."""
    for name in ("_conv_head", "_bn1"):
        if hasattr(encoder, name):
            delattr(encoder, name)
