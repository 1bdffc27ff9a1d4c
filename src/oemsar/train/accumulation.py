"""A batch worked through in parts: the memory of one part, and the gradients of the whole batch.

A loss of a batch is no sum of losses of its parts: Dice is a quotient of sums, and a mean has as many pixels
as are known. The logits of all parts are put together, the loss is taken of them, and on the way back the
features of one part after the other are computed anew (Gao et al. 2021, arXiv 2101.06983). That costs a
second forward pass.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import cast

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from oemsar.models.gradient_checkpointing import norms_at_rest
from oemsar.models.network import LandCoverNetwork

Outputs = tuple[tuple[float, Tensor], ...]
"""Weights of the loss and logits, those of the network first."""


def outputs_in_parts(network: LandCoverNetwork, images: Tensor, valid: Tensor | None, parts: int) -> Outputs:
    """Compute the outputs of a batch part by part, without keeping what the gradients need.

    Args:
        network: Network in training.
        images: Images as the network takes them, as many as `parts` divides.
        valid: Pixels where each input carries data, as the network takes them.
        parts: Number of parts; 1 for the batch at once.
    """
    if parts == 1:
        return network.training_outputs(images, valid)
    masks = (None,) * parts if valid is None else valid.chunk(parts)

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), norms_at_rest(network)

    by_part = [
        cast(
            Outputs,
            checkpoint(network.training_outputs, part, mask, use_reentrant=False, context_fn=contexts),
        )
        for part, mask in zip(images.chunk(parts), masks, strict=True)
    ]
    return tuple(
        (heads[0][0], torch.cat([logits for _, logits in heads])) for heads in zip(*by_part, strict=True)
    )
