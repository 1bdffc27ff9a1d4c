"""The VMamba encoder: four levels of VSS blocks, each at half the resolution of the one before."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from oemsar.errors import InputError
from oemsar.models.vmamba.block import VssBlock

STRIDE = 32
"""Stride of the deepest level."""


@dataclass(frozen=True)
class Variant:
    """Settings of a published encoder.

    Attributes:
        channels: Channels of the first level; each further level has twice those of the one before.
        depths: Number of blocks of the four levels.
        ratio: Channels of the scans over those of their level.
        drop_path: Share of the samples that skip the last block; it rises from 0 at the first.
    """

    channels: int
    depths: tuple[int, int, int, int]
    ratio: int
    drop_path: float

    @property
    def out_channels(self) -> tuple[int, ...]:
        """Channels of the four levels."""
        return tuple(self.channels << level for level in range(len(self.depths)))


VARIANTS = {
    "vmamba_t": Variant(96, (2, 2, 8, 2), 1, 0.2),
    "vmamba_s": Variant(96, (2, 2, 15, 2), 2, 0.3),
    "vmamba_b": Variant(128, (2, 2, 15, 2), 2, 0.6),
    "vmamba_s_s1l20": Variant(96, (2, 2, 20, 2), 1, 0.3),
    "vmamba_b_s1l20": Variant(128, (2, 2, 20, 2), 1, 0.6),
}
"""The published classifiers `vssm1_tiny_0230s`, `vssm_small_0229`, `vssm_base_0229`, and the later
`vssm1_small_0229s` and `vssm1_base_0229s`, listed as `s1l20`: ratio 1, 20 blocks in the third level."""


def variant_of(encoder: str) -> Variant:
    """Find the settings of an encoder by its name.

    Raises:
        InputError: There is no encoder of that name.
    """
    if encoder not in VARIANTS:
        raise InputError(
            f"encoder {encoder} is not known; vmamba has {', '.join(VARIANTS)}", option="encoder"
        )
    return VARIANTS[encoder]


class Backbone(nn.Module):
    """Patch embedding and the four levels, the part that classifier and encoder share.

    Its parameters have the names of the published classifiers. The numbers in `patch_embed` and
    `downsample` count layers without parameters, too.

    Args:
        in_channels: Channels of the images.
        variant: Settings of the encoder.
    """

    def __init__(self, in_channels: int, variant: Variant) -> None:
        super().__init__()
        self.patch_embed = _patch_embedding(in_channels, variant.channels)
        rates = torch.linspace(0, variant.drop_path, sum(variant.depths), device="cpu").tolist()
        self.layers = nn.ModuleList()
        for level, (channels, depth) in enumerate(zip(variant.out_channels, variant.depths, strict=True)):
            last = level == len(variant.depths) - 1
            blocks = [VssBlock(channels, variant.ratio, rates.pop(0)) for _ in range(depth)]
            layer = _Level(blocks, nn.Identity() if last else _downsampling(channels))
            self.layers.append(layer)

    def levels(self, images: Tensor) -> list[Tensor]:
        """Compute the output of the blocks of each level, channels-last.

        Args:
            images: Normalised images, shape (batch, channels, height, width).

        Returns:
            Four tensors, shape (batch, height / stride, width / stride, channels) for the strides 4 to 32.
        """
        features = self.patch_embed(images)
        outputs = []
        for layer in self.layers:
            level, features = layer(features)
            outputs.append(level)
        return outputs


class VMambaEncoder(Backbone):
    """Features of an image at the strides 4, 8, 16 and 32, each behind a layer norm of its own.

    Args:
        in_channels: Channels of the images.
        variant: Name of the encoder in `VARIANTS`, such as `vmamba_t`.

    Attributes:
        out_channels: Channels of the four levels.
        outnorms: Norm behind each level.

    Raises:
        InputError: The variant is not known.
    """

    def __init__(self, in_channels: int, variant: str) -> None:
        settings = variant_of(variant)
        super().__init__(in_channels, settings)
        self.out_channels = settings.out_channels
        self.outnorms = nn.ModuleList(nn.LayerNorm(channels) for channels in self.out_channels)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Compute the feature maps, finest first.

        Args:
            images: Normalised images, shape (batch, channels, height, width), sides multiples of 32.

        Returns:
            Four tensors of shape (batch, channels of the level, height / stride, width / stride).
        """
        levels = zip(self.outnorms, self.levels(images), strict=True)
        return [norm(level).permute(0, 3, 1, 2) for norm, level in levels]


class _Level(nn.Module):
    """Blocks, and the step to the next level."""

    def __init__(self, blocks: list[VssBlock], downsample: nn.Module) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*blocks)
        self.downsample = downsample

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        output = self.blocks(features)
        return output, self.downsample(output)


class _ChannelsLast(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images.permute(0, 2, 3, 1)


class _ChannelsFirst(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images.permute(0, 3, 1, 2)


def _halving(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)


def _patch_embedding(in_channels: int, channels: int) -> nn.Sequential:
    """Make two convolutions of stride 2; images in, channels-last features out."""
    half = channels // 2
    return nn.Sequential(
        _halving(in_channels, half),
        _ChannelsLast(),
        nn.LayerNorm(half),
        _ChannelsFirst(),
        nn.GELU(),
        _halving(half, channels),
        _ChannelsLast(),
        nn.LayerNorm(channels),
    )


def _downsampling(channels: int) -> nn.Sequential:
    """Make the step from channels-last features to twice the channels at half the resolution."""
    return nn.Sequential(
        _ChannelsFirst(), _halving(channels, 2 * channels), _ChannelsLast(), nn.LayerNorm(2 * channels)
    )
