"""SegFormer: hierarchical transformer encoder, all-MLP decoder, of segmentation-models-pytorch."""

from functools import partial

from oemsar.legend import NUM_CLASSES
from oemsar.models.encoders import STRIDE, with_encoder
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.models.torchvision_ops import declare
from oemsar.models.variants import require_variant

_NARROW, _WIDE = 256, 768
"""Channels of the decoder in B0 and B1, and in the others (Xie et al. 2021, appendix A)."""


def segformer(spec: ModelSpec, *, pretrained: bool = False) -> LandCoverNetwork:
    """Build SegFormer (Xie et al. 2021, arXiv 2105.15203) with a Mix Transformer encoder.

    Args:
        spec: Description of the network; its encoder is one of `mit_b0` to `mit_b5`.
        pretrained: Whether to start the encoder from ImageNet weights, fetched over the network.

    Raises:
        InputError: The encoder is another one.
        Failure: The ImageNet weights cannot be fetched.
    """
    require_variant("segformer", spec.encoder)
    declare()
    import segmentation_models_pytorch as smp

    build = partial(
        smp.Segformer,
        spec.encoder,
        decoder_segmentation_channels=_NARROW if spec.encoder in ("mit_b0", "mit_b1") else _WIDE,
        in_channels=spec.modalities.channels,
        classes=NUM_CLASSES,
    )
    return LandCoverNetwork(spec, with_encoder(build, spec, pretrained), STRIDE)
