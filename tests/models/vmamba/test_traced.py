"""The selective scan as a graph of a fixed number of operations, with the values of the definition."""

import pytest
import torch

from oemsar.models.vmamba.scan import implementation_name
from oemsar.models.vmamba.traced import LONGEST, _recurrence, traced_scan

from .scans import SHAPES, arguments, values_and_gradients


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values_and_gradients_are_those_of_the_definition(shape: tuple[int, int, int, int, int]) -> None:
    expected = values_and_gradients("sequential", arguments(shape))
    for value, truth in zip(values_and_gradients("traced", arguments(shape)), expected, strict=True):
        torch.testing.assert_close(value, truth, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("length", [1, 63, 64, 65, 4096, 5000])
def test_without_decay_the_state_is_the_sum_so_far(length: int) -> None:
    x = torch.randn(1, 2, length, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(length))
    torch.testing.assert_close(_recurrence(torch.ones_like(x), x, 3), x.cumsum(2))


def test_every_length_takes_the_same_operations() -> None:
    def operations(length: int) -> list[str]:
        traced = torch.jit.trace(traced_scan, tuple(x.detach() for x in arguments((1, 4, length, 2, 1))))
        return [node.kind() for node in traced.graph.nodes() if node.kind() != "prim::Constant"]

    assert operations(5) == operations(130)
    assert LONGEST == 16384 * 16384 // 16


def test_it_is_taken_while_a_network_is_traced() -> None:
    seen: list[str] = []

    def watch(x: torch.Tensor) -> torch.Tensor:
        seen.append(implementation_name(torch.device("cuda")))
        return x + 1

    torch.jit.trace(watch, torch.zeros(2), check_trace=False)
    assert set(seen) == {"traced"}
