"""The selective scan (Gu and Dao, arXiv 2312.00752, section 3) in interchangeable implementations.

For each sequence and channel, with states n:

    step_t   = softplus(delta_t + delta_bias)
    h_t[n]   = exp(step_t a[n]) h_{t-1}[n] + step_t b_t[n] u_t,    h_{-1} = 0
    output_t = sum over n of c_t[n] h_t[n] + d u_t

Shapes: u and delta (batch, directions, length, channels), a (directions, channels, states) and negative,
b and c (batch, directions, length, states), d and delta_bias (directions, channels).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec
from typing import Literal, Protocol

import torch
from torch import Tensor

from oemsar.models.vmamba.chunked import chunked_scan
from oemsar.models.vmamba.sequential import sequential_scan
from oemsar.models.vmamba.traced import traced_scan

ScanName = Literal["sequential", "chunked", "traced", "triton"]

_chosen: ContextVar[ScanName | None] = ContextVar("_chosen", default=None)

# from PyTorch 2.7; before it an export is only known as a compilation
_is_exporting = getattr(torch.compiler, "is_exporting", torch.compiler.is_compiling)


class Scan(Protocol):
    """An implementation of the selective scan."""

    def __call__(
        self, u: Tensor, delta: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor, delta_bias: Tensor
    ) -> Tensor:
        """Compute the output, in the dtype of `u`, for arguments of one dtype."""
        ...


def selective_scan(
    u: Tensor, delta: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor, delta_bias: Tensor
) -> Tensor:
    """Compute the selective scan by the implementation that fits the device.

    Args:
        u: Sequences, floating point, shape (batch, directions, length, channels), length from 1.
        delta: Size of each step before bias and softplus, shaped as `u`.
        a: Rate of each state, negative, shape (directions, channels, states).
        b: Weight by which each position enters the states, shape (batch, directions, length, states).
        c: Weight by which the states leave at each position, shaped as `b`.
        d: Share of the input that is passed by, shape (directions, channels).
        delta_bias: Bias of the step sizes, shape (directions, channels).

    Returns:
        Output, shaped as `u`; float32 (float64 where `u` is), since a reduced precision does not suffice for
        a sum over thousands of positions.
    """
    dtype = torch.promote_types(u.dtype, torch.float32)
    scan = _implementation(implementation_name(u.device))
    with torch.autocast(u.device.type, enabled=False):
        return scan(*(argument.to(dtype) for argument in (u, delta, a, b, c, d, delta_bias)))


def implementation_name(device: torch.device) -> ScanName:
    """Choose the implementation on a device: the one of `scanning_with`, or by circumstance.

    A form of fixed size while a network is traced for export, Triton on CUDA where it is installed, else
    plain PyTorch.
    """
    chosen = _chosen.get()
    if chosen is not None:
        return chosen
    if _is_exporting() or torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        return "traced"
    if device.type == "cuda" and find_spec("triton") is not None:
        return "triton"
    return "chunked"


@contextmanager
def scanning_with(name: ScanName) -> Iterator[None]:
    """Do every scan of this thread by one implementation, within this context."""
    token = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(token)


def _implementation(name: ScanName) -> Scan:
    if name == "triton":
        from oemsar.models.vmamba.triton_scan import triton_scan

        return triton_scan
    implementations: dict[str, Scan] = {
        "sequential": sequential_scan,
        "chunked": chunked_scan,
        "traced": traced_scan,
    }
    return implementations[name]
