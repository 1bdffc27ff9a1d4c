"""The selective scan as its definition reads, one position after the other."""

import torch
import torch.nn.functional as F
from torch import Tensor


def sequential_scan(
    u: Tensor, delta: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor, delta_bias: Tensor
) -> Tensor:
    """Compute the selective scan of `oemsar.models.vmamba.scan`; its gradient is PyTorch's own.

    The reference that the other implementations are held against: slow, and in training it keeps every state.
    """
    step = F.softplus(delta + delta_bias.unsqueeze(1))
    state = torch.zeros_like(a)
    outputs = []
    # taken apart at once: the gradient of an index would be a tensor of the whole sequence at each position
    for u_t, step_t, b_t, c_t in zip(u.unbind(2), step.unbind(2), b.unbind(2), c.unbind(2), strict=True):
        decay = torch.exp(step_t[..., None] * a)
        state = decay * state + (step_t * u_t)[..., None] * b_t[:, :, None]
        outputs.append((state * c_t[:, :, None]).sum(-1) + d * u_t)
    return torch.stack(outputs, dim=2)
