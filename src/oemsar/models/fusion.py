"""Dual fusion: one encoder per modality, their features gated and merged level by level."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from oemsar.inputs import OPTICAL, SAR
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec


def dual(
    architecture: Callable[..., LandCoverNetwork], spec: ModelSpec, *, pretrained: bool = False
) -> LandCoverNetwork:
    """Build the network of an architecture with one encoder for radar and one for optical.

    The decoder is that of the stacked network: the merged features have the channels of its encoder's.

    Args:
        architecture: Function that builds a network over stacked channels; see `oemsar.models.registry`.
        spec: Description of the network, with both modalities.
        pretrained: Whether to start both encoders from ImageNet weights.
    """
    network = architecture(spec, pretrained=False)
    bodies: list[Any] = [
        architecture(spec.restricted_to(modalities), pretrained=pretrained).body
        for modalities in (SAR, OPTICAL)
    ]
    body: Any = network.body
    expected = tuple(body.encoder.out_channels)
    body.encoder = DualEncoder(*(single.encoder for single in bodies))
    if body.encoder.out_channels != expected:
        raise ValueError(f"fused channels {body.encoder.out_channels} are not the decoder's {expected}")
    return network


class DualEncoder(nn.Module):
    """Two encoders beside each other, and a merge at every level.

    A level with no channels, or with those of the input itself (the first of segmentation-models-pytorch),
    differs between modalities or holds nothing to weigh; it is stacked, as one encoder would have it.

    Attributes:
        sar: Encoder of the radar image.
        optical: Encoder of the optical image.
        out_channels: Channels of each level, as those of one encoder over the stacked channels.
        output_stride: Stride of the deepest level, which segmentation-models-pytorch reads.
        merges: Merge of each level.
    """

    def __init__(self, sar: nn.Module, optical: nn.Module) -> None:
        super().__init__()
        self.sar = sar
        self.optical = optical
        pairs = list(zip(_channels(sar), _channels(optical), strict=True))
        self.out_channels = tuple(a if _is_feature(a, b) else a + b for a, b in pairs)
        self.output_stride: int = getattr(sar, "output_stride", 32)
        self.merges = nn.ModuleList(GatedMerge(a) if _is_feature(a, b) else _Stack() for a, b in pairs)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Merge the features of both encoders.

        Args:
            images: Normalised images, shape (batch, 4, height, width), radar first.

        Returns:
            A feature map for each level, shape (batch, out_channels[level], height', width').
        """
        split = SAR.channels
        levels = zip(self.merges, self.sar(images[:, :split]), self.optical(images[:, split:]), strict=True)
        return [merge(sar, optical) for merge, sar, optical in levels]


class GatedMerge(nn.Module):
    """Two feature maps of equal channels become one: each is weighed by a gate, then both are mixed.

    gate = sigmoid(W_g [radar, optical]), merged = W_m [gate_radar * radar, gate_optical * optical]

    with 1 x 1 convolutions W: for every pixel and channel the gates tell from both modalities how far to
    trust each. Gates over both inputs are those of the gated multimodal unit (Arevalo et al. 2017,
    arXiv 1702.01992); gating the maps of two encoders at each level follows the separation-and-aggregation
    gate (Chen et al. 2020, arXiv 2007.09183), here without the way back into the encoders. It starts as
    the mean of the two maps, so that pretrained encoders begin with features of the size they know.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = nn.Conv2d(2 * channels, 2 * channels, 1)
        self.mix = nn.Conv2d(2 * channels, channels, 1)
        with torch.no_grad():
            for parameter in (self.gate.weight, self.gate.bias, self.mix.bias):
                if parameter is not None:
                    parameter.zero_()
            # gates are 1/2 at first, so that a sum of the gated maps is their mean
            self.mix.weight.copy_(torch.eye(channels).repeat(1, 2)[..., None, None])

    def forward(self, sar: Tensor, optical: Tensor) -> Tensor:
        """Merge two feature maps into one; all three have the shape (batch, channels, height, width)."""
        both = torch.cat([sar, optical], 1)
        merged: Tensor = self.mix(self.gate(both).sigmoid() * both)
        return merged


class _Stack(nn.Module):
    def forward(self, sar: Tensor, optical: Tensor) -> Tensor:
        return torch.cat([sar, optical], 1)


def _channels(encoder: Any) -> tuple[int, ...]:  # noqa: ANN401 (encoders of libraries without types)
    return tuple(encoder.out_channels)


def _is_feature(sar: int, optical: int) -> bool:
    return sar == optical != 0
