"""The Triton scan on a CUDA device beside the chunked one and beside a copy of the same bytes.

A scan that reads each argument once and writes its result once can be no faster than a device-to-device copy
of that many bytes. Forward: u, delta, b and c are read, the output written. Backward: those and the gradient
of the output are read, four gradients written. What the kernels keep between the two passes is not counted.

Run with `python benchmarks/selective_scan_cuda.py` on a machine with a CUDA device and Triton.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from triton.testing import do_bench

from oemsar.models.vmamba.scan import ScanName, scanning_with, selective_scan

SIZES = {
    "VMamba, level 1, 256 px, batch 2": (2, 4, 4096, 192, 1),
    "VMamba-T, level 1, 512 px, batch 8": (8, 4, 16384, 192, 1),
    "VMamba-T, level 3, 512 px, batch 8": (8, 4, 1024, 768, 1),
    "sixteen states": (4, 4, 4096, 192, 16),
}
"""(batch, directions, length, channels, states)."""


def arguments(size: tuple[int, int, int, int, int]) -> list[Tensor]:
    """Random arguments of a scan on the device, float32, all of which gradients are asked for."""
    batch, directions, length, channels, states = size
    torch.manual_seed(0)
    sequence, weights = (batch, directions, length, channels), (batch, directions, length, states)
    values = [
        *(torch.randn(sequence), torch.randn(sequence)),
        -torch.rand(directions, channels, states),
        *(torch.randn(weights), torch.randn(weights)),
        *(torch.randn(directions, channels), torch.randn(directions, channels)),
    ]
    return [value.cuda().requires_grad_() for value in values]


def milliseconds(call: Callable[[], object]) -> float:
    """Median time of a call on the device."""
    return float(do_bench(call, warmup=100, rep=400, return_mode="median"))


def copy_milliseconds(count: int) -> float:
    """Median time of a device-to-device copy that reads and writes `count` bytes together."""
    source = torch.randint(0, 255, (count // 2,), dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return milliseconds(lambda: target.copy_(source))


def largest_difference(given: list[Tensor], gradient: Tensor) -> float:
    """Largest relative difference (norms) between both scans, of the output and every gradient."""
    results = []
    for name in ("triton", "chunked"):
        with scanning_with(name):
            output = selective_scan(*given)
        results.append([output, *torch.autograd.grad(output, given, gradient)])
    pairs = zip(*results, strict=True)
    return max(float((first - second).detach().norm() / second.detach().norm()) for first, second in pairs)


def measure(name: ScanName, given: list[Tensor], gradient: Tensor) -> tuple[float, float]:
    """Milliseconds of the forward pass alone and of the backward pass alone."""
    with scanning_with(name):
        with torch.no_grad():
            forward = milliseconds(lambda: selective_scan(*given))
        output = selective_scan(*given)
        backward = milliseconds(lambda: torch.autograd.grad(output, given, gradient, retain_graph=True))
    return forward, backward


def main() -> None:
    """Print a line for every size and pass."""
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, float32, medians")
    for title, size in SIZES.items():
        given = arguments(size)
        gradient = torch.randn(size[:4]).cuda()
        sequence, weights = given[0].nbytes, given[3].nbytes
        moved = {"forward": 3 * sequence + 2 * weights, "backward": 5 * sequence + 4 * weights}
        names: tuple[ScanName, ...] = ("triton", "chunked")
        times = {name: measure(name, given, gradient) for name in names}
        print(f"{title} {size}: differ by {largest_difference(given, gradient):.1e}")
        for number, (direction, count) in enumerate(moved.items()):
            copy = copy_milliseconds(count)
            triton, chunked = (times[name][number] for name in ("triton", "chunked"))
            print(
                f"  {direction:<9}triton {triton:8.3f} ms, chunked {chunked:8.3f} ms "
                f"({chunked / triton:.1f} x), copy {copy:8.3f} ms (triton takes {triton / copy:.1f} x)"
            )


if __name__ == "__main__":
    main()
