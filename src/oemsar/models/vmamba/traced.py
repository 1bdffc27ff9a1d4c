"""The selective scan as a graph of a fixed number of operations, for export to other runtimes.

A loop over positions would be written out for the length it was traced with. Here the positions within
groups of 64 are joined by doubling (Hillis and Steele 1986), every group becomes one element of a sequence
a 64th as long, and so on as often as the longest sequence needs: every length takes the same operations.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

_DOUBLINGS = 6
_GROUP = 2**_DOUBLINGS
_LEVELS = 4
LONGEST = _GROUP**_LEVELS
"""Positions of the longest sequence, 16.8 million: an image of 16384 x 16384 pixels at a stride of 4."""


def traced_scan(
    u: Tensor, delta: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor, delta_bias: Tensor
) -> Tensor:
    """Compute the selective scan of `oemsar.models.vmamba.scan`, for sequences up to `LONGEST`."""
    step = F.softplus(delta + delta_bias.unsqueeze(1))
    scaled = step * u
    output = u * d.unsqueeze(1)
    for n in range(a.shape[-1]):
        decay = torch.exp(step * a[:, None, :, n])
        output = output + _recurrence(decay, scaled * b[..., n : n + 1], _LEVELS) * c[..., n : n + 1]
    return output


def _recurrence(decay: Tensor, x: Tensor, levels: int) -> Tensor:
    """Solve h_t = decay_t h_{t-1} + x_t with h_{-1} = 0, shape (batch, directions, length, channels)."""
    if levels == 0:
        return x
    length = x.shape[2]
    missing = -length % _GROUP
    decay, x = (torch.unflatten(F.pad(part, (0, 0, 0, missing)), 2, (-1, _GROUP)) for part in (decay, x))
    for doubling in range(_DOUBLINGS):
        reach = 2**doubling
        x = x + decay * F.pad(x, (0, 0, reach, -reach))
        decay = decay * F.pad(decay, (0, 0, reach, -reach), value=1.0)
    ends = _recurrence(decay[:, :, :, -1], x[:, :, :, -1], levels - 1)
    before = F.pad(ends, (0, 0, 1, -1)).unsqueeze(3)
    return (x + decay * before).flatten(2, 3)[:, :, :length]
