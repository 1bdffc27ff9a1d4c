"""The choice of an engine, by what is asked for and what there is."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from oemsar.errors import InputError
from oemsar.inference import select
from oemsar.inference.select import open_engine, open_model
from oemsar.models.network import LandCoverNetwork
from oemsar.models.saved import save_model
from oemsar.models.spec import ModelSpec

from .small import images, pixel_network


def test_without_openvino_pytorch_is_taken_unless_openvino_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(select, "find_spec", lambda _: None)
    with open_engine(pixel_network(), device="cpu") as engine:
        assert engine.name.startswith("torch")
    with pytest.raises(InputError, match=r"engine: openvino is not installed; install it with pip"):
        open_engine(pixel_network(), kind="openvino", device="cpu")


def test_openvino_is_refused_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(select, "find_device", lambda _: torch.device("cuda"))
    with pytest.raises(InputError, match="engine, device: openvino runs on the CPU, not on cuda"):
        open_engine(pixel_network(), kind="openvino", device="cuda")


@pytest.mark.parametrize(("architecture", "library"), [("unet", "openvino"), ("vmamba", "torch")])
def test_the_faster_library_is_taken_on_a_cpu(architecture: str, library: str) -> None:
    spec = ModelSpec(architecture=architecture, encoder="none", modalities="sar", mean=(0.0,), std=(1.0,))
    with open_engine(LandCoverNetwork(spec, nn.Conv2d(1, 8, 1), 1).eval(), device="cpu") as engine:
        assert engine.name.startswith(library)


@pytest.mark.parametrize(
    ("kind", "device", "sentence"), [("onnx", "auto", "not known"), ("auto", "tpu", "not known")]
)
def test_an_engine_or_device_that_is_not_known_is_refused(
    network: LandCoverNetwork, kind: str, device: str, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        open_engine(network, kind=kind, device=device)  # type: ignore[arg-type]


def test_a_model_is_opened_by_its_path_or_as_a_network(unet: LandCoverNetwork, tmp_path: Path) -> None:
    save_model(unet, tmp_path / "run" / "model", {})
    (image,) = images((40, 25))
    results = []
    for model in (tmp_path / "run", tmp_path / "run" / "model", unet):
        with open_model(model, engine="torch", device="cpu") as engine:
            assert engine.spec == unet.spec
            results.append(next(engine.stream([image])))
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])
    with pytest.raises(RuntimeError, match="shutdown"):
        engine.submit(image)
