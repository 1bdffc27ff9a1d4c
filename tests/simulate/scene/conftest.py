"""A small hilly scene, built once: its world, and its files."""

from pathlib import Path

import pytest

from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.run import simulate_scene
from oemsar.simulate.scene.world import SimulatedScene

CONFIG = SceneConfig(
    size=256,
    gsd=0.5,
    relief=28,
    incidence=38,
    look_azimuth=75,
    offset=12,
    seed=4,
    country="FRA",
    character="rural",
    reflectors=12,
)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[SimulatedScene, Path]:
    path = tmp_path_factory.mktemp("scene")
    return simulate_scene(path, config=CONFIG.model_copy(update={"slant": True})), path


@pytest.fixture(scope="session")
def folder(written: tuple[SimulatedScene, Path]) -> Path:
    return written[1]


@pytest.fixture(scope="session")
def scene(written: tuple[SimulatedScene, Path]) -> SimulatedScene:
    return written[0]
