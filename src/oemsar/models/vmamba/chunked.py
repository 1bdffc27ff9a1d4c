"""The selective scan in plain PyTorch, all chunks of the sequence at once, with its own backward pass.

The sequence is cut into about as many chunks as a chunk has positions. The positions of a chunk are walked
one after the other, but all chunks together: first with no state before the chunk, for the state that each
leaves behind; then, once those states have been handed from chunk to chunk, with the true state before each.
No quotient or difference of cumulated decays is formed, so that nothing can overflow.

Position t of chunk p lies at p * length + t, and `[:, :, t::length]` holds position t of every chunk, also
where the last chunk is shorter than the others.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


def chunked_scan(
    u: Tensor, delta: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor, delta_bias: Tensor
) -> Tensor:
    """Compute the selective scan of `oemsar.models.vmamba.scan`, on any device."""
    output: Tensor = _ChunkedScan.apply(u, delta, a, b, c, d, delta_bias)  # type: ignore[no-untyped-call]
    return output


class _ChunkedScan(torch.autograd.Function):
    """Keeps the input and the state before each chunk; the backward pass walks the chunks once more."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 (PyTorch's context)
        u: Tensor,
        delta: Tensor,
        a: Tensor,
        b: Tensor,
        c: Tensor,
        d: Tensor,
        delta_bias: Tensor,
    ) -> Tensor:
        step = F.softplus(delta + delta_bias.unsqueeze(1))
        output = u * d.unsqueeze(1)
        states = []
        for rate, b_n, c_n in _states(a, b, c):
            before = _states_before_chunks(u, step, rate, b_n)
            states.append(before)
            state = before.clone()
            length = _chunk_length(u)
            for t in range(length):
                u_t, step_t, b_t, c_t, output_t = (x[:, :, t::length] for x in (u, step, b_n, c_n, output))
                now = state[:, :, : u_t.shape[2]]
                now.mul_((step_t * rate).exp_()).add_((step_t * u_t).mul_(b_t))
                output_t.addcmul_(now, c_t)
        ctx.save_for_backward(u, step, a, b, c, d, torch.stack(states))
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:  # noqa: ANN401 (PyTorch's context)
        u, step, a, b, c, d, states = ctx.saved_tensors
        d_u = gradient * d.unsqueeze(1)
        d_step = torch.zeros_like(step)
        d_a, d_b, d_c = torch.empty_like(a), torch.empty_like(b), torch.empty_like(c)
        for n, (rate, b_n, c_n) in enumerate(_states(a, b, c)):
            after = _gradients_after_chunks(gradient, step, rate, c_n)
            d_a[..., n] = _walk_back(
                (u, step, rate, b_n, c_n),
                gradient,
                (states[n], after),
                (d_u, d_step, d_b[..., n : n + 1], d_c[..., n : n + 1]),
            )
        # the derivative of softplus is 1 - exp(-softplus)
        d_delta = d_step.mul_(torch.expm1(-step).neg_())
        return d_u, d_delta, d_a, d_b, d_c, (gradient * u).sum((0, 2)), d_delta.sum((0, 2))


def _states(a: Tensor, b: Tensor, c: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Split decay rate, input weight and output weight by state, shaped to multiply a sequence."""
    count = a.shape[-1]
    return [(a[:, None, :, n], b[..., n : n + 1], c[..., n : n + 1]) for n in range(count)]


def _chunk_length(sequence: Tensor) -> int:
    """Choose the length of a chunk: the root of the sequence's length, so that both loops are short."""
    return math.isqrt(sequence.shape[2] - 1) + 1


def _chunks_like(sequence: Tensor) -> Tensor:
    """Make zeros with one row for each chunk of `sequence`, shape (batch, directions, chunks, channels)."""
    batch, directions, length, channels = sequence.shape
    return sequence.new_zeros(batch, directions, -(-length // _chunk_length(sequence)), channels)


def _states_before_chunks(u: Tensor, step: Tensor, rate: Tensor, b: Tensor) -> Tensor:
    """Compute the state before each chunk, shape (batch, directions, chunks, channels)."""
    length = _chunk_length(u)
    left = _chunks_like(u)
    time = _chunks_like(u)
    for t in range(length):
        u_t, step_t, b_t = (x[:, :, t::length] for x in (u, step, b))
        rows = u_t.shape[2]
        left[:, :, :rows].mul_((step_t * rate).exp_()).add_((step_t * u_t).mul_(b_t))
        time[:, :, :rows].add_(step_t)
    decay = time.mul_(rate).exp_()
    before = torch.zeros_like(left)
    for p in range(1, before.shape[2]):
        torch.addcmul(left[:, :, p - 1], decay[:, :, p - 1], before[:, :, p - 1], out=before[:, :, p])
    return before


def _gradients_after_chunks(gradient: Tensor, step: Tensor, rate: Tensor, c: Tensor) -> Tensor:
    """Compute the gradient of the state after each chunk that comes from later ones, shaped as the states."""
    length = _chunk_length(step)
    left = _chunks_like(step)
    time = _chunks_like(step)
    for t in reversed(range(length)):
        gradient_t, step_t, c_t = (x[:, :, t::length] for x in (gradient, step, c))
        rows = step_t.shape[2]
        left[:, :, :rows].addcmul_(gradient_t, c_t).mul_((step_t * rate).exp_())
        time[:, :, :rows].add_(step_t)
    decay = time.mul_(rate).exp_()
    after = torch.zeros_like(left)
    for p in reversed(range(after.shape[2] - 1)):
        torch.addcmul(left[:, :, p + 1], decay[:, :, p + 1], after[:, :, p + 1], out=after[:, :, p])
    return after


def _walk_back(
    inputs: tuple[Tensor, ...],
    gradient: Tensor,
    bounds: tuple[Tensor, Tensor],
    gradients: tuple[Tensor, ...],
) -> Tensor:
    """Compute the gradients of one state's part of the output.

    With h the state, x = step u b its input and g its gradient: h_t = decay_t h_{t-1} + x_t and
    g_t = c_t gradient_t + decay_{t+1} g_{t+1}.

    Args:
        inputs: The tensors u, step, rate, b and c.
        gradient: Gradient of the output.
        bounds: State before each chunk, and gradient of the state after it.
        gradients: Gradients of u and step, which are added to, and of b and c, which are written.

    Returns:
        The gradient of the decay rate, shape (directions, channels).
    """
    u, step, rate, b, c = inputs
    d_u, d_step, d_b, d_c = gradients
    states = _states_within_chunks(u, step, rate, b, bounds[0])
    length = _chunk_length(u)
    later = bounds[1]
    d_rate = torch.zeros_like(later)
    for t in reversed(range(length)):
        u_t, step_t, b_t, c_t, gradient_t, state = (
            x[:, :, t::length] for x in (u, step, b, c, gradient, states)
        )
        rows = u_t.shape[2]
        previous = bounds[0] if t == 0 else states[:, :, t - 1 :: length]
        now = torch.addcmul(later[:, :, :rows], gradient_t, c_t)
        by_step = now * step_t
        d_b[:, :, t::length] = (by_step * u_t).sum(-1, keepdim=True)
        d_c[:, :, t::length] = (gradient_t * state).sum(-1, keepdim=True)
        d_u[:, :, t::length].addcmul_(by_step, b_t)
        decay = (step_t * rate).exp_()
        decayed = decay * previous[:, :, :rows]
        d_rate[:, :, :rows].addcmul_(by_step, decayed)
        d_step[:, :, t::length].addcmul_(now, decayed.mul_(rate).addcmul_(u_t, b_t))
        torch.mul(now, decay, out=later[:, :, :rows])
    return d_rate.sum((0, 2))


def _states_within_chunks(u: Tensor, step: Tensor, rate: Tensor, b: Tensor, before: Tensor) -> Tensor:
    """Compute the state at every position, shape (batch, directions, length, channels)."""
    length = _chunk_length(u)
    states = torch.empty_like(u)
    previous = before
    for t in range(length):
        u_t, step_t, b_t, now = (x[:, :, t::length] for x in (u, step, b, states))
        torch.mul((step_t * rate).exp_(), previous[:, :, : u_t.shape[2]], out=now)
        previous = now.add_((step_t * u_t).mul_(b_t))
    return states
