"""The selective scan in Triton, in its interpreter and on a device."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from oemsar.models.vmamba.scan import scanning_with, selective_scan

from .scans import SHAPES, TRITON_SHAPES, arguments, values_and_gradients


@pytest.mark.skipif(find_spec("triton") is None, reason="triton is not installed")
def test_triton_in_its_interpreter_gives_the_values_and_gradients_of_the_definition() -> None:
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("scans.py")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["compared", str(len(TRITON_SHAPES))]


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
