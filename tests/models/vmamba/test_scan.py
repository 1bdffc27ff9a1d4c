"""The implementations of the selective scan against its definition, and in themselves."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch

from oemsar.models.vmamba.cross_scan import cross_merge, cross_scan
from oemsar.models.vmamba.scan import implementation_name, scanning_with, selective_scan

SHAPES = [(2, 4, 37, 5, 1), (1, 4, 1, 3, 1), (1, 2, 2, 1, 1), (1, 2, 64, 3, 2), (2, 1, 65, 4, 3)]
"""(batch, directions, length, channels, states), lengths of one, of whole chunks and of broken ones."""


def arguments(
    shape: tuple[int, int, int, int, int], dtype: torch.dtype = torch.float64
) -> list[torch.Tensor]:
    batch, directions, length, channels, states = shape
    random = torch.Generator().manual_seed(length)

    def noise(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=random, dtype=torch.float64)

    sequence, weights = (batch, directions, length, channels), (batch, directions, length, states)
    values = [
        *(noise(*sequence), noise(*sequence)),
        -3 * noise(directions, channels, states).abs(),
        *(noise(*weights), noise(*weights)),
        *(noise(directions, channels), noise(directions, channels)),
    ]
    return [value.to(dtype).requires_grad_() for value in values]


def values_and_gradients(name: str, given: list[torch.Tensor]) -> list[torch.Tensor]:
    with scanning_with(name):
        output = selective_scan(*given)
    weights = torch.randn(output.shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    return [output, *torch.autograd.grad(output, given, weights.to(output.dtype))]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["chunked", "traced"])
def test_values_and_gradients_are_those_of_the_definition(
    name: str, shape: tuple[int, int, int, int, int]
) -> None:
    expected = values_and_gradients("sequential", arguments(shape))
    for value, truth in zip(values_and_gradients(name, arguments(shape)), expected, strict=True):
        torch.testing.assert_close(value, truth, rtol=1e-9, atol=1e-10)


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


def test_merging_what_was_scanned_gives_four_times_the_image() -> None:
    image = torch.arange(2 * 3 * 5 * 2.0).reshape(2, 3, 5, 2)
    sequences = cross_scan(image[:, None].expand(-1, 4, -1, -1, -1))
    assert torch.equal(cross_merge(sequences, 3, 5), 4 * image)


def test_the_four_directions() -> None:
    image = torch.tensor([[0.0, 1, 2], [3, 4, 5]])[None, None, :, :, None].expand(1, 4, -1, -1, -1)
    by_rows, by_columns = [0, 1, 2, 3, 4, 5], [0, 3, 1, 4, 2, 5]
    expected = [by_rows, by_columns, by_rows[::-1], by_columns[::-1]]
    assert cross_scan(image)[0, :, :, 0].tolist() == expected


def test_the_implementation_fits_the_circumstances() -> None:
    assert implementation_name(torch.device("cpu")) == "chunked"
    assert implementation_name(torch.device("mps")) == "chunked"
    with_triton = find_spec("triton") is not None
    assert implementation_name(torch.device("cuda")) == ("triton" if with_triton else "chunked")
    with scanning_with("sequential"):
        assert implementation_name(torch.device("cuda")) == "sequential"


@pytest.mark.skipif(find_spec("triton") is None, reason="triton is not installed")
def test_triton_in_its_interpreter_gives_the_values_and_gradients_of_the_definition() -> None:
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, __file__], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["compared", str(len(TRITON_SHAPES))]


TRITON_SHAPES = [(1, 2, 1, 3, 1), (2, 1, 19, 5, 1), (1, 2, 16, 4, 2)]
"""Of one block, of several and of broken ones, with blocks of 8 positions by 4 channels."""


@pytest.mark.skipif(not torch.cuda.is_available() or find_spec("triton") is None, reason="no CUDA or Triton")
@pytest.mark.parametrize("shape", [*SHAPES, (2, 4, 1023, 192, 1), (1, 4, 300, 96, 16)], ids=str)
def test_triton_on_a_device_gives_the_values_and_gradients_of_the_definition(
    shape: tuple[int, int, int, int, int],
) -> None:
    given = [value.detach().cuda().requires_grad_() for value in arguments(shape, torch.float32)]
    expected = values_and_gradients("sequential", arguments(shape))
    with scanning_with("triton"):
        output = selective_scan(*given)
    weights = torch.randn(output.shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    gradients = torch.autograd.grad(output, given, weights.float().cuda())
    for value, truth in zip([output, *gradients], expected, strict=True):
        difference = (value.detach().cpu().double() - truth).norm()
        assert difference <= 5e-5 * truth.detach().norm() + 1e-6


def compare_triton() -> None:
    """Run in a process of its own: Triton decides on its interpreter when it is imported."""
    from oemsar.models.vmamba import triton_scan

    triton_scan._POSITIONS, triton_scan._CHANNELS = 8, 4
    for shape in TRITON_SHAPES:
        given = arguments(shape, torch.float32)
        expected = values_and_gradients("sequential", given)
        for value, truth in zip(values_and_gradients("triton", given), expected, strict=True):
            torch.testing.assert_close(
                value, truth, rtol=2e-4, atol=2e-5 * float(truth.detach().abs().max()) + 1e-6
            )
    print("compared", len(TRITON_SHAPES))


if __name__ == "__main__":
    compare_triton()
