"""`oemsar prepare radiometry` ends as promised."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio

from ..commands import Command, Run


def _command(*arguments: str | Path) -> Command:
    return Command(("oemsar", "prepare", "radiometry", *map(str, arguments)))


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(1, 3000, (60, 70)).astype(np.uint16)
    profile = {"driver": "GTiff", "count": 1, "height": 60, "width": 70, "dtype": "uint16"}
    with rasterio.open(tmp_path / "scene.tif", "w", **profile) as dataset:
        dataset.write(pixels, 1)
    return tmp_path / "scene.tif"


def test_a_scene_is_remapped_and_the_result_is_json(scene: Path, run_command: Run) -> None:
    done = run_command(_command(scene, "--remap", "NRL", "--out", scene.with_name("o.tif"), "--json"))
    assert done.code == 0, done.stderr
    assert f"{scene} is read as amplitude: uint16 pixels, and nothing says" in done.stderr
    summary = json.loads(done.stdout)
    assert (summary["remap"], summary["recognised_by"][:13]) == ("nrl", "uint16 pixels")
    with rasterio.open(summary["out"]) as dataset:
        assert dataset.dtypes == ("uint8",)


def test_the_remaps_are_listed(run_command: Run) -> None:
    listed = json.loads(run_command(_command("--list", "--json")).stdout)["remaps"]
    assert list(listed) == ["identity", "linear", "log", "density", "nrl", "pedf", "percentile", "db-clip"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--remap", "clahe", "--out", "o.tif"], "--remap: remap clahe is not known; choose one of identity"),
        (["--remap", "linear"], "--out: give SCENE"),
        (["--remap", "linear", "--out", "o.tif", "--sigma0"], "carries no calibration"),
    ],
)
def test_a_mistake_ends_in_one_sentence(
    scene: Path, arguments: list[str], words: str, run_command: Run
) -> None:
    done = run_command(_command(scene, *arguments))
    assert done.code == 2
    *told, sentence = done.stderr.splitlines()
    assert words in sentence
    assert all("is read as" in line for line in told)


def test_a_product_and_a_quantity_of_one_name_are_said_once(scene: Path, run_command: Run) -> None:
    done = run_command(_command(scene, "--remap", "linear", "--out", scene.with_name("o.tif")))
    assert done.stdout.splitlines()[0] == "amplitude, 100.0% of the pixels valid"
