"""The Python interface: every name is there, verbs have one shape, and the types are those users see."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import oemsar

VERBS = [name for name in oemsar.__all__ if name[0].islower() and "_" in name and not name.startswith("__")]
READERS = {"read_tiles", "read_scenes", "load_model"}
"""Verbs whose arguments are inputs alone."""

USES = """
from pathlib import Path
from typing import assert_type

import numpy as np

import oemsar
from oemsar.evaluate.run import Evaluation
from oemsar.models.network import LandCoverNetwork
from oemsar.predict.array import ArrayMap
from oemsar.predict.summary import LandCoverMap

network = oemsar.load_model(Path("runs/sar"))
assert_type(network, LandCoverNetwork)
config = oemsar.PredictConfig(window=512, optical=Path("ortho.tif"))
assert_type(oemsar.predict_scene(network, Path("scene.tif"), Path("map.tif"), config=config), LandCoverMap)
assert_type(oemsar.predict_array(network, np.zeros((1, 64, 80), np.uint8)), ArrayMap)
assert_type(oemsar.load_model("starter"), LandCoverNetwork)
oemsar.predict_scene(["starter", Path("runs/sar"), network], Path("scene.tif"), Path("map.tif"))
oemsar.export_model("starter", Path("starter.onnx"))
tiles = oemsar.read_tiles(Path("tiles.parquet"))
assert_type(tiles, list[oemsar.Tile])
assert_type(oemsar.evaluate_model(network, tiles, Path("scores")), Evaluation)
oemsar.train_model(tiles, Path("runs/new"), config=oemsar.TrainConfig(steps=10))
"""

MISUSE = """
from pathlib import Path

import oemsar

oemsar.predict_scene(Path("run"), Path("scene.tif"), Path("map.tif"), oemsar.PredictConfig())
oemsar.PredictConfig(windows=512)
oemsar.load_model(3)
"""


@pytest.mark.parametrize("name", oemsar.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(oemsar, name) is not None


@pytest.mark.parametrize("name", VERBS)
def test_verbs_take_inputs_then_out_then_keywords(name: str) -> None:
    verb = getattr(oemsar, name)
    parameters = inspect.signature(verb).parameters.values()
    positional = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    keywords = {each.name: each for each in parameters if each.kind is each.KEYWORD_ONLY}
    assert not {"config", "report"} & set(positional)
    for each in keywords.values():
        assert each.default is not each.empty or each.name == "config"
    assert "out" not in positional or positional[-1] == "out"
    assert inspect.signature(verb).return_annotation is not inspect.Signature.empty
    assert (inspect.getdoc(verb) or "").split(".")[0]


def _mypy(source: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "uses.py"
    path.write_text(source)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder / "cache"), str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_types_that_users_see(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    done = _mypy(USES, tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_misuse_is_seen_by_a_type_checker(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    lines = [line for line in _mypy(MISUSE, tmp_path).stdout.splitlines() if "error:" in line]
    assert [line.split(":")[1] for line in lines] == ["6", "7", "8"]
