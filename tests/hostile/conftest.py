"""What the attacks share: a small world, a model, and a server that runs commands against them."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from oemsar.dataset.index import index_tiles
from oemsar.models import saved
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.run import simulate_world

from .attacks import SECONDS, Attack, Ended, World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A dataset of two regions, a scene and a model with random weights."""
    root = tmp_path_factory.mktemp("hostile")
    data = root / "data"
    simulate_world(data, config=WorldConfig(regions=2, tiles=3, size=64, val=1, test=1, scene=160, workers=1))
    table = root / "tiles.parquet"
    index_tiles(data, table)
    torch.manual_seed(0)
    spec = ModelSpec(
        architecture="unet", encoder="tu-mobilenetv3_small_050", modalities="sar", mean=(60.0,), std=(40.0,)
    )
    saved.save_model(build(spec), root / "model", {})
    scenes = data / "scenes"
    return World(
        root,
        next(scenes.glob("*_sar.tif")),
        next(scenes.glob("*_optical.tif")),
        data,
        table,
        root / "model",
    )


@pytest.fixture(scope="session")
def digests(world: World) -> dict[str, str]:
    """SHA-256 of every input, before any attack."""
    return _digests(world.root)


@pytest.fixture(autouse=True)
def _inputs_unchanged(world: World, digests: dict[str, str]) -> Iterator[None]:
    """Hold every input against its digest after each attack; a file that is new there counts, too."""
    yield
    assert _digests(world.root) == digests


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="session")
def attack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    """Runs `oemsar ARGV` in a process of its own and tells how it ended."""
    folder = tmp_path_factory.mktemp("streams")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HOME": str(folder)}
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("server.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    requests, answers = server.stdin, server.stdout

    def run(*argv: str | Path, file_bytes: int | None = None, seconds: float = SECONDS) -> Ended:
        task = {"argv": [*map(str, argv)], "seconds": seconds, "file_bytes": file_bytes}
        requests.write(json.dumps(task) + "\n")
        requests.flush()
        return Ended(**json.loads(answers.readline()))

    yield run
    requests.close()
    server.wait(30)


@pytest.fixture(scope="session")
def case_scripts() -> Path:
    """Folder of scripts that make inputs like those of public bug reports, beside the real samples."""
    named = os.environ.get("OEMSAR_REAL_DATA")
    shared = Path(named).parent if named else Path(__file__).resolve().parents[2].parent / "shared"
    folder = shared / "cases"
    if not folder.is_dir():
        pytest.skip(
            f"no scripts of cases: {folder} is absent; set OEMSAR_REAL_DATA to the folder of real samples "
            "that has cases beside it"
        )
    return folder


@pytest.fixture(scope="session")
def case_world(tmp_path_factory: pytest.TempPathFactory, case_scripts: Path) -> Path:
    """Simulated world that the scripts of cases start from."""
    assert case_scripts.is_dir()
    out = tmp_path_factory.mktemp("cases") / "world"
    config = WorldConfig(regions=1, tiles=8, size=128, val=1, test=1, scene=400, workers=1)
    simulate_world(out, config=config)
    return out
