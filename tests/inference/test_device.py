"""Devices on machines that have them or not."""

import pytest
import torch

from oemsar.errors import InputError
from oemsar.inference.device import find_device


def _machine(monkeypatch: pytest.MonkeyPatch, *, cuda: bool, mps: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "found"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_the_first_device_is_found(
    cuda: bool, mps: bool, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _machine(monkeypatch, cuda=cuda, mps=mps)
    assert find_device("auto").type == found
    assert find_device("cpu").type == "cpu"


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, cuda=False, mps=False)
    with pytest.raises(InputError, match="device: cuda is not available on this machine"):
        find_device("cuda")
    with pytest.raises(InputError, match="device: device tpu is not known; choose auto, cuda, mps, cpu"):
        find_device("tpu")  # type: ignore[arg-type]
