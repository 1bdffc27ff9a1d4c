"""The table of a simulated release: 35 regions of 24 tiles, of which 6 are val and 14 test."""

from pathlib import Path

import pytest

from oemsar.dataset.regions import assign_regions
from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import Tile
from oemsar.simulate.release.config import WorldConfig
from oemsar.simulate.release.plan import World, plan_world


@pytest.fixture(scope="session")
def world() -> World:
    return plan_world(WorldConfig(regions=35, tiles=24, size=64, seed=5, val=6, test=14))


@pytest.fixture(scope="session")
def bare_tiles(world: World) -> list[Tile]:
    """The tiles of the world before regions are assigned; their files are not written."""
    return [
        Tile(
            name=planned.name,
            split=planned.split,
            shape=planned.grid.shape,
            grid=planned.grid,
            sar=Path(f"{planned.name}.tif"),
            pseudo_label=Path("pseudo") / f"{planned.name}.tif",
            real_label=None if planned.split == "train" else Path("real") / f"{planned.name}.tif",
        )
        for planned in world.tiles
    ]


@pytest.fixture(scope="session")
def release(bare_tiles: list[Tile]) -> list[Tile]:
    return assign_regions(bare_tiles)


@pytest.fixture
def release_table(release: list[Tile], tmp_path: Path) -> Path:
    write_tiles(release, tmp_path / "tiles.parquet")
    return tmp_path / "tiles.parquet"
