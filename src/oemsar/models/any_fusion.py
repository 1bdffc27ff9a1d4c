"""Fusion of any subset: one encoder per input, and gates that know where each input carries data."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from oemsar.models.fusion import ParallelEncoders, with_encoders
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec

_NEVER = -1e4
"""Logit of an input that carries nothing: its weight beside one that does is 0, also in half precision."""
_LEAST = 1e-6
"""Share of data of which a logarithm is taken where there is none."""
_LEAST_SAMPLES = 2
"""Samples that batch norms need in training."""


def any_subset(
    architecture: Callable[..., LandCoverNetwork], spec: ModelSpec, *, pretrained: bool = False
) -> LandCoverNetwork:
    """Build the network of an architecture that takes any subset of its inputs, pixel by pixel.

    The decoder is that of the stacked network.

    Args:
        architecture: Function that builds a network over stacked channels; see `oemsar.models.registry`.
        spec: Description of the network, with two inputs or more.
        pretrained: Whether to start all encoders from ImageNet weights.
    """
    return with_encoders(AnyEncoder, architecture, spec, pretrained=pretrained)


class AnyEncoder(ParallelEncoders):
    """Encoders of inputs that may lack data, merged by gates that know where; see `MaskedMerge`.

    In training an encoder sees only the samples in which its input carries data: blank images would enter
    the statistics of its batch norms.
    """

    def forward(self, images: Tensor) -> list[Tensor]:
        """Merge the features of all encoders where their inputs carry data.

        Args:
            images: Normalised images, 0 without data, and behind them a channel for each input, 1 with data
                and 0 without; shape (batch, channels + inputs, height, width).

        Returns:
            A feature map for each level, shape (batch, out_channels[level], height', width'); 0 where no
            input carries data.
        """
        channels = self.inputs.channels
        valid = images[:, channels:]
        features = [
            self._features(name, images[:, self.inputs.slice_of(name)], valid[:, index : index + 1])
            for index, name in enumerate(self.inputs.names)
        ]
        return [
            merge(_shares(valid, level[0]), *level)
            for merge, *level in zip(self.merges, *features, strict=True)
        ]

    def stack(self) -> nn.Module:
        """Make the module that stacks a level."""
        return _MaskedStack()

    def merge(self, channels: int) -> nn.Module:
        """Make the module that merges a level of some channels in each encoder."""
        return MaskedMerge(channels, len(self.inputs))

    def _features(self, name: str, images: Tensor, valid: Tensor) -> list[Tensor]:
        """Compute the features of one input; 0 for training samples in which it carries no data."""
        encoder = self.encoder_of(name)
        if self.training:
            there = (valid > 0).flatten(1).any(1)
            if _LEAST_SAMPLES <= int(there.sum()) < len(there):
                return [_placed(level, there) for level in encoder(images[there])]
        features: list[Tensor] = list(encoder(images))
        return features


class MaskedMerge(nn.Module):
    """Feature maps of equal channels become their weighted mean over the inputs that carry data.

    With v_i the share of a cell where input i carries data, f_i its features and m_i = v_i f_i,

    logit = W_g [m_1 .. m_n, v_1 .. v_n], w = softmax over i of (logit_i + log v_i), merged = sum w_i A_i f_i

    with 1 x 1 convolutions W_g and A_i: for every cell and channel the gates tell from what is there how far
    to trust each input. An input that carries nothing has the weight 0; without any, merged is 0. A_i begins
    as the identity and W_g as 0, so that merged is at first the mean of what is there. A softmax over the
    inputs, unlike the sigmoids of `GatedMerge`, keeps the size of the features whatever is missing.
    """

    def __init__(self, channels: int, inputs: int) -> None:
        super().__init__()
        self.channels = channels
        self.inputs = inputs
        self.gate = nn.Conv2d(inputs * (channels + 1), inputs * channels, 1)
        self.align = nn.Conv2d(inputs * channels, inputs * channels, 1, groups=inputs)
        with torch.no_grad():
            for parameter in (self.gate.weight, self.gate.bias, self.align.bias):
                if parameter is not None:
                    parameter.zero_()
            self.align.weight.copy_(torch.eye(channels).repeat(inputs, 1)[..., None, None])

    def forward(self, valid: Tensor, *maps: Tensor) -> Tensor:
        """Merge feature maps into one.

        Args:
            valid: Share of each cell where each input carries data, shape (batch, inputs, height, width).
            maps: Features of each input, each of shape (batch, channels, height, width).
        """
        masked = [each * valid[:, index : index + 1] for index, each in enumerate(maps)]
        by_input = (self.inputs, self.channels)
        logits = self.gate(torch.cat([*masked, valid], 1)).unflatten(1, by_input)
        shares = valid.unsqueeze(2)
        scores = torch.where(shares > 0, logits + shares.clamp_min(_LEAST).log(), _NEVER)
        weights = scores.softmax(1) * (shares > 0)
        aligned = self.align(torch.cat(maps, 1)).unflatten(1, by_input)
        merged: Tensor = (weights * aligned).sum(1).to(aligned.dtype)
        return merged


class _MaskedStack(nn.Module):
    """Feature maps behind each other, each 0 where its input carries no data."""

    def forward(self, valid: Tensor, *maps: Tensor) -> Tensor:
        return torch.cat(
            [each * valid[:, index : index + 1].to(each.dtype) for index, each in enumerate(maps)], 1
        )


def _shares(valid: Tensor, features: Tensor) -> Tensor:
    """Average where inputs carry data over the cells of a feature map, shape (batch, inputs, height, width).

    The cells are squares of pixels, as many whatever the size of the images: the input of a network's body is
    a multiple of its stride.
    """
    rows, columns = (int(valid.shape[axis]) // int(features.shape[axis]) for axis in (-2, -1))
    return F.avg_pool2d(valid, (rows, columns))


def _placed(features: Tensor, there: Tensor) -> Tensor:
    """Put the features of some samples where they lie in the batch, with 0 for the others."""
    size = (len(there), *features.shape[1:])
    placed = torch.zeros(size, dtype=features.dtype, device=features.device)
    placed = placed.contiguous(memory_format=torch.channels_last)
    placed[there] = features
    return placed
