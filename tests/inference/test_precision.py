"""The number format of a device, on machines that have it or not."""

import pytest
import torch

from oemsar.inference.precision import autocast_dtype


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
