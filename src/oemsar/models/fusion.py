"""Encoders beside each other, and dual fusion: their features gated and merged level by level."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from oemsar.inputs import Inputs
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec


def dual(
    architecture: Callable[..., LandCoverNetwork], spec: ModelSpec, *, pretrained: bool = False
) -> LandCoverNetwork:
    """Build the network of an architecture with one encoder for each input.

    The decoder is that of the stacked network: the merged features have the channels of its encoder's.

    Args:
        architecture: Function that builds a network over stacked channels; see `oemsar.models.registry`.
        spec: Description of the network, with two inputs or more.
        pretrained: Whether to start all encoders from ImageNet weights.
    """
    return with_encoders(DualEncoder, architecture, spec, pretrained=pretrained)


class ParallelEncoders(nn.Module, ABC):
    """Encoders beside each other, one for each input, and a merge at every level.

    A level is stacked where the stacked network has as many channels in it as all encoders together: levels
    with none, and the input itself (the first level of segmentation-models-pytorch). They hold nothing to
    weigh. Every other level has the same channels in all of them, and is merged.

    Attributes:
        out_channels: Channels of each level, as those of one encoder over the stacked channels.
        output_stride: Stride of the deepest level, which segmentation-models-pytorch reads.
        merges: Merge of each level.
    """

    def __init__(
        self, inputs: Inputs, encoders: Mapping[str, nn.Module], out_channels: tuple[int, ...]
    ) -> None:
        """Set encoders beside each other, each a submodule of the name of its input.

        Args:
            inputs: Inputs in the order of their channels.
            encoders: Encoder of each input by its name.
            out_channels: Channels of each level that the decoder takes.

        Raises:
            ValueError: A level can be neither stacked nor merged.
        """
        super().__init__()
        self.inputs = inputs
        for name in inputs.names:
            self.add_module(name, encoders[name])
        self.out_channels = out_channels
        self.output_stride: int = getattr(encoders[inputs.names[0]], "output_stride", 32)
        levels = zip(*(_channels(encoders[name]) for name in inputs.names), strict=True)
        self.merges = nn.ModuleList(
            self._joined(level, expected) for level, expected in zip(levels, out_channels, strict=True)
        )

    def encoder_of(self, name: str) -> nn.Module:
        """Give the encoder of the input of a name."""
        return self.get_submodule(name)

    @abstractmethod
    def forward(self, images: Tensor) -> list[Tensor]:
        """Merge the features of all encoders.

        Args:
            images: Input of the network's body, shape (batch, channels, height, width).

        Returns:
            A feature map for each level, shape (batch, out_channels[level], height', width').
        """

    @abstractmethod
    def stack(self) -> nn.Module:
        """Make the module that stacks a level."""

    @abstractmethod
    def merge(self, channels: int) -> nn.Module:
        """Make the module that merges a level of some channels in each encoder."""

    def _joined(self, channels: tuple[int, ...], expected: int) -> nn.Module:
        """Choose how a level is joined whose encoders have some channels, for a decoder of `expected`."""
        if sum(channels) == expected:
            return self.stack()
        if set(channels) == {expected}:
            return self.merge(expected)
        raise ValueError(f"fused channels {channels} are not the decoder's {expected}")


class DualEncoder(ParallelEncoders):
    """Encoders of which every input carries data everywhere, merged by gates; see `GatedMerge`."""

    def forward(self, images: Tensor) -> list[Tensor]:
        """Merge the features of all encoders.

        Args:
            images: Normalised images, shape (batch, channels, height, width), channels as the inputs.

        Returns:
            A feature map for each level, shape (batch, out_channels[level], height', width').
        """
        features = [
            self.get_submodule(name)(images[:, self.inputs.slice_of(name)]) for name in self.inputs.names
        ]
        return [merge(*level) for merge, *level in zip(self.merges, *features, strict=True)]

    def stack(self) -> nn.Module:
        """Make the module that stacks a level."""
        return _Stack()

    def merge(self, channels: int) -> nn.Module:
        """Make the module that merges a level of some channels in each encoder."""
        return GatedMerge(channels, len(self.inputs))


def with_encoders(
    join: Callable[[Inputs, Mapping[str, nn.Module], tuple[int, ...]], ParallelEncoders],
    architecture: Callable[..., LandCoverNetwork],
    spec: ModelSpec,
    *,
    pretrained: bool,
) -> LandCoverNetwork:
    """Build the network of an architecture with an encoder for each input in place of its own.

    Args:
        join: Class of the encoders beside each other.
        architecture: Function that builds a network over stacked channels.
        spec: Description of the network, with two inputs or more.
        pretrained: Whether to start all encoders from ImageNet weights.
    """
    network = architecture(spec, pretrained=False)
    encoders: dict[str, Any] = {}
    for name in spec.modalities.names:
        single: Any = architecture(spec.restricted_to(spec.modalities.only(name)), pretrained=pretrained).body
        encoders[name] = single.encoder
    body: Any = network.body
    expected = tuple(body.encoder.out_channels)
    body.encoder = join(spec.modalities, encoders, expected)
    return network


class GatedMerge(nn.Module):
    """Feature maps of equal channels become one: each is weighed by a gate, then all are mixed.

    gate = sigmoid(W_g [radar, optical, ...]), merged = W_m [gate_radar * radar, gate_optical * optical, ...]

    with 1 x 1 convolutions W: for every pixel and channel the gates tell from all inputs how far to
    trust each. Gates over all inputs are those of the gated multimodal unit (Arevalo et al. 2017,
    arXiv 1702.01992); gating the maps of encoders at each level follows the separation-and-aggregation
    gate (Chen et al. 2020, arXiv 2007.09183), here without the way back into the encoders. It starts as
    the mean of the maps, so that pretrained encoders begin with features of the size they know.
    """

    def __init__(self, channels: int, inputs: int = 2) -> None:
        super().__init__()
        self.gate = nn.Conv2d(inputs * channels, inputs * channels, 1)
        self.mix = nn.Conv2d(inputs * channels, channels, 1)
        with torch.no_grad():
            for parameter in (self.gate.weight, self.gate.bias, self.mix.bias):
                if parameter is not None:
                    parameter.zero_()
            # gates are 1/2 at first, so that a sum of two gated maps is their mean
            mean = torch.eye(channels).repeat(1, inputs) * (2 / inputs)
            self.mix.weight.copy_(mean[..., None, None])

    def forward(self, *maps: Tensor) -> Tensor:
        """Merge feature maps into one; all have the shape (batch, channels, height, width)."""
        together = torch.cat(maps, 1)
        merged: Tensor = self.mix(self.gate(together).sigmoid() * together)
        return merged


class _Stack(nn.Module):
    def forward(self, *maps: Tensor) -> Tensor:
        return torch.cat(maps, 1)


def _channels(encoder: Any) -> tuple[int, ...]:  # noqa: ANN401 (encoders of libraries without types)
    return tuple(encoder.out_channels)
