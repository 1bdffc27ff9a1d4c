"""The chunked selective scan beside the sequential one: time and memory of forward and backward pass.

Batch 2, 192 channels, 4 directions, 4096 positions, one state: the first level of VMamba-S at 256 x 256
pixels. It stands beside the definition, one position after the other with PyTorch's own gradient, in two
spellings: `sequential` takes its arguments apart into positions at once; `indexed` takes position after
position by index, as the definition is most often written, whose gradient adds to a tensor of the whole
sequence at each position. That one takes minutes and is run once.

The memory is the rise of the process' highest resident size over the arguments, in a process of its own.

Run with `python benchmarks/selective_scan.py`; takes about three minutes on two cores.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time

import torch
import torch.nn.functional as F
from torch import Tensor

from oemsar.models.vmamba.scan import ScanName, scanning_with, selective_scan

BATCH, DIRECTIONS, LENGTH, CHANNELS, STATES = 2, 4, 4096, 192, 1
REPEATS = 5


def arguments() -> list[Tensor]:
    """Arguments of a scan, float32, all of which gradients are asked for."""
    torch.manual_seed(0)
    sequence, weights = (BATCH, DIRECTIONS, LENGTH, CHANNELS), (BATCH, DIRECTIONS, LENGTH, STATES)
    values = [
        *(torch.randn(sequence), torch.randn(sequence)),
        -torch.rand(DIRECTIONS, CHANNELS, STATES),
        *(torch.randn(weights), torch.randn(weights)),
        *(torch.randn(DIRECTIONS, CHANNELS), torch.randn(DIRECTIONS, CHANNELS)),
    ]
    return [value.requires_grad_() for value in values]


def forward_and_backward(name: ScanName, given: list[Tensor], gradient: Tensor) -> None:
    """One pass each way."""
    with scanning_with(name):
        torch.autograd.grad(selective_scan(*given), given, gradient)


def indexed_scan(
    u: Tensor, delta: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor, delta_bias: Tensor
) -> Tensor:
    """Scan by the definition, with an index for every position."""
    step = F.softplus(delta + delta_bias.unsqueeze(1))
    state = torch.zeros_like(a)
    outputs = []
    for t in range(u.shape[2]):
        entered = (step[:, :, t] * u[:, :, t])[..., None] * b[:, :, t, None]
        state = torch.exp(step[:, :, t, :, None] * a) * state + entered
        outputs.append((state * c[:, :, t, None]).sum(-1) + d * u[:, :, t])
    return torch.stack(outputs, dim=2)


def seconds_indexed() -> float:
    """Time of one run of `indexed_scan`, forward and backward."""
    given, gradient = arguments(), torch.randn(BATCH, DIRECTIONS, LENGTH, CHANNELS)
    begin = time.perf_counter()
    torch.autograd.grad(indexed_scan(*given), given, gradient)
    return time.perf_counter() - begin


def seconds(name: ScanName, repeats: int) -> list[float]:
    """Take the times of `repeats` runs after one that is not counted."""
    given, gradient = arguments(), torch.randn(BATCH, DIRECTIONS, LENGTH, CHANNELS)
    times = []
    for _ in range(1 + repeats):
        begin = time.perf_counter()
        forward_and_backward(name, given, gradient)
        times.append(time.perf_counter() - begin)
    return times[1:]


def memory_ratio() -> float:
    """Measure the rise of the peak memory in one run of the chunked scan, over the arguments' bytes."""
    given, gradient = arguments(), torch.randn(BATCH, DIRECTIONS, LENGTH, CHANNELS)
    small = [value[:, :, :64] if value.ndim == 4 else value for value in given]
    forward_and_backward("chunked", small, gradient[:, :, :64])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    forward_and_backward("chunked", given, gradient)
    rise = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    return rise / sum(value.nbytes for value in given)


def main() -> None:
    """Print the times of both sides, their ratio and the memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", action="store_true", help="only the memory, as a bare number")
    if parser.parse_args().memory:
        print(memory_ratio())
        return
    print(
        f"batch {BATCH}, {DIRECTIONS} directions, {LENGTH} positions, {CHANNELS} channels, {STATES} state, "
        f"{torch.get_num_threads()} threads, median of {REPEATS}"
    )
    command = [sys.executable, __file__, "--memory"]
    ratios = [float(subprocess.check_output(command, text=True)) for _ in range(REPEATS)]
    print(f"peak memory over the arguments: {statistics.median(ratios):.2f} times their size", flush=True)
    times = {}
    for name in ("chunked", "sequential"):
        times[name] = statistics.median(seconds(name, REPEATS))
        print(f"{name}: {times[name]:.2f} s forward and backward", flush=True)
    times["indexed"] = seconds_indexed()
    print(f"indexed: {times['indexed']:.1f} s forward and backward, one run")
    for name in ("sequential", "indexed"):
        print(f"{name} / chunked: {times[name] / times['chunked']:.1f}")


if __name__ == "__main__":
    main()
