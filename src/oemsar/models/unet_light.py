"""U-Net with a narrow decoder: maps on a processor without a graphics card."""

from functools import partial

from oemsar.legend import NUM_CLASSES
from oemsar.models.encoders import STRIDE, with_encoder
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.models.torchvision_ops import declare

_DECODER = (64, 48, 32, 24, 16)
"""Channels of the decoder from the deepest level up; those of the published baseline are 256 to 16."""


def unet_light(spec: ModelSpec, *, pretrained: bool = False) -> LandCoverNetwork:
    """Build U-Net (Ronneberger et al. 2015) with a narrow decoder without attention.

    Most of the arithmetic of a U-Net with a small encoder is its decoder's.

    Args:
        spec: Description of the network; its encoder is one of segmentation-models-pytorch or timm (`tu-`).
        pretrained: Whether to start the encoder from ImageNet weights, fetched over the network.

    Raises:
        InputError: The encoder is not known.
        Failure: The ImageNet weights cannot be fetched.
    """
    declare()
    import segmentation_models_pytorch as smp

    build = partial(
        smp.Unet,
        spec.encoder,
        decoder_channels=_DECODER,
        in_channels=spec.modalities.channels,
        classes=NUM_CLASSES,
    )
    return LandCoverNetwork(spec, with_encoder(build, spec, pretrained), STRIDE)
