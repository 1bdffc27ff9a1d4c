"""What the attacks share: a small world, a model, and a server that runs commands against them."""

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from oemsar.dataset.index import index_tiles
from oemsar.models import saved
from oemsar.models.registry import build
from oemsar.models.spec import ModelSpec
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.run import simulate_world

from ..commands import Ended, command_server
from ..dataset.download.conftest import Handler, Server, Zenodo, make_zip
from .attacks import SECONDS, AtOnce, Attack, World, digests_of, order
from .kit import VERBS, Kit, make_kit


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
        architecture="unet", encoder="tu-test_efficientnet", modalities="sar", mean=(60.0,), std=(40.0,)
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
    return digests_of(world.root)


@pytest.fixture(autouse=True)
def _inputs_unchanged(world: World, digests: dict[str, str]) -> Iterator[None]:
    """Hold every input against its digest after each attack; a file that is new there counts, too."""
    yield
    assert digests_of(world.root) == digests


@pytest.fixture(scope="session")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home, present and temporary folder of the commands."""
    return tmp_path_factory.mktemp("streams")


@pytest.fixture(scope="session")
def together(streams: Path) -> Iterator[AtOnce]:
    """Runs commands at once, each in a process of its own, and tells how they ended."""
    elsewhere = {"HOME": str(streams), "TMPDIR": str(streams), "OMP_NUM_THREADS": "1"}
    with command_server() as run:
        yield lambda *orders: run([replace(each, folder=streams, environment=elsewhere) for each in orders])


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


@pytest.fixture(scope="session")
def attack(together: AtOnce) -> Attack:
    """Runs `oemsar ARGV` in a process of its own and tells how it ended."""

    def run(*argv: str | Path, file_bytes: int | None = None, seconds: float = SECONDS) -> Ended:
        return together(order(*argv, file_bytes=file_bytes, seconds=seconds))[0]

    return run


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    """Inputs of every verb that writes."""
    state = Zenodo()
    state.add("dfc25.zip", make_zip({f"dfc25/train/{n}.tif": bytes([n]) * 200_000 for n in range(6)}))
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"zenodo": state}))
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield make_kit(tmp_path_factory.mktemp("kit"), state.api)
    state.stopped.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def _kit_unchanged(kit: Kit, streams: Path) -> Iterator[None]:
    """Hold the inputs against their digests after each test; no command leaves a file elsewhere."""
    inputs, elsewhere = digests_of(kit.root), _uncached(streams)
    yield
    assert digests_of(kit.root) == inputs
    assert _uncached(streams) == elsewhere


def _uncached(folder: Path) -> list[Path]:
    """List what lies in a folder, but for the caches of libraries."""
    return sorted(path for path in folder.rglob("*") if not {".cache", ".config"} & {*path.parts})


@pytest.fixture(scope="session")
def benchmark(kit: Kit, together: AtOnce, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished benchmark of one cell."""
    out = tmp_path_factory.mktemp("benchmark") / "out"
    ended = together(order("-q", *VERBS["benchmark"](kit, out)[0], seconds=120))[0]
    assert ended.code == 0, ended.stderr
    return out
