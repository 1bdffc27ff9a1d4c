"""Memory of a training step of UPerNet, with all activations kept and with gradient checkpointing.

    python benchmarks/training_memory.py [--encoder swinv2_base_window8_256] [--side 1024] [--batch 2] [--run]

The step is made of tensors without content (PyTorch's device `meta`), so that any size is counted on any
machine: weights, gradients and the two moments of AdamW, 16 bytes a parameter; what is kept for the backward
pass; and, where blocks are computed again, what the largest of them then keeps. Layers work in float32, or in
bfloat16 where that is said; mixed precision lies between, since norms and losses stay in float32. With
`--run` a step in float32 is made on the CPU and the peak of the process printed.
"""

import argparse
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from oemsar.inputs import SAR
from oemsar.models.gradient_checkpointing import blocks_of, enable_gradient_checkpointing
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec

_GIB = 1 << 30
_BYTES_PER_PARAMETER = 16
"""Weight, gradient and two moments, float32."""


def main() -> None:
    """Print the memory of a step in GiB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", default="swinv2_base_window8_256")
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--run", action="store_true")
    arguments = parser.parse_args()
    if arguments.run:
        for recompute in (True, False):
            _train(arguments, recompute=recompute)
        return
    for kind in (torch.float32, torch.bfloat16):
        with torch.device("meta"):
            network = _network(arguments.encoder).to(kind).train()
            images = torch.zeros(arguments.batch, 1, arguments.side, arguments.side, dtype=torch.uint8)
        parameters = sum(value.numel() for value in network.parameters())
        all_kept, largest = _kept(network, images)
        enable_gradient_checkpointing(network)
        frugal, _ = _kept(network, images)
        fixed = parameters * _BYTES_PER_PARAMETER
        sums = (fixed, all_kept, frugal, largest, fixed + all_kept, fixed + frugal + largest)
        gib = [f"{size / _GIB:.1f} GiB" for size in sums]
        print(
            f"{arguments.encoder}, {parameters / 1e6:.0f} million parameters, {arguments.batch} x "
            f"{arguments.side} px, {str(kind).removeprefix('torch.')}: weights and AdamW {gib[0]}, kept "
            f"{gib[1]}, with checkpointing {gib[2]} and {gib[3]} of one block; together {gib[4]} and {gib[5]}"
        )


def _network(encoder: str) -> LandCoverNetwork:
    torch.manual_seed(0)
    return build(
        ModelSpec(architecture="upernet", encoder=encoder, modalities=SAR, mean=(60.0,), std=(50.0,))
    )


def _kept(network: LandCoverNetwork, images: Tensor) -> tuple[int, int]:
    """Count the bytes that a forward pass keeps for the backward pass, and those of its largest block."""
    own = {value.untyped_storage()._cdata for value in (*network.parameters(), *network.buffers())}
    seen: dict[int, tuple[Tensor, int]] = {}
    largest = 0

    def keep(value: Tensor) -> Tensor:
        storage = value.untyped_storage()
        if storage._cdata not in own:
            seen[storage._cdata] = (value, storage.nbytes())
        return value

    def total() -> int:
        return sum(size for _, size in seen.values())

    @contextmanager
    def blocks_watched() -> Iterator[None]:
        before: dict[nn.Module, int] = {}

        def enter(block: nn.Module, _: Any) -> None:  # noqa: ANN401 (whatever the block takes)
            before[block] = total()

        def leave(block: nn.Module, *_: Any) -> None:  # noqa: ANN401 (whatever the block takes)
            nonlocal largest
            largest = max(largest, total() - before[block])

        handles = [
            handle
            for block in blocks_of(network)
            for handle in (block.register_forward_pre_hook(enter), block.register_forward_hook(leave))
        ]
        yield
        for handle in handles:
            handle.remove()

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value), blocks_watched():
        outputs = network.training_outputs(images)
        torch.stack([logits.float().logsumexp(1).mean() for _, logits in outputs]).sum()
    return total(), largest


def _train(arguments: argparse.Namespace, *, recompute: bool) -> None:
    """Make a step on the CPU and print the peak of the process so far."""
    network = _network(arguments.encoder).train()
    if recompute:
        enable_gradient_checkpointing(network)
    optimizer = torch.optim.AdamW(network.parameters())
    images = torch.zeros(arguments.batch, 1, arguments.side, arguments.side, dtype=torch.uint8)
    outputs = network.training_outputs(images)
    torch.stack([logits.logsumexp(1).mean() for _, logits in outputs]).sum().backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"{'with' if recompute else 'without'} checkpointing: peak {peak / _GIB:.1f} GiB on the CPU")


if __name__ == "__main__":
    main()
