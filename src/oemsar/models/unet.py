"""U-Net, as the published baseline: segmentation-models-pytorch with scSE attention in the decoder."""

import difflib
import logging
from typing import Any

from torch import nn

from oemsar.errors import Failure, InputError
from oemsar.legend import NUM_CLASSES
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.models.torchvision_ops import declare

STRIDE = 32
"""Five halvings of the encoder."""


def unet(spec: ModelSpec, *, pretrained: bool = False) -> LandCoverNetwork:
    """U-Net (Ronneberger et al. 2015) with an encoder of segmentation-models-pytorch or timm (`tu-` names).

    Args:
        spec: `encoder` is the published baseline's `efficientnet-b4` or any other name of the library.
        pretrained: start the encoder from ImageNet weights, fetched over the network.

    Raises:
        InputError: the encoder is not known.
        Failure: the ImageNet weights cannot be fetched.
    """
    declare()
    import segmentation_models_pytorch as smp

    _require_known(spec.encoder)
    # the hub's remarks on every retry; what they come to is told in one sentence below
    logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)
    try:
        body: nn.Module = smp.Unet(
            spec.encoder,
            encoder_weights=_imagenet(spec.encoder) if pretrained else None,
            in_channels=spec.modalities.channels,
            classes=NUM_CLASSES,
            decoder_attention_type="scse",
        )
    except Exception as error:
        if not pretrained:
            raise
        raise Failure(
            f"the ImageNet weights of encoder {spec.encoder} could not be loaded "
            f"({type(error).__name__}); connect to the network, or train without --pretrained"
        ) from error
    _drop_unused(body)
    return LandCoverNetwork(spec, body, STRIDE)


def _imagenet(encoder: str) -> str | bool:
    """How the library wants ImageNet weights asked for: timm encoders have theirs in their name."""
    return True if encoder.startswith("tu-") else "imagenet"


def _require_known(encoder: str) -> None:
    """Refuse a name the libraries do not ship; a name that makes them fetch code or weights is one such."""
    import timm
    from segmentation_models_pytorch.encoders import get_encoder_names

    known = [*get_encoder_names(), *(f"tu-{name}" for name in timm.list_models())]
    if encoder not in known:
        near = difflib.get_close_matches(encoder, known, n=3)
        hint = (
            f"; did you mean {', '.join(near)}?" if near else "; see segmentation-models-pytorch's encoders"
        )
        raise InputError(f"encoder {encoder} is not known{hint}")


def _drop_unused(body: Any) -> None:  # noqa: ANN401 (the library ships no types)
    """Remove the layers that no pixel passes through, so that every parameter is trained.

    EfficientNet encoders keep two layers of their classifier; the last decoder block, which has no skip
    connection, carries the attention over one.
    """
    for name in ("_conv_head", "_bn1"):
        if hasattr(body.encoder, name):
            delattr(body.encoder, name)
    body.decoder.blocks[-1].attention1 = nn.Identity()
