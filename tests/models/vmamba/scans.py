"""Arguments of selective scans, and their values and gradients by each implementation."""

import torch

from oemsar.models.vmamba.scan import scanning_with, selective_scan

SHAPES = [(2, 4, 37, 5, 1), (1, 4, 1, 3, 1), (1, 2, 2, 1, 1), (1, 2, 64, 3, 2), (2, 1, 65, 4, 3)]
"""(batch, directions, length, channels, states), lengths of one, of whole chunks and of broken ones."""

TRITON_SHAPES = [(1, 2, 1, 3, 1), (2, 1, 19, 5, 1), (1, 2, 16, 4, 2)]
"""Of one block, of several and of broken ones, with blocks of 8 positions by 4 channels."""


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
