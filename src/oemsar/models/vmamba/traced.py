"""The selective scan as a graph of a fixed number of operations, for export to other runtimes.

A loop over positions would be written out for the length it was traced with. Here eight neighbours are
joined to one element of a sequence an eighth as long, as often as the longest sequence needs, and the
results handed down again: every length takes the same operations.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

_NEIGHBOURS = 8
_LEVELS = 8
LONGEST = _NEIGHBOURS**_LEVELS
"""Positions of the longest sequence, 16.8 million: an image of 16384 x 16384 pixels at a stride of 4."""


def traced_scan(
    u: Tensor, delta: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor, delta_bias: Tensor
) -> Tensor:
    """The selective scan of `oemsar.models.vmamba.scan`, for sequences up to `LONGEST`."""
    step = F.softplus(delta + delta_bias.unsqueeze(1))
    scaled = step * u
    output = u * d.unsqueeze(1)
    for n in range(a.shape[-1]):
        decay = torch.exp(step * a[:, None, :, n])
        output = output + _recurrence(decay, scaled * b[..., n : n + 1], _LEVELS) * c[..., n : n + 1]
    return output


def _recurrence(decay: Tensor, x: Tensor, levels: int) -> Tensor:
    """h of h_t = decay_t h_{t-1} + x_t with h_{-1} = 0, shape (batch, directions, length, channels)."""
    if levels == 0:
        return x
    length = x.shape[2]
    missing = -length % _NEIGHBOURS
    decays, inputs = (
        F.pad(part, (0, 0, 0, missing)).unflatten(2, (-1, _NEIGHBOURS)).unbind(3) for part in (decay, x)
    )
    states, products = [inputs[0]], [decays[0]]
    for decay_t, x_t in zip(decays[1:], inputs[1:], strict=True):
        states.append(x_t + decay_t * states[-1])
        products.append(decay_t * products[-1])
    ends = _recurrence(products[-1], states[-1], levels - 1)
    before = F.pad(ends, (0, 0, 1, -1))
    joined = [state + product * before for state, product in zip(states, products, strict=True)]
    return torch.stack(joined, dim=3).flatten(2, 3)[:, :, :length]
