"""UPerNet (Xiao et al. 2018) as VMamba and Swin are published with, and the auxiliary head of its training.

The decode head pools the deepest level at four scales, adds the levels up from coarse to fine, and joins
them at the finest. With 512 channels it and the auxiliary head have 32 to 36 million parameters.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from oemsar.errors import InputError
from oemsar.legend import NUM_CLASSES
from oemsar.models.encoders import STRIDE
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec
from oemsar.models.timm_encoder import TimmEncoder, pretrained_encoder

CHANNELS = 512
POOL_SCALES = (1, 2, 3, 6)
AUXILIARY_CHANNELS = 256
AUXILIARY_LEVEL = 2
"""The third level, at a stride of 16."""
AUXILIARY_WEIGHT = 0.4
"""Weight of the auxiliary loss beside that of the decode head."""
_DROPOUT = 0.1


def upernet(spec: ModelSpec, *, pretrained: bool = False) -> LandCoverNetwork:
    """Build UPerNet with a hierarchical encoder of timm.

    Args:
        spec: Description of the network; its encoder is one of timm with levels at the strides 4, 8, 16 and
            32, such as `convnextv2_tiny`.
        pretrained: Whether to start the encoder from ImageNet weights, fetched over the network.

    Raises:
        InputError: The encoder is not known or cannot be used.
        Failure: The ImageNet weights cannot be fetched.
    """
    inputs = spec.modalities
    encoder = (
        pretrained_encoder(spec.encoder, inputs) if pretrained else TimmEncoder(spec.encoder, inputs.channels)
    )
    return LandCoverNetwork(spec, UPerNet(encoder), STRIDE)


class UPerNet(nn.Module):
    """An encoder of four levels, the UPerNet head, and the auxiliary head, which only training uses.

    Args:
        encoder: Module that maps images to four feature maps at the strides 4 to 32, with their channels as
            `out_channels`.

    Attributes:
        encoder: Encoder; may be replaced by another of the same levels.
        decode_head: Head whose logits are the answer.
        auxiliary_head: Head whose logits only training uses.
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        channels: Sequence[int] = encoder.out_channels  # type: ignore[assignment]
        self.encoder = encoder
        self.decode_head = UPerHead(channels)
        self.auxiliary_head = FcnHead(channels[AUXILIARY_LEVEL])

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits (batch, 8, height, width) of normalised images (batch, channels, height, width)."""
        return _resized(self.decode_head(self.encoder(images)), images)

    def training_outputs(self, images: Tensor) -> tuple[tuple[float, Tensor], ...]:
        """Compute the logits of both heads, shape (batch, 8, height, width), behind their loss's weight."""
        features = self.encoder(images)
        return (
            (1.0, _resized(self.decode_head(features), images)),
            (AUXILIARY_WEIGHT, _resized(self.auxiliary_head(features[AUXILIARY_LEVEL]), images)),
        )


class UPerHead(nn.Module):
    """The decode head.

    Args:
        in_channels: Channels of the levels, finest first.
    """

    def __init__(self, in_channels: Sequence[int]) -> None:
        super().__init__()
        self.lateral_convs = nn.ModuleList(
            _convolution(channels, CHANNELS, 1) for channels in in_channels[:-1]
        )
        self.pyramid = PyramidPooling(in_channels[-1])
        self.fpn_convs = nn.ModuleList(_convolution(CHANNELS, CHANNELS, 3) for _ in in_channels[:-1])
        self.fpn_bottleneck = _convolution(len(in_channels) * CHANNELS, CHANNELS, 3)
        self.classify = _classification(CHANNELS)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Compute logits at the size of the finest level, shape (batch, 8, height, width)."""
        levels = [lateral(level) for lateral, level in zip(self.lateral_convs, features[:-1], strict=True)]
        levels.append(self.pyramid(features[-1]))
        for finer in reversed(range(len(levels) - 1)):
            levels[finer] = levels[finer] + _resized(levels[finer + 1], levels[finer])
        smoothed = [smooth(level) for smooth, level in zip(self.fpn_convs, levels[:-1], strict=True)]
        smoothed.append(levels[-1])
        joined = torch.cat([_resized(level, smoothed[0]) for level in smoothed], dim=1)
        logits: Tensor = self.classify(self.fpn_bottleneck(joined))
        return logits


class FcnHead(nn.Module):
    """The auxiliary head: one convolution and the classification.

    Args:
        in_channels: Channels of its level.
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.convolution = _convolution(in_channels, AUXILIARY_CHANNELS, 3)
        self.classify = _classification(AUXILIARY_CHANNELS)

    def forward(self, features: Tensor) -> Tensor:
        """Compute logits at the size of the level, shape (batch, 8, height, width)."""
        logits: Tensor = self.classify(self.convolution(features))
        return logits


class PyramidPooling(nn.Module):
    """A level beside its own means over grids of 1, 2, 3 and 6 cells a side (Zhao et al. 2017).

    Args:
        in_channels: Channels of the level.
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList(_convolution(in_channels, CHANNELS, 1) for _ in POOL_SCALES)
        self.bottleneck = _convolution(in_channels + len(POOL_SCALES) * CHANNELS, CHANNELS, 3)

    def forward(self, features: Tensor) -> Tensor:
        """Pool a level at four scales and join the means with it, shape (batch, 512, height, width).

        Raises:
            InputError: The batch has one image in training: of a single mean no variance can be taken.
        """
        if self.training and features.shape[0] < 2:
            raise InputError(
                "UPerNet cannot train on one crop at a time; choose two or more a device", option="batch"
            )
        joined = [features]
        for cells, stage in zip(POOL_SCALES, self.stages, strict=True):
            joined.append(_resized(stage(grid_means(features, cells)), features))
        pooled: Tensor = self.bottleneck(torch.cat(joined, dim=1))
        return pooled


def grid_means(features: Tensor, cells: int) -> Tensor:
    """Average over a grid of `cells` x `cells`, cell i from floor(i n / cells) to ceil((i + 1) n / cells).

    The values are those of `torch.nn.functional.adaptive_avg_pool2d`, which cannot be exported for images
    of any size; as two products of matrices it can.

    Args:
        features: Feature maps, shape (batch, channels, height, width).
        cells: Number of cells on each side.

    Returns:
        Means, shape (batch, channels, cells, cells).
    """
    rows, columns = (_cell_weights(features, axis, cells) for axis in (-2, -1))
    return rows @ features @ columns.transpose(0, 1)


def _cell_weights(features: Tensor, axis: int, cells: int) -> Tensor:
    """Compute the weight of each position of an axis in the mean of each cell, shape (cells, length)."""
    length = features.shape[axis]
    position = torch.arange(length, device=features.device)
    cell = torch.arange(cells, device=features.device)[:, None]
    inside = (position >= cell * length // cells) & (position * cells < (cell + 1) * length)
    weights = inside.to(features.dtype)
    return weights / weights.sum(1, keepdim=True)


def _resized(maps: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(maps, size=like.shape[-2:], mode="bilinear", align_corners=False)


def _convolution(inputs: int, outputs: int, size: int) -> nn.Sequential:
    """Chain a convolution, batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _classification(inputs: int) -> nn.Sequential:
    """Chain a dropout of whole channels and a layer of one logit for each class."""
    return nn.Sequential(nn.Dropout2d(_DROPOUT), nn.Conv2d(inputs, NUM_CLASSES, 1))
