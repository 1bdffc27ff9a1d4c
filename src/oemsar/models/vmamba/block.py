"""The VSS block: a selective scan of an image in four directions, and a perceptron by pixel.

Images are channels-last throughout, shape (batch, height, width, channels): the layers by pixel are then
plain linear layers, and a step of the scan reads whole rows of channels.
"""

import math

import torch
from torch import Tensor, nn

from oemsar.models.vmamba.cross_scan import DIRECTIONS, cross_merge, cross_scan
from oemsar.models.vmamba.scan import selective_scan

STATES = 1
"""States of each channel, as in the published version 2."""
_MLP_RATIO = 4
_SHORTEST_STEP, _LONGEST_STEP = 1e-3, 1e-1
"""Bounds of the step sizes at the start of training (Gu and Dao, arXiv 2312.00752, section 3.6)."""


class VssBlock(nn.Module):
    """Scan and perceptron, each behind a norm and beside a shortcut (Liu et al., figure 3, right).

    Args:
        channels: Channels of input and output.
        ratio: Channels of the scan over `channels`.
        drop_path: Share of the samples that skip each of the two, in training.
    """

    def __init__(self, channels: int, ratio: int, drop_path: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.op = Scan2d(channels, ratio)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = _Perceptron(channels)
        self.drop_path = DropPath(drop_path)

    def forward(self, images: Tensor) -> Tensor:
        """Transform images of shape (batch, height, width, channels), which they keep."""
        images = images + self.drop_path(self.op(self.norm(images)))
        output: Tensor = images + self.drop_path(self.mlp(self.norm2(images)))
        return output


class Scan2d(nn.Module):
    """The selective scan of an image in four directions, called SS2D in the paper.

    Parameters have the published names; those of the four directions lie one after the other.

    Args:
        channels: Channels of input and output.
        ratio: Channels of the scan over `channels`.
    """

    def __init__(self, channels: int, ratio: int) -> None:
        super().__init__()
        inner = channels * ratio
        rank = math.ceil(channels / 16)
        self._split = [rank, STATES, STATES]
        self.in_proj = linear(channels, inner, bias=False)
        self.conv2d = nn.Conv2d(inner, inner, 3, padding=1, groups=inner, bias=False)
        self.act = nn.SiLU()
        self.x_proj = nn.Linear(inner, DIRECTIONS * sum(self._split), bias=False)
        self.dt_projs = nn.Linear(rank, DIRECTIONS * inner, bias=False)
        nn.init.uniform_(self.dt_projs.weight, -(rank**-0.5), rank**-0.5)
        self.dt_projs_bias = nn.Parameter(_step_bias(inner))
        self.A_logs = nn.Parameter(torch.arange(1.0, STATES + 1).log().repeat(DIRECTIONS * inner, 1))
        self.Ds = nn.Parameter(torch.ones(DIRECTIONS * inner))
        self.out_norm = nn.LayerNorm(inner)
        self.out_proj = linear(inner, channels, bias=False)
        for value in (self.A_logs, self.Ds, self.dt_projs_bias):
            value.no_weight_decay = True  # type: ignore[attr-defined]

    def forward(self, images: Tensor) -> Tensor:
        """Transform images of shape (batch, height, width, channels), which they keep."""
        height, width = images.shape[1:3]
        images = self.in_proj(images)
        images = self.act(self.conv2d(images.permute(0, 3, 1, 2))).permute(0, 2, 3, 1)
        scanned = cross_merge(self._scan(images), height, width)
        output: Tensor = self.out_proj(self.out_norm(scanned))
        return output

    def _scan(self, images: Tensor) -> Tensor:
        """Scan in four directions, giving sequences of shape (batch, 4, height * width, inner channels)."""
        u = cross_scan(images.unsqueeze(1).expand(-1, DIRECTIONS, -1, -1, -1))
        projected = _by_direction(self.x_proj(images), axis=-1).permute(0, 3, 1, 2, 4)
        delta, b, c = torch.split(cross_scan(projected), self._split, dim=-1)
        return selective_scan(
            u,
            delta @ _by_direction(self.dt_projs.weight).transpose(1, 2),
            -_by_direction(self.A_logs).float().exp(),
            b,
            c,
            _by_direction(self.Ds),
            self.dt_projs_bias,
        )


class _Perceptron(nn.Module):
    """Two layers by pixel with a GELU between them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = linear(channels, _MLP_RATIO * channels)
        self.act = nn.GELU()
        self.fc2 = linear(_MLP_RATIO * channels, channels)

    def forward(self, images: Tensor) -> Tensor:
        output: Tensor = self.fc2(self.act(self.fc1(images)))
        return output


class DropPath(nn.Module):
    """Stochastic depth (Huang et al. 2016): in training, some samples skip a branch, the others weigh more.

    Args:
        rate: Share of the samples that skip it, 0 to below 1.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, branch: Tensor) -> Tensor:
        """Set whole samples of a branch to 0, shape (batch, ...)."""
        if not self.training or self.rate == 0:
            return branch
        kept = branch.new_empty(branch.shape[0], *(1,) * (branch.ndim - 1)).bernoulli_(1 - self.rate)
        return branch * kept / (1 - self.rate)


def linear(inputs: int, outputs: int, bias: bool = True) -> nn.Linear:
    """Make a linear layer as the paper's classifiers begin: normal weights of standard deviation 0.02."""
    layer = nn.Linear(inputs, outputs, bias=bias)
    nn.init.trunc_normal_(layer.weight, std=0.02)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


def _by_direction(values: Tensor, axis: int = 0) -> Tensor:
    """Turn the four directions, one after the other on `axis`, into an axis of their own before it."""
    return torch.unflatten(values, axis, (DIRECTIONS, -1))


def _step_bias(channels: int) -> Tensor:
    """Draw biases whose softplus, the step size, is log-uniform within its bounds, shape (4, channels)."""
    low, high = math.log(_SHORTEST_STEP), math.log(_LONGEST_STEP)
    step = torch.empty(DIRECTIONS, channels).uniform_(low, high).exp()
    return step + torch.log(-torch.expm1(-step))
