"""Of a checkpoint only tensors are read, wherever they lie in it."""

import argparse
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from oemsar.errors import InputError
from oemsar.limits import raised_limits
from oemsar.models.checkpoint import first_difference, read_tensors

TENSORS = {"conv.weight": torch.arange(6.0).view(2, 3), "conv.bias": torch.ones(2)}


class _Attack:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (eval, (f"open({str(self.mark)!r}, 'w')",))


@pytest.mark.parametrize(
    "content",
    [
        TENSORS,
        OrderedDict(TENSORS),
        {f"module.{name}": value for name, value in TENSORS.items()},
        {"state_dict": TENSORS, "epoch": 7},
        {"model": TENSORS, "optimizer": {"state": {}, "lr": 0.1}},
        {"model_state_dict": {f"module.{name}": value for name, value in TENSORS.items()}},
        {"model": TENSORS, "best": np.float64(0.3), "options": argparse.Namespace(size=4)},
    ],
    ids=["bare", "ordered", "parallel", "state_dict", "model", "model_state_dict", "with objects"],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_are_found(tmp_path: Path, content: dict[str, Any], zipped: bool) -> None:
    if not zipped and "options" in content:
        pytest.skip("files of before PyTorch 1.6 are read only where nothing else lies in them")
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    found = read_tensors(tmp_path / "a.pth")
    assert found.keys() == TENSORS.keys()
    assert all(torch.equal(found[name], value) for name, value in TENSORS.items())


def test_a_prefix_that_not_all_names_have_is_part_of_the_names(tmp_path: Path) -> None:
    """A network may have a part of its own called module."""
    content = {"module.weight": torch.ones(2), "weight": torch.zeros(3), "module.bias": torch.ones(4)}
    torch.save(content, tmp_path / "a.pth")
    assert {name: len(value) for name, value in read_tensors(tmp_path / "a.pth").items()} == {
        "module.weight": 2,
        "weight": 3,
        "module.bias": 4,
    }


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_checkpoint_is_not_executed(tmp_path: Path, zipped: bool) -> None:
    mark = tmp_path / "executed"
    content = {"model": TENSORS, "attack": _Attack(mark)}
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    if zipped:
        assert read_tensors(tmp_path / "a.pth").keys() == TENSORS.keys()
    else:
        with pytest.raises(InputError, match="of tensors alone"):
            read_tensors(tmp_path / "a.pth")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"no checkpoint", "cannot be read as a PyTorch checkpoint"),
        (b"", "cannot be read as a PyTorch checkpoint"),
        ({"epoch": 3}, "holds no tensors by name"),
        (torch.nn.Linear(2, 2), "holds no tensors by name"),
        ([torch.ones(1)], "holds no tensors by name"),
        (None, "does not exist"),
    ],
    ids=["text", "empty", "plain values", "whole module", "list", "no file"],
)
def test_a_file_without_a_state_is_refused(tmp_path: Path, content: Any, sentence: str) -> None:
    path = tmp_path / "a.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(InputError, match=rf"a\.pth {sentence}"):
        read_tensors(path)


def test_the_first_difference_is_named() -> None:
    one = {"a": torch.ones(2, 3), "b": torch.ones(4)}
    assert first_difference(one, dict(one)) is None
    assert first_difference(one, {"b": one["b"]}) == "tensor a is missing"
    assert first_difference(one, {**one, "b": torch.ones(5)}) == "tensor b has the shape (5,), not (4,)"
    assert first_difference(one, {**one, "c": torch.ones(1)}) == "tensor c belongs to no layer of it"


def test_a_compressed_checkpoint_is_held_against_the_limits(tmp_path: Path) -> None:
    stored, packed = tmp_path / "a.pth", tmp_path / "b.pth"
    torch.save({"weight": torch.zeros(1 << 20)}, stored)
    with zipfile.ZipFile(stored) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bomb:
        for name in source.namelist():
            bomb.writestr(name, source.read(name))
    assert packed.stat().st_size < 1 << 15
    with raised_limits(array_bytes=1 << 20):
        assert read_tensors(stored)["weight"].shape == (1 << 20,)
        with pytest.raises(InputError, match=r"b\.pth declares bytes unpacked: .*raise array_bytes"):
            read_tensors(packed)


@pytest.mark.parametrize(
    "value",
    [
        torch.empty(2, 3, device="meta"),
        torch.ones(1).expand(10**6, 10**6),
        torch.eye(3).to_sparse(),
        torch.ones(2, 3).to(torch.float8_e4m3fn),
    ],
    ids=["meta", "view", "sparse", "float8"],
)
def test_tensors_that_are_not_plain_are_refused(value: torch.Tensor, tmp_path: Path) -> None:
    torch.save({"conv.bias": torch.ones(2), "conv.weight": value}, tmp_path / "odd.pth")
    with pytest.raises(InputError, match=r"tensor conv\.weight in a form that is not read"):
        read_tensors(tmp_path / "odd.pth")
