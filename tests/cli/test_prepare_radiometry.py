"""`oemsar prepare radiometry` ends as promised."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio

SCRIPT = "from oemsar.cli.app import main; main()"


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SCRIPT, "prepare", "radiometry", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(1, 3000, (60, 70)).astype(np.uint16)
    profile = {"driver": "GTiff", "count": 1, "height": 60, "width": 70, "dtype": "uint16"}
    with rasterio.open(tmp_path / "scene.tif", "w", **profile) as dataset:
        dataset.write(pixels, 1)
    return tmp_path / "scene.tif"


def test_a_scene_is_remapped_and_the_result_is_json(scene: Path) -> None:
    done = _run(scene, "--remap", "NRL", "--out", scene.with_name("o.tif"), "--json")
    assert done.returncode == 0, done.stderr
    assert f"{scene} is read as amplitude: uint16 pixels, and nothing says" in done.stderr
    summary = json.loads(done.stdout)
    assert (summary["remap"], summary["recognised_by"][:13]) == ("nrl", "uint16 pixels")
    with rasterio.open(summary["out"]) as dataset:
        assert dataset.dtypes == ("uint8",)


def test_the_remaps_are_listed() -> None:
    listed = json.loads(_run("--list", "--json").stdout)["remaps"]
    assert list(listed) == ["identity", "linear", "log", "density", "nrl", "pedf", "percentile", "db-clip"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--remap", "clahe", "--out", "o.tif"], "--remap: remap clahe is not known; choose one of identity"),
        (["--remap", "linear"], "--out: give SCENE"),
        (["--remap", "linear", "--out", "o.tif", "--sigma0"], "carries no calibration"),
    ],
)
def test_a_mistake_ends_in_one_sentence(scene: Path, arguments: list[str], words: str) -> None:
    done = _run(scene, *arguments)
    assert done.returncode == 2
    *told, sentence = done.stderr.splitlines()
    assert words in sentence
    assert all("is read as" in line for line in told)
