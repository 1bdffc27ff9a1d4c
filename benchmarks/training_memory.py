"""Memory of a training step: stored whole, with blocks computed again, and in parts; counted and measured.

    python benchmarks/training_memory.py [--encoder swinv2_base_window8_256] [--crop 1024] [--batch 2]
    python benchmarks/training_memory.py --measure --encoder convnextv2_tiny --crop 256 --batch 4

It counts the bytes that PyTorch stores for the backward pass, in float32, on tensors that have a shape and no
content, so that it needs no such memory itself. Where blocks are computed again it adds the largest block.
`--measure` takes steps of a network, each side in a process of its own, and prints by how much
resident memory rises above that of the network, its gradients and its optimiser.
"""

import argparse
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from oemsar.inputs import SAR
from oemsar.models.gradient_checkpointing import enable_gradient_checkpointing
from oemsar.models.network import LandCoverNetwork
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from oemsar.train.accumulation import outputs_in_parts

GIB = 1 << 30


class Stored:
    """Bytes of the tensors stored for a backward pass, each counted once, weights left out."""

    def __init__(self, network: nn.Module) -> None:
        self._own = {value.untyped_storage()._cdata for value in network.state_dict().values()}
        self._seen: dict[int, Tensor] = {}
        self.bytes = 0

    def store(self, value: Tensor) -> Tensor:
        """Count a tensor that is stored."""
        key = value.untyped_storage()._cdata
        if key not in self._own and key not in self._seen:
            self._seen[key] = value  # keeps the storage, and so its address
            self.bytes += value.untyped_storage().nbytes()
        return value


@contextmanager
def counting(network: nn.Module) -> Iterator[Stored]:
    """Count what is stored for the backward pass of a network."""
    stored = Stored(network)
    with torch.autograd.graph.saved_tensors_hooks(stored.store, lambda value: value):
        yield stored


def network_of(encoder: str, model: str) -> LandCoverNetwork:
    """Build a network of radar images with random weights, in training."""
    torch.manual_seed(0)
    spec = ModelSpec(architecture=model, encoder=encoder, modalities=SAR, mean=(60.0,), std=(40.0,))
    return build(spec).train()


def arithmetic(encoder: str, model: str, crop: int, batch: int) -> None:
    """Print the bytes of a step, stored whole and with blocks computed again."""
    network = network_of(encoder, model)
    count = sum(parameter.numel() for parameter in network.parameters())
    network.to("meta")
    enable_gradient_checkpointing(network)
    images = torch.empty(batch, 1, crop, crop, dtype=torch.uint8, device="meta")
    with counting(network) as kept:
        network.training_outputs(images)
    by_block: dict[str, int] = {}
    with counting(network) as whole:
        for name, module in network.named_modules():
            if "forward" in vars(module):
                del module.forward  # that of its class again
                _watch(module, name, whole, by_block)
        network.training_outputs(images)
    largest = max(by_block.values())
    both = kept.bytes + largest
    print(f"{model} with {encoder}, {batch} x {crop} px, float32")
    print(f"weights, gradients and Adam: {16 * count / GIB:.2f} GiB ({count / 1e6:.1f} million weights)")
    print(f"stored: {whole.bytes / GIB:.2f} GiB")
    print(f"blocks computed again: {both / GIB:.2f} GiB, of it the largest block {largest / GIB:.2f} GiB")


def _watch(module: nn.Module, name: str, stored: Stored, by_block: dict[str, int]) -> None:
    def begin(*_: object) -> None:
        by_block[name] = -stored.bytes

    def end(*_: object) -> None:
        by_block[name] += stored.bytes

    module.register_forward_pre_hook(begin)
    module.register_forward_hook(end)


def measured(encoder: str, model: str, crop: int, batch: int, *, parts: int, again: bool) -> None:
    """Take two steps and print the rise of the peak of resident memory, in MiB."""
    torch.set_num_threads(1)
    network = network_of(encoder, model)
    if again:
        enable_gradient_checkpointing(network)
    optimizer = torch.optim.AdamW(network.parameters(), fused=True)
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    images = torch.randint(0, 256, (batch, 1, crop, crop), dtype=torch.uint8)
    for _ in range(2):
        outputs = outputs_in_parts(network, images, None, parts)
        torch.stack([logits.square().mean() for _, logits in outputs]).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
    print(f"{(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024:.0f}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="upernet")
    parser.add_argument("--encoder", default="swinv2_base_window8_256")
    parser.add_argument("--crop", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--side", nargs=2, metavar=("PARTS", "AGAIN"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side is not None:
        parts, again = int(given.side[0]), given.side[1] == "again"
        measured(given.encoder, given.model, given.crop, given.batch, parts=parts, again=again)
        return
    if not given.measure:
        arithmetic(given.encoder, given.model, given.crop, given.batch)
        return
    sides = {"stored": ("1", "-"), "blocks computed again": ("1", "again")}
    half = str(given.batch // 2)  # UPerNet needs two crops at a time
    sides |= {f"{half} parts": (half, "-"), "both": (half, "again")}
    print(f"{given.model} with {given.encoder}, {given.batch} x {given.crop} px, float32")
    for name, side in sides.items():
        command = [sys.executable, __file__, *sys.argv[1:], "--side", *side]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ})
        print(f"{name}: {int(done.stdout)} MiB")


if __name__ == "__main__":
    main()
