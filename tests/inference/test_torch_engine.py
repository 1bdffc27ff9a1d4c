"""The engine of PyTorch: its precision, its errors, and its worker thread."""

import numpy as np
import pytest
import torch
from torch import nn

from oemsar.errors import OutOfMemory
from oemsar.inference import torch_engine
from oemsar.inference.select import open_engine
from oemsar.inference.torch_engine import TorchEngine
from oemsar.models.network import LandCoverNetwork
from oemsar.models.spec import ModelSpec

from .small import images, pixel_network


@pytest.mark.parametrize(("dtype", "name"), [(None, "float32"), (torch.bfloat16, "bfloat16")])
def test_the_network_runs_in_the_precision_of_the_device(
    dtype: torch.dtype | None, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_engine, "autocast_dtype", lambda _: dtype)
    network = pixel_network()
    seen: list[torch.dtype] = []
    network.body.register_forward_hook(lambda *hooked: seen.append(hooked[2].dtype))
    with TorchEngine(network, False, torch.device("cpu")) as engine:
        (result,) = engine.stream(images((12, 20)))
        assert engine.name == f"torch {name} on cpu"
    assert seen == [dtype or torch.float32]
    assert result.dtype == np.float32
    np.testing.assert_allclose(result.sum(0), 1, atol=1e-6)


class _Broken(nn.Module):
    """A body that fails on images of more than 40 rows."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if images.shape[-2] > 40:
            raise RuntimeError("this body is broken")
        return images.repeat(1, 8, 1, 1)


def test_an_error_of_the_network_is_raised_where_its_result_is_taken() -> None:
    spec = ModelSpec(architecture="unet", encoder="none", modalities="sar", mean=(0.0,), std=(1.0,))
    whole, broken = images((32, 32), (64, 32))
    with open_engine(LandCoverNetwork(spec, _Broken(), 1), kind="torch", device="cpu") as engine:
        stream = engine.stream([whole, broken, whole])
        assert next(stream).shape == (8, 32, 32)
        with pytest.raises(RuntimeError, match="this body is broken"):
            next(stream)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] . DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_lack_of_memory_names_the_size_of_the_image(
    network: LandCoverNetwork, error: RuntimeError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object) -> None:
        raise error

    (image,) = images((32, 48))
    with open_engine(network, kind="torch", device="cpu") as engine:
        monkeypatch.setattr(type(network), "forward", exhausted)
        with pytest.raises(OutOfMemory, match="32 x 48 pixels does not fit"):
            next(engine.stream([image]))
