"""The implementations of the selective scan against its definition, and in themselves."""

from importlib.util import find_spec

import pytest
import torch

from oemsar.models.vmamba.scan import implementation_name, scanning_with, selective_scan

from .scans import arguments, values_and_gradients


@pytest.mark.parametrize("name", ["sequential", "chunked", "traced"])
def test_a_constant_input_gives_a_geometric_series(name: str) -> None:
    # step 1 where delta + bias = log(e - 1); h_t = sum of e^(a s) over s = 0..t
    length, rate = 50, -0.3
    ones = torch.ones(1, 1, length, 1, dtype=torch.float64)
    bias = torch.tensor([[0.25]], dtype=torch.float64)
    delta = ones * float(torch.tensor(1.0, dtype=torch.float64).expm1().log()) - bias
    a = torch.full((1, 1, 1), rate, dtype=torch.float64)
    with scanning_with(name):
        output = selective_scan(ones, delta, a, ones, ones, torch.full((1, 1), 2.0).double(), bias)
    t = torch.arange(length, dtype=torch.float64)
    series = (1 - torch.exp(rate * (t + 1))) / (1 - torch.exp(torch.tensor(rate, dtype=torch.float64)))
    torch.testing.assert_close(output.flatten(), series + 2)


@pytest.mark.parametrize("name", ["chunked", "traced"])
def test_steep_decays_and_long_steps_stay_finite(name: str) -> None:
    u, delta, a, b, c, d, bias = (x.detach() for x in arguments((1, 2, 300, 4, 1), torch.float32))
    given = [u, 50 * delta, 100 * a, b, c, d, bias]
    results = values_and_gradients(name, [value.requires_grad_() for value in given])
    expected = values_and_gradients("sequential", given)
    for value, truth in zip(results, expected, strict=True):
        assert value.isfinite().all()
        torch.testing.assert_close(value, truth, rtol=2e-4, atol=2e-4 * float(truth.detach().abs().max()))


def test_the_scan_sums_in_float32_under_bfloat16() -> None:
    given = [value.detach().bfloat16() for value in arguments((1, 2, 200, 3, 1))]
    with torch.autocast("cpu", torch.bfloat16):
        output = selective_scan(*given)
    with scanning_with("sequential"):
        exact = selective_scan(*(value.double() for value in given))
    assert output.dtype == torch.float32
    torch.testing.assert_close(output.double(), exact, rtol=1e-4, atol=1e-4)


def test_the_implementation_fits_the_circumstances() -> None:
    assert implementation_name(torch.device("cpu")) == "chunked"
    assert implementation_name(torch.device("mps")) == "chunked"
    with_triton = find_spec("triton") is not None
    assert implementation_name(torch.device("cuda")) == ("triton" if with_triton else "chunked")
    with scanning_with("sequential"):
        assert implementation_name(torch.device("cuda")) == "sequential"
