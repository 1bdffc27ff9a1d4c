"""A saved model is read without trusting it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from oemsar.errors import InputError
from oemsar.files import partial_path
from oemsar.models import saved
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec

SPEC = ModelSpec(architecture="unet", encoder="resnet18", modalities="sar", mean=(50.0,), std=(40.0,))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "model"
    saved.save_model(build(SPEC), path, {"seed": 1})
    return path


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "model"
    path.mkdir()
    for file in folder.iterdir():
        (path / file.name).write_bytes(file.read_bytes())
    return path


def _edit(folder: Path, **changes: Any) -> None:
    file = folder / saved.DESCRIPTION
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_a_run_folder_is_as_good_as_its_model(folder: Path) -> None:
    assert saved.load_model(folder.parent).spec == saved.load_model(folder).spec == SPEC


def test_the_folder_holds_weights_and_a_description_of_plain_values(folder: Path) -> None:
    assert sorted(file.name for file in folder.iterdir()) == ["model.json", "model.safetensors"]
    description = json.loads((folder / saved.DESCRIPTION).read_text())
    assert description["record"] == {"seed": 1}
    assert description["spec"]["encoder"] == "resnet18"


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_weights_are_read_by_whoever_reads_the_description(tmp_path: Path, mask: int) -> None:
    """A model on a shared disk is of use to a group, or to nobody else, as the user's files are."""
    before = os.umask(mask)
    try:
        saved.save_model(build(SPEC), tmp_path / "model", {})
    finally:
        os.umask(before)
    modes = {file.stat().st_mode & 0o777 for file in (tmp_path / "model").iterdir()}
    assert modes == {0o666 & ~mask}


def test_a_folder_without_description_is_refused(copy: Path) -> None:
    (copy / saved.DESCRIPTION).unlink()
    with pytest.raises(InputError, match="holds no saved model"):
        saved.load_model(copy)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format": 2}, "not a description of a saved model that this version reads"),
        ({"legend": ["Forest"]}, "another legend"),
        ({"spec": None}, "should be a valid dictionary"),
        ({"spec": SPEC.model_dump(mode="json") | {"architecture": "os.system"}}, "not known"),
        (
            {"spec": SPEC.model_dump(mode="json") | {"encoder": "tu-hf-hub:someone/encoder"}},
            "model.json is of a network that is not known here: encoder tu-hf",
        ),
        ({"spec": SPEC.model_dump(mode="json") | {"mean": [1, 2]}}, "needs 1 numbers"),
        ({"spec": SPEC.model_dump(mode="json") | {"encoder": "resnet34"}}, "does not hold the weights"),
    ],
)
def test_a_description_that_lies_is_refused(copy: Path, changes: dict[str, Any], sentence: str) -> None:
    _edit(copy, **changes)
    with pytest.raises(InputError, match=sentence):
        saved.load_model(copy)


def test_a_pickle_under_the_name_of_the_weights_is_not_executed(copy: Path, tmp_path: Path) -> None:
    class Attack:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "executed",))

    torch.save(Attack(), copy / saved.WEIGHTS)
    with pytest.raises(InputError, match="does not hold the weights"):
        saved.load_model(copy)
    assert not (tmp_path / "executed").exists()


def test_weights_of_another_network_are_refused(copy: Path) -> None:
    save_file({"body.weight": torch.zeros(3)}, copy / saved.WEIGHTS)
    with pytest.raises(InputError, match="does not hold the weights"):
        saved.load_model(copy)


@pytest.mark.parametrize("given", ["run", "model"])
def test_a_save_killed_between_its_renames_is_read_and_left_as_it_is(copy: Path, given: str) -> None:
    copy.rename(partial_path(copy))
    old = copy.with_name(f".{copy.name}.old")
    old.mkdir()
    before = sorted(path.name for path in copy.parent.rglob("*"))
    assert saved.load_model(copy if given == "model" else copy.parent).spec == SPEC
    assert sorted(path.name for path in copy.parent.rglob("*")) == before


def test_the_description_is_typed_and_of_format_1(folder: Path) -> None:
    stored = json.loads((folder / saved.DESCRIPTION).read_text())
    assert list(stored) == ["format", "spec", "legend", "record"]
    assert stored["format"] == 1
    description = saved.ModelDescription.model_validate(stored)
    assert description.spec == SPEC
    assert description.model_dump(mode="json") == {**stored, "calibration": None}


def test_an_unknown_encoder_names_its_neighbours() -> None:
    with pytest.raises(InputError, match=r"did you mean .*resnet18"):
        build(SPEC.model_copy(update={"encoder": "resnet-18"}))


def test_pretrained_weights_without_network_say_what_to_do() -> None:
    code = (
        "from oemsar.models.registry import build; from oemsar.models.spec import ModelSpec; "
        f"build(ModelSpec.model_validate_json({SPEC.model_dump_json()!r}), pretrained=True)"
    )
    offline = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": "/nonexistent"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=offline, capture_output=True, text=True, check=False
    )
    assert "oemsar.errors.Failure: pretrained: the ImageNet weights of encoder resnet18" in done.stderr
    assert "or train without them" in done.stderr


def test_a_model_is_saved_beside_a_log_and_in_no_folder_of_another_origin(
    folder: Path, tmp_path: Path
) -> None:
    network = saved.load_model(folder)
    out = tmp_path / "out"
    out.mkdir()
    (out / "slurm-3.err").write_text("a warning")
    (out / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"out holds notes\.txt and no saved model; choose an empty"):
        saved.save_model(network, out, {})
    assert {path.name for path in out.iterdir()} == {"slurm-3.err", "notes.txt"}
    (out / "notes.txt").unlink()
    saved.save_model(network, out, {})
    assert saved.load_model(out).spec == SPEC
    assert (out / "slurm-3.err").read_text() == "a warning"
