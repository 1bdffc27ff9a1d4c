"""Devices and precision on machines that have them or not."""

import pytest
import torch

from oemsar.errors import InputError
from oemsar.inference.class_map import class_ids
from oemsar.inference.device import find_device
from oemsar.inference.precision import autocast_dtype


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


@pytest.mark.parametrize(
    ("capabilities", "dtype"),
    [({}, None), ({"avx512_bf16": True}, torch.bfloat16), ({"amx_bf16": True}, torch.bfloat16)],
)
def test_a_processor_computes_in_bfloat16_where_it_multiplies_it(
    capabilities: dict[str, bool], dtype: torch.dtype | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert autocast_dtype(torch.device("cpu")) is dtype
    assert autocast_dtype(torch.device("mps")) is None


@pytest.mark.parametrize(("capability", "dtype"), [((7, 5), torch.float16), ((8, 0), torch.bfloat16)])
def test_a_cuda_device_computes_in_its_reduced_precision(
    capability: tuple[int, int], dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert autocast_dtype(torch.device("cuda")) is dtype


def test_the_class_of_a_pixel_is_the_most_probable_one() -> None:
    probabilities = torch.zeros(8, 2, 3)
    for number, (row, column) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]):
        probabilities[number + 2, row, column] = 0.6
    assert class_ids(probabilities.numpy()).tolist() == [[3, 4, 5], [6, 7, 8]]
