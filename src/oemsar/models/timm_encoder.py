"""Hierarchical encoders of timm: feature maps of an image at the strides 4, 8, 16 and 32."""

import logging
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, nn

from oemsar.errors import InputError
from oemsar.inputs import Inputs
from oemsar.models.encoders import fetching, require_known
from oemsar.models.first_convolution import adapted
from oemsar.models.torchvision_ops import declare

log = logging.getLogger(__name__)

STRIDES = (4, 8, 16, 32)
"""Strides of the four levels."""
_SUGGESTED = "convnextv2_tiny, swinv2_tiny_window8_256 or resnet50"
_FAULTS = (RuntimeError, ValueError, AssertionError, IndexError, TypeError)
"""Exceptions of timm's encoders for an image of another size than theirs."""
_UNDECAYED = ("cpb_mlp", "logit_scale", "relative_position_bias_table")
"""Parts of the names of parameters that timm's own Swin Transformers exempt from weight decay."""


class TimmEncoder(nn.Module):
    """An encoder of timm, as a network takes it.

    Transformers of windows take images of any size: their windows keep the size that the name tells, and what
    a window lacks at the edge is filled up with zeros.

    Args:
        name: Name of the encoder in timm; behind a dot it may name published weights.
        in_channels: Channels of the images.

    Attributes:
        features: timm's extractor of feature maps.
        out_channels: Channels of the four levels.

    Raises:
        InputError: The encoder is not known, has no levels at those strides, or does not take images
            of any size.
    """

    def __init__(self, name: str, in_channels: int) -> None:
        super().__init__()
        require_timm_encoder(name)
        self.features = _features(name, in_channels)
        described: Any = self.features.feature_info
        strides = list(described.reduction())
        if not set(STRIDES) <= set(strides):
            raise InputError(
                f"encoder {name} gives features at the strides {', '.join(map(str, strides))}, not at 4, 8, "
                f"16 and 32; choose a hierarchical one such as {_SUGGESTED}",
                option="encoder",
            )
        self._levels = [len(strides) - 1 - strides[::-1].index(stride) for stride in STRIDES]
        channels = described.channels()
        self.out_channels = tuple(int(channels[level]) for level in self._levels)
        self._channels_last = getattr(self.features, "output_fmt", "NCHW") == "NHWC"
        for parameter, value in self.named_parameters():
            if any(part in parameter for part in _UNDECAYED):
                value.no_weight_decay = True  # type: ignore[attr-defined]
        self._require_any_size(name, in_channels)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Compute the feature maps, finest first.

        Args:
            images: Normalised images, shape (batch, channels, height, width), sides multiples of 32.

        Returns:
            Four tensors of shape (batch, channels of the level, height / stride, width / stride).
        """
        features = self.features(images)
        levels = [features[level] for level in self._levels]
        return [level.permute(0, 3, 1, 2) for level in levels] if self._channels_last else levels

    def _require_any_size(self, name: str, in_channels: int) -> None:
        """Try the encoder on an image that is small and not square."""
        training, device = self.training, next(self.parameters()).device
        height, width = 64, 96
        try:
            with torch.no_grad():
                levels = self.eval()(torch.zeros(1, in_channels, height, width, device=device))
        except _FAULTS as error:
            raise InputError(
                f"encoder {name} does not take images of any size ({str(error).splitlines()[0][:100]}); "
                f"choose another such as {_SUGGESTED}",
                option="encoder",
            ) from error
        self.train(training)
        expected = [
            (1, channels, height // stride, width // stride)
            for channels, stride in zip(self.out_channels, STRIDES, strict=True)
        ]
        if [tuple(level.shape) for level in levels] != expected:
            raise InputError(
                f"encoder {name} gives features of other sizes than it says; choose another such as "
                f"{_SUGGESTED}",
                option="encoder",
            )


def pretrained_encoder(name: str, inputs: Inputs) -> TimmEncoder:
    """Make an encoder with its ImageNet weights, fetched over the network.

    Args:
        name: Name of the encoder in timm; behind a dot it may name one of its published weights.
        inputs: Inputs that the encoder sees; the first convolution is adapted to their channels. The licence
            of the weights is logged where timm tells it.

    Raises:
        InputError: The encoder is not known or cannot be used; see `TimmEncoder`.
        Failure: The weights cannot be fetched.
    """
    encoder = TimmEncoder(name, inputs.channels)
    with fetching(name, pretrained=True):
        published = _features(name, 3, pretrained=True).state_dict()
    licence = timm_licence(name)
    if licence is not None:
        log.warning("ImageNet weights of %s: %s", name, terms(licence))
    weights = {f"features.{key}": value for key, value in published.items()}
    encoder.load_state_dict(adapted(weights, encoder.state_dict(), inputs))
    return encoder


def require_timm_encoder(name: str) -> None:
    """Check that timm has an encoder of a name.

    Raises:
        InputError: It has not; near names are given.
    """
    require_known(name, _known(), "timm.list_models() in Python")


def is_timm_encoder(name: str) -> bool:
    """Tell whether timm has a network of a name; behind a dot it may name published weights."""
    return name in _known()


@cache
def _known() -> frozenset[str]:
    """List the names of timm's networks, and those with published weights behind a dot."""
    declare()
    import timm

    return frozenset((*timm.list_models(), *timm.list_pretrained()))


def timm_licence(name: str) -> str | None:
    """Give the licence of published weights that timm tells; None where it tells none.

    Args:
        name: Name of an encoder in timm; without a dot, its weights are those that timm takes by default.
    """
    declare()
    from timm.models import get_pretrained_cfg

    settings = get_pretrained_cfg(name)
    return None if settings is None or not settings.license else str(settings.license)


def terms(licence: str) -> str:
    """Say what a licence of weights means for a network that starts from them."""
    return f"the terms of these weights are: {licence}; they hold for a network that starts from them, too"


def architecture_of(name: str) -> str:
    """Leave the name of published weights, behind the dot, out of a name of timm."""
    return name.partition(".")[0]


def _features(name: str, in_channels: int, *, pretrained: bool = False) -> nn.Module:
    """Make timm's extractor of feature maps, for images of any size where the model has a word for that."""
    import timm

    create = partial(timm.create_model, name, pretrained, features_only=True, in_chans=in_channels)
    try:
        return create(strict_img_size=False)
    except TypeError as error:
        if "strict_img_size" not in str(error):
            raise
        return create()
