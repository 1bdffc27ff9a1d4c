"""The first convolution of published networks, adapted to the channels of others."""

from collections.abc import Mapping

import torch
from torch import Tensor

from oemsar.inputs import OPTICAL, Inputs
from oemsar.inputs import PUBLISHED as PAPER_INPUTS


def adapted(
    weights: Mapping[str, Tensor], own: Mapping[str, Tensor], inputs: Inputs | None = None
) -> dict[str, Tensor]:
    """Adapt the first convolution of an encoder: the tensor that differs in the number of channels alone.

    Args:
        weights: Weights of an encoder for one channel or for three.
        own: Weights of the encoder that they are for.
        inputs: Inputs that its channels are of; see `adapt_channels`.

    Returns:
        The weights, the tensors that do not differ as they are.
    """
    return {
        name: adapt_channels(value, own[name].shape[1], inputs)
        if name in own and _differs_in_channels(value, own[name])
        else value
        for name, value in weights.items()
    }


def _differs_in_channels(value: Tensor, own: Tensor) -> bool:
    return (
        value.ndim == own.ndim == 4
        and value.shape[1] != own.shape[1]
        and value.shape[0] == own.shape[0]
        and value.shape[2:] == own.shape[2:]
    )


def adapt_channels(weight: Tensor, channels: int, inputs: Inputs | None = None) -> Tensor:
    """Adapt the first convolution of a network for one channel or for three colours to other channels.

    A grey image, the same in every channel, gives what it gave. Of three colours, one channel gets the sum;
    of several, an optical image keeps the weights of the colours and every other channel gets their mean; all
    are scaled by 3 over the number of channels. Of one channel, each gets the weights over their number.

    Args:
        weight: Weights, shape (out channels, 1 or 3, height, width); those of another number of channels are
            given back.
        channels: Number of channels.
        inputs: Inputs that the channels are of; by default those of the paper with as many channels, or none
            that is optical.

    Returns:
        Weights, shape (out channels, channels, height, width).
    """
    given = weight.shape[1]
    if given == 1:
        return weight.repeat(1, channels, 1, 1) / channels
    if given != 3:
        return weight
    if channels == 1:
        return weight.sum(1, keepdim=True)
    seen = inputs or next((each for each in PAPER_INPUTS if each.channels == channels), None)
    if seen == OPTICAL:
        return weight
    mean = weight.mean(1, keepdim=True)
    if seen is None:
        return 3 / channels * mean.repeat(1, channels, 1, 1)
    parts = [weight if part.kind == "optical" else mean.repeat(1, part.channels, 1, 1) for part in seen]
    return 3 / channels * torch.cat(parts, dim=1)
