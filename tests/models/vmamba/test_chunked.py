"""The selective scan in chunks: values and gradients of the definition, whatever the length."""

import pytest
import torch

from oemsar.models.vmamba.chunked import _chunk_length, chunked_scan

from .scans import SHAPES, arguments, values_and_gradients


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values_and_gradients_are_those_of_the_definition(shape: tuple[int, int, int, int, int]) -> None:
    expected = values_and_gradients("sequential", arguments(shape))
    for value, truth in zip(values_and_gradients("chunked", arguments(shape)), expected, strict=True):
        torch.testing.assert_close(value, truth, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("length", [1, 4, 5])
def test_gradients_are_those_of_finite_differences(length: int) -> None:
    assert torch.autograd.gradcheck(chunked_scan, arguments((1, 1, length, 2, 2)))


@pytest.mark.parametrize(
    ("length", "chunk"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4), (4096, 64), (4097, 65)]
)
def test_a_chunk_has_as_many_positions_as_the_root_of_the_length(length: int, chunk: int) -> None:
    assert _chunk_length(torch.empty(1, 1, length, 1)) == chunk
