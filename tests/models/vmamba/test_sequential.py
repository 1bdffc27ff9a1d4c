"""The selective scan by its definition, against the solution of its recurrence as one sum."""

import torch

from oemsar.models.vmamba.sequential import sequential_scan

from .scans import arguments


def test_each_output_is_the_sum_over_all_inputs_before_it() -> None:
    """h_t = sum over s up to t of exp(a (step_{s+1} + ... + step_t)) step_s b_s u_s."""
    u, delta, a, b, c, d, bias = (value.detach() for value in arguments((2, 4, 9, 3, 2)))
    step = torch.log1p(torch.exp(delta + bias[:, None]))
    passed = step.cumsum(2)
    expected = d[:, None] * u
    for t in range(u.shape[2]):
        for s in range(t + 1):
            decay = torch.exp((passed[:, :, t] - passed[:, :, s])[..., None] * a)
            state = decay * (step[:, :, s] * u[:, :, s])[..., None] * b[:, :, s, None]
            expected[:, :, t] += (state * c[:, :, t, None]).sum(-1)
    torch.testing.assert_close(sequential_scan(u, delta, a, b, c, d, bias), expected)
