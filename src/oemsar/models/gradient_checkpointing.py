"""Gradient checkpointing: encoders compute their blocks again in the backward pass instead of storing them.

A block of an encoder then keeps its input alone, not what its layers computed from it (Chen et al. 2016,
arXiv 1604.06174). Gradients are the same, and so is what batch norms collect; a training step costs one
forward pass of the encoder more. The work is done by `torch.utils.checkpoint`; what is here finds the blocks,
and keeps batch norms from counting a batch twice.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from oemsar.models.fusion import ParallelEncoders
from oemsar.models.network import LandCoverNetwork


def enable_gradient_checkpointing(network: LandCoverNetwork) -> bool:
    """Make the encoders of a network compute their blocks again in the backward pass, to save memory.

    Blocks are the members of lists of modules, as every encoder of residual or transformer blocks has them;
    in one whose lists hold less than half of its parameters, the stages. The network computes the same, and
    has the same weights under the same names. A second call changes nothing.

    Args:
        network: Network, to be trained.

    Returns:
        Whether every encoder of the network has such blocks; False for a network without an encoder.
    """
    blocks_of_each = _blocks_of_each(network)
    for blocks in blocks_of_each:
        for block in blocks:
            block.forward = _Recomputed(block)
    return bool(blocks_of_each) and all(blocks_of_each)


def _blocks_of_each(network: LandCoverNetwork) -> list[list[nn.Module]]:
    encoder = getattr(network.body, "encoder", None)
    if isinstance(encoder, ParallelEncoders):
        return [_blocks_or_stages(encoder.encoder_of(name)) for name in encoder.inputs.names]
    return [_blocks_or_stages(encoder)] if isinstance(encoder, nn.Module) else []


def _blocks_or_stages(encoder: nn.Module) -> list[nn.Module]:
    """Find the blocks of an encoder, or its stages where the blocks are not most of it."""
    blocks = _blocks(encoder)
    if 2 * sum(_size(block) for block in blocks) >= _size(encoder):
        return blocks
    while len(children := list(encoder.children())) == 1:
        (encoder,) = children
    return _stages(encoder)


def _size(module: nn.Module) -> int:
    """Count the parameters of a module."""
    return sum(value.numel() for value in module.parameters())


def _blocks(module: nn.Module) -> list[nn.Module]:
    """Find the blocks of an encoder: members of lists of modules, in the innermost lists that have any.

    A layer, which holds no other modules, is no block.
    """
    inner = [block for child in module.children() for block in _blocks(child)]
    if inner or not isinstance(module, nn.Sequential | nn.ModuleList):
        return inner
    return _stages(module)


def _stages(module: nn.Module) -> list[nn.Module]:
    """List the members of a module that hold other modules."""
    return [child for child in module.children() if any(True for _ in child.children())]


class _Recomputed:
    """The forward pass of a block that is computed again in the backward pass.

    Args:
        block: Module whose `forward` this takes the place of.
    """

    def __init__(self, block: nn.Module) -> None:
        self._block = block

    def __call__(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 (whatever the block takes and gives)
        if not (self._block.training and torch.is_grad_enabled()):
            return self._forward(*arguments, **named)
        versions = [value._version for value in arguments if isinstance(value, Tensor)]
        output = checkpoint(
            self._forward, *arguments, use_reentrant=False, context_fn=self._contexts, **named
        )
        if versions != [value._version for value in arguments if isinstance(value, Tensor)]:
            raise RuntimeError(f"{type(self._block).__name__} changes its input and cannot be computed again")
        return output

    def _forward(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 (whatever the block takes and gives)
        return type(self._block).forward(self._block, *arguments, **named)

    def _contexts(self) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        """Make the contexts of the first computation and of the second."""
        return nullcontext(), norms_at_rest(self._block)


@contextmanager
def norms_at_rest(module: nn.Module) -> Iterator[None]:
    """Keep the batch norms of a module from collecting statistics; they normalise by the batch as before."""
    norms = [each for each in module.modules() if isinstance(each, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    counts = [norm.num_batches_tracked for norm in norms if norm.num_batches_tracked is not None]
    before = [count.clone() for count in counts]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        for count, former in zip(counts, before, strict=True):
            count.copy_(former)
