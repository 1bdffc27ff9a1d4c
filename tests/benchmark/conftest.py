"""A dataset small enough to train on in seconds, of two regions, one of them with tiles that overlap."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.benchmark.cell import Task
from oemsar.benchmark.plan import Cell, Plan
from oemsar.benchmark.run import _task
from oemsar.dataset.label_regime import Regime
from oemsar.dataset.table import write_tiles
from oemsar.dataset.tile import Split, Tile
from oemsar.inputs import SAR

SIDE = 64
TRAINING = {
    "steps": 4,
    "crop": 32,
    "batch": 2,
    "workers": 0,
    "device": "cpu",
    "validate_every": 4,
    "checkpoint_every": 1,
}
ENCODER = "tu-mobilenetv3_small_050"


def _write(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {"driver": "GTiff", "count": len(pixels), "height": SIDE, "width": SIDE, "dtype": "uint8"}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(pixels)
    return path


def _tile(folder: Path, number: int, place: tuple[Split, str, float]) -> Tile:
    name, (split, region, x), rng = f"t{number}", place, np.random.default_rng(number)
    label = np.kron(rng.integers(1, 9, (4, 4)), np.ones((16, 16), int)).astype(np.uint8)
    images = np.clip(label * 27 + rng.normal(0, 4, (4, SIDE, SIDE)), 0, 255).astype(np.uint8)
    truth = _write(folder / "real" / f"{name}.tif", label[None]) if split != "train" else None
    return Tile(
        name,
        split,
        (SIDE, SIDE),
        grid=GeoBox((SIDE, SIDE), Affine(1, 0, x, 0, -1, 4_000_000), "EPSG:32654"),
        region=region,
        sar=_write(folder / "sar" / f"{name}.tif", images[:1]),
        optical=_write(folder / "optical" / f"{name}.tif", images[1:]),
        pseudo_label=_write(folder / "pseudo" / f"{name}.tif", label[None]),
        real_label=truth,
    )


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two training tiles, two to validate on (too few for R5) and four to test, two of which overlap."""
    folder = tmp_path_factory.mktemp("toy")
    places: list[tuple[Split, str, float]] = [
        *(
            ("train", "A", 400_000.0),
            ("train", "B", 500_000.0),
            ("val", "A", 401_000.0),
            ("val", "B", 501_000.0),
        ),
        *(
            ("test", "A", 402_000.0),
            ("test", "A", 402_032.0),
            ("test", "B", 502_000.0),
            ("test", "B", 503_000.0),
        ),
    ]
    tiles = [_tile(folder, number, place) for number, place in enumerate(places)]
    write_tiles(tiles, folder / "tiles.parquet")
    return folder / "tiles.parquet"


@pytest.fixture
def plan() -> Plan:
    return small_plan()


def small_plan(**changes: Any) -> Plan:
    """Two cells of a small U-Net."""
    options = {
        "networks": {"unet": {"encoder": ENCODER}},
        "modalities": ["optical", "sar"],
        "regimes": ["P"],
        "train": TRAINING,
        "engine": "torch",
        "figure_tiles": 2,
    }
    return Plan.model_validate({**options, **changes})


@pytest.fixture
def make_task(table: Path, plan: Plan) -> Callable[[Path], Task]:
    """The radar cell of the small plan in the folder of a benchmark."""
    cell = Cell("unet", SAR, Regime.P, 0, "stack")
    return lambda out: _task(plan, cell, table, out, ("t4", "t7"))


@pytest.fixture
def change_plan() -> Callable[..., Plan]:
    """Makes the small plan with changes."""
    return small_plan
