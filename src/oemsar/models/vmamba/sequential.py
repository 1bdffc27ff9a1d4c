"""The selective scan as its definition reads, one position after the other."""

import torch
import torch.nn.functional as F
from torch import Tensor


def sequential_scan(
    u: Tensor, delta: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor, delta_bias: Tensor
) -> Tensor:
    """The selective scan of `oemsar.models.vmamba.scan`; its gradient is PyTorch's own.

    The reference that the other implementations are held against: slow, and in training it keeps every state.
    """
    step = F.softplus(delta + delta_bias.unsqueeze(1))
    state = torch.zeros_like(u[:, :, 0, :, None])
    outputs = []
    for t in range(u.shape[2]):
        decay = torch.exp(step[:, :, t, :, None] * a)
        state = decay * state + (step[:, :, t] * u[:, :, t])[..., None] * b[:, :, t, None]
        outputs.append((state * c[:, :, t, None]).sum(-1) + d * u[:, :, t])
    return torch.stack(outputs, dim=2)
