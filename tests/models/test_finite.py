"""Weights that are not finite are refused wherever a file of them is read."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from oemsar.errors import InputError
from oemsar.inputs import SAR
from oemsar.models import saved
from oemsar.models.checkpoint import read_tensors
from oemsar.models.encoder_file import start_encoder, write_encoder
from oemsar.models.finite import require_finite
from oemsar.models.network import LandCoverNetwork
from oemsar.models.onnx_file import export_model
from oemsar.models.published_encoder import PublishedEncoder
from oemsar.models.spec import ModelSpec

SPEC = ModelSpec(architecture="unet", encoder="tiny", modalities=SAR, mean=(50.0,), std=(40.0,))
NOT_FINITE = {
    "NaN": torch.tensor([0.0, torch.nan, 1.0]),
    "infinite": torch.tensor([0.0, -torch.inf, 1.0]),
    "beyond 32 bits": torch.tensor([0.0, 1e308, 1.0], dtype=torch.float64),
    "NaN of 16 bits": torch.tensor([torch.nan], dtype=torch.bfloat16),
    "complex": torch.tensor([1j]),
}


@pytest.mark.parametrize("value", NOT_FINITE.values(), ids=list(NOT_FINITE))
def test_a_tensor_that_is_not_finite_is_named(value: Tensor) -> None:
    good = {"counts": torch.tensor([3]), "empty": torch.empty(0), "small": torch.tensor([1e-320, -3e38])}
    require_finite(good, "a.pth")
    with pytest.raises(InputError, match=r"a\.pth .*tensor bad"):
        require_finite({**good, "bad": value}, "a.pth")


def _network() -> LandCoverNetwork:
    body = nn.Conv2d(1, 8, 1)
    body.add_module("encoder", nn.Conv2d(1, 4, 3))
    return LandCoverNetwork(SPEC, body, 1)


def _load(path: Path, weights: dict[str, Tensor]) -> None:
    save_file(weights, path / saved.WEIGHTS)
    description = {"spec": SPEC.model_dump(mode="json"), "legend": saved.legend.NAMES, "record": {}}
    (path / saved.DESCRIPTION).write_text(json.dumps(description))
    saved.load_model(path)


def _start(path: Path, weights: dict[str, Tensor]) -> None:
    encoder = {"weight": weights["encoder.weight"].repeat(1, 3, 1, 1), "bias": weights["encoder.bias"]}
    write_encoder(PublishedEncoder("tiny", encoder), path / "encoder.safetensors")
    start_encoder(_network(), path / "encoder.safetensors")


def _import(path: Path, weights: dict[str, Tensor]) -> None:
    torch.save({"state_dict": weights}, path / "a.pth")
    read_tensors(path / "a.pth")


def _import_safetensors(path: Path, weights: dict[str, Tensor]) -> None:
    save_file(weights, path / "a.safetensors")
    read_tensors(path / "a.safetensors")


def _export(path: Path, weights: dict[str, Tensor]) -> None:
    network = _network()
    network.body.load_state_dict(weights)
    export_model(network.eval(), path / "a.onnx")


@pytest.mark.parametrize("read", [_load, _start, _import, _import_safetensors, _export])
@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_every_reader_refuses(
    read: Callable[[Path, dict[str, Tensor]], None],
    bad: float,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(saved, "build", lambda spec: _network())
    body = _network().body.state_dict()
    weights = {f"body.{name}": value for name, value in body.items()} if read is _load else body
    read(tmp_path, weights)
    name = next(name for name in weights if name.endswith("encoder.bias"))
    weights[name] = weights[name].clone()
    weights[name][2] = bad
    with pytest.raises(InputError, match="holds values that are infinite or not a number"):
        read(tmp_path, weights)


@pytest.mark.parametrize("field", ["mean", "std"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", "1e308", "-1e308", "null"])
def test_a_normalisation_that_cannot_be_meant_is_refused_at_load(
    field: str, value: str, tmp_path: Path
) -> None:
    plain = SPEC.model_dump(mode="json") | {field: ["here"]}
    description = {"spec": plain, "legend": saved.legend.NAMES, "record": {}}
    (tmp_path / saved.DESCRIPTION).write_text(json.dumps(description).replace('"here"', value))
    with pytest.raises(InputError, match=r"model\.json"):
        saved.load_model(tmp_path)


@pytest.mark.parametrize("value", ["0", "-1", "1e-320"])
def test_a_standard_deviation_of_nothing_is_refused_at_load(value: str, tmp_path: Path) -> None:
    test_a_normalisation_that_cannot_be_meant_is_refused_at_load("std", value, tmp_path)
