"""Encoders of segmentation-models-pytorch and timm, and their errors as sentences."""

import difflib
import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
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
    declare()
    import timm
    from segmentation_models_pytorch.encoders import get_encoder_names

    known = [*get_encoder_names(), *(f"tu-{name}" for name in timm.list_models())]
    require_known(spec.encoder, known, "segmentation-models-pytorch's encoders")
    with fetching(spec.encoder, pretrained):
        body = build(encoder_weights=_imagenet(spec.encoder) if pretrained else None)
    _drop_classifier(body.encoder)
    return body


@contextmanager
def fetching(encoder: str, pretrained: bool) -> Iterator[None]:
    """Make a sentence of whatever goes wrong while the ImageNet weights of an encoder are fetched.

    Args:
        encoder: Name of the encoder.
        pretrained: Whether they are fetched at all; otherwise errors pass.

    Raises:
        Failure: They cannot be fetched.
    """
    # the hub remarks on every retry; one sentence below stands for all of them
    logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)
    try:
        yield
    except Exception as error:  # hub, network and file errors of three libraries, with no common type
        if not pretrained:
            raise
        raise Failure(
            f"the ImageNet weights of encoder {encoder} could not be loaded "
            f"({type(error).__name__}); connect to the network, or train without them",
            option="pretrained",
        ) from error


def require_known(encoder: str, known: Collection[str], source: str) -> None:
    """Refuse a name the libraries do not ship; a name that makes them fetch code or weights is one such.

    Args:
        encoder: Name of the encoder.
        known: Names of all encoders.
        source: Where the names stand, for the sentence.

    Raises:
        InputError: The name is not known; near ones are given.
    """
    if encoder not in known:
        near = difflib.get_close_matches(encoder, known, n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else f"; see {source}"
        raise InputError(f"encoder {encoder} is not known{hint}", option="encoder")


def _imagenet(encoder: str) -> str | bool:
    """Give the library's name of the ImageNet weights: those of timm encoders go by their encoder's name."""
    return True if encoder.startswith("tu-") else "imagenet"


def _drop_classifier(encoder: Any) -> None:  # noqa: ANN401 (the library ships no types)
    """Remove the two layers of its classifier that an EfficientNet encoder keeps, which no pixel passes."""
    for name in ("_conv_head", "_bn1"):
        if hasattr(encoder, name):
            delattr(encoder, name)
