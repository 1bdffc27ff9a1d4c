"""The selective scan as Triton kernels, for CUDA.

A program takes some channels of one sequence and one state, and walks the positions in blocks. Within a
block all positions are joined at once by an associative scan of pairs (decay, state): after (p, g), (q, h)
is (p q, q g + h). The state before each block is kept, so that the backward pass, which walks the blocks
from the last to the first, need not begin at the front.

Triton may be imported only where it is installed; so may this module.
"""
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable

_POSITIONS = 64
_CHANNELS = 16
"""Sides of a program's block; a block of float32 is 4 KiB, of which the backward pass holds about ten."""


def triton_scan(
    u: Tensor, delta: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor, delta_bias: Tensor
) -> Tensor:
    """Compute the selective scan of `oemsar.models.vmamba.scan` on a CUDA device, in float32 throughout."""
    arguments = (x.float().contiguous() for x in (u, delta, a, b, c, d, delta_bias))
    output: Tensor = _TritonScan.apply(*arguments)
    return output


class _TritonScan(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        u: Tensor,
        delta: Tensor,
        a: Tensor,
        b: Tensor,
        c: Tensor,
        d: Tensor,
        delta_bias: Tensor,
    ) -> Tensor:
        batch, directions, length, channels = u.shape
        states = a.shape[-1]
        grid = (batch * directions, triton.cdiv(channels, _CHANNELS), states)
        by_state = u.new_empty(states, *u.shape)
        before = u.new_empty(states, batch, directions, triton.cdiv(length, _POSITIONS), channels)
        sizes = (batch, directions, length, channels, states)
        _forward[grid](u, delta, a, b, c, delta_bias, by_state, before, *sizes, _POSITIONS, _CHANNELS)
        ctx.save_for_backward(u, delta, a, b, c, d, delta_bias, before)
        return torch.addcmul(_summed(by_state), u, d.unsqueeze(1))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        u, delta, a, b, c, d, delta_bias, before = ctx.saved_tensors
        gradient = gradient.contiguous()
        batch, directions, length, channels = u.shape
        states = a.shape[-1]
        tiles = triton.cdiv(channels, _CHANNELS)
        d_u, d_delta = u.new_empty(states, *u.shape), u.new_empty(states, *u.shape)
        d_a = u.new_empty(batch, *a.shape)
        # every program sums over its own channels; the sum over the programs follows
        d_b, d_c = u.new_empty(tiles, *b.shape), u.new_empty(tiles, *c.shape)
        sizes = (batch, directions, length, channels, states)
        inputs = (u, delta, a, b, c, delta_bias, before, gradient)
        _backward[(batch * directions, tiles, states)](
            *inputs, d_u, d_delta, d_a, d_b, d_c, *sizes, _POSITIONS, _CHANNELS
        )
        d_delta = _summed(d_delta)
        return (
            torch.addcmul(_summed(d_u), gradient, d.unsqueeze(1)),
            d_delta,
            d_a.sum(0),
            _summed(d_b),
            _summed(d_c),
            (gradient * u).sum((0, 2)),
            d_delta.sum((0, 2)),
        )


def _summed(parts: Tensor) -> Tensor:
    return parts[0] if parts.shape[0] == 1 else parts.sum(0)


@triton.jit
def _join(decay_1, state_1, decay_2, state_2):
    """Join the first and then the second element of a scan."""
    return decay_1 * decay_2, decay_2 * state_1 + state_2


@triton.jit
def _softplus(x):
    """log(1 + exp(x)), in two terms of which neither overflows nor cancels."""
    small = tl.exp(-tl.abs(x))
    # log(1 + s) loses all digits of an s far below 1, of which the first two terms of its series are exact
    return tl.maximum(x, 0.0) + tl.where(small < 1e-3, small - 0.5 * small * small, tl.log(1.0 + small))


@triton.jit
def _forward(
    u,
    delta,
    a,
    b,
    c,
    delta_bias,
    output,
    before,
    batch,
    directions,
    length,
    channels,
    states,
    POSITIONS: tl.constexpr,
    CHANNELS: tl.constexpr,
) -> None:
    """One state's part of the output, and the state before each block of positions."""
    sequence = tl.program_id(0).to(tl.int64)
    n = tl.program_id(2).to(tl.int64)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    position = tl.arange(0, POSITIONS)
    there = channel < channels
    parameter = (sequence % directions) * channels + channel
    rate = tl.load(a + parameter * states + n, mask=there, other=0.0)
    bias = tl.load(delta_bias + parameter, mask=there, other=0.0)
    blocks = tl.cdiv(length, POSITIONS)
    part = n * batch * directions + sequence
    state = tl.zeros((CHANNELS,), dtype=tl.float32)
    for block in range(blocks):
        tl.store(before + (part * blocks + block) * channels + channel, state, mask=there)
        t = block * POSITIONS + position
        within = t < length
        inside = within[:, None] & there[None, :]
        where = (sequence * length + t)[:, None] * channels + channel[None, :]
        weight = (sequence * length + t) * states + n
        u_t = tl.load(u + where, mask=inside, other=0.0)
        # outside the image a step of 0 hands the state on as it is
        step = tl.where(
            inside, _softplus(tl.load(delta + where, mask=inside, other=0.0) + bias[None, :]), 0.0
        )
        b_t = tl.load(b + weight, mask=within, other=0.0)
        c_t = tl.load(c + weight, mask=within, other=0.0)
        decay, local = tl.associative_scan(
            (tl.exp(step * rate[None, :]), step * u_t * b_t[:, None]), 0, _join
        )
        now = local + decay * state[None, :]
        tl.store(
            output + part * length * channels + t[:, None] * channels + channel[None, :],
            now * c_t[:, None],
            mask=inside,
        )
        state = tl.sum(tl.where(position[:, None] == POSITIONS - 1, now, 0.0), axis=0)


@triton.jit
def _backward(
    u,
    delta,
    a,
    b,
    c,
    delta_bias,
    before,
    gradient,
    d_u,
    d_delta,
    d_a,
    d_b,
    d_c,
    batch,
    directions,
    length,
    channels,
    states,
    POSITIONS: tl.constexpr,
    CHANNELS: tl.constexpr,
) -> None:
    """One state's part of the gradients; those of b, c and a are summed over the program's own share."""
    sequence = tl.program_id(0).to(tl.int64)
    tile = tl.program_id(1).to(tl.int64)
    n = tl.program_id(2).to(tl.int64)
    channel = tile * CHANNELS + tl.arange(0, CHANNELS)
    position = tl.arange(0, POSITIONS)
    there = channel < channels
    parameter = (sequence % directions) * channels + channel
    rate = tl.load(a + parameter * states + n, mask=there, other=0.0)
    bias = tl.load(delta_bias + parameter, mask=there, other=0.0)
    blocks = tl.cdiv(length, POSITIONS)
    part = n * batch * directions + sequence
    # what the positions after the block give to the gradient of its last state
    later = tl.zeros((CHANNELS,), dtype=tl.float32)
    d_rate = tl.zeros((CHANNELS,), dtype=tl.float32)
    for passed in range(blocks):
        block = blocks - 1 - passed
        t = block * POSITIONS + position
        within = t < length
        inside = within[:, None] & there[None, :]
        where = (sequence * length + t)[:, None] * channels + channel[None, :]
        result = part * length * channels + t[:, None] * channels + channel[None, :]
        weight = (sequence * length + t) * states + n
        u_t = tl.load(u + where, mask=inside, other=0.0)
        raw = tl.load(delta + where, mask=inside, other=0.0) + bias[None, :]
        step = tl.where(inside, _softplus(raw), 0.0)
        b_t = tl.load(b + weight, mask=within, other=0.0)[:, None]
        c_t = tl.load(c + weight, mask=within, other=0.0)[:, None]
        g_t = tl.load(gradient + where, mask=inside, other=0.0)
        decay = tl.exp(step * rate[None, :])
        entered = step * u_t * b_t
        product, local = tl.associative_scan((decay, entered), 0, _join)
        state = tl.load(before + (part * blocks + block) * channels + channel, mask=there, other=0.0)
        now = local + product * state[None, :]
        # the gradient of the state, now_t = c_t gradient_t + decay_{t+1} now_{t+1}; of the next block's first
        # position the decay is in `later` already
        next_inside = ((t + 1) < length)[:, None] & there[None, :]
        raw_next = tl.load(delta + where + channels, mask=next_inside, other=0.0) + bias[None, :]
        step_next = tl.where(next_inside, _softplus(raw_next), 0.0)
        decay_next = tl.where(position[:, None] == POSITIONS - 1, 1.0, tl.exp(step_next * rate[None, :]))
        total, own = tl.associative_scan((decay_next, c_t * g_t), 0, _join, reverse=True)
        now_gradient = own + total * later[None, :]
        later = tl.sum(tl.where(position[:, None] == 0, decay * now_gradient, 0.0), axis=0)
        decayed = now - entered
        by_step = now_gradient * step
        tl.store(d_u + result, by_step * b_t, mask=inside)
        d_step = now_gradient * (u_t * b_t + rate[None, :] * decayed)
        tl.store(d_delta + result, d_step / (1.0 + tl.exp(-raw)), mask=inside)
        d_rate += tl.sum(by_step * decayed, axis=0)
        shared = tile * batch * directions * length * states + weight
        tl.store(d_b + shared, tl.sum(by_step * u_t, axis=1), mask=within)
        tl.store(d_c + shared, tl.sum(g_t * now, axis=1), mask=within)
    tl.store(d_a + (sequence * channels + channel) * states + n, d_rate, mask=there)
