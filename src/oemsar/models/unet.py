"""U-Net, as the published baseline: segmentation-models-pytorch with scSE attention in the decoder."""

from functools import partial
from typing import Any

from torch import nn

from oemsar.legend import NUM_CLASSES
from oemsar.models.encoders import STRIDE, with_encoder
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.models.torchvision_ops import declare


def unet(spec: ModelSpec, *, pretrained: bool = False) -> LandCoverNetwork:
    """Build U-Net (Ronneberger et al. 2015) with an encoder of segmentation-models-pytorch or timm (`tu-`).

    Args:
        spec: Description of the network; its encoder is the published baseline's `efficientnet-b4` or any
            other of the library.
        pretrained: Whether to start the encoder from ImageNet weights, fetched over the network.

    Raises:
        InputError: The encoder is not known.
        Failure: The ImageNet weights cannot be fetched.
    """
    build = partial(whole_unet, spec.encoder, spec.modalities.channels, NUM_CLASSES)
    body = with_encoder(build, spec, pretrained)
    _drop_unused_attention(body)
    return LandCoverNetwork(spec, body, STRIDE)


def whole_unet(
    encoder: str, channels: int, classes: int, encoder_weights: str | bool | None = None
) -> nn.Module:
    """Build the library's U-Net with every layer that the published baseline's checkpoints hold."""
    declare()
    import segmentation_models_pytorch as smp

    body: nn.Module = smp.Unet(
        encoder,
        encoder_weights=encoder_weights,
        in_channels=channels,
        classes=classes,
        decoder_attention_type="scse",
    )
    return body


def _drop_unused_attention(body: Any) -> None:  # noqa: ANN401 (the library ships no types)
    """Remove the last decoder block's attention over a skip connection it does not have.

    No pixel passes through it; without it every parameter is trained.
    """
    body.decoder.blocks[-1].attention1 = nn.Identity()
