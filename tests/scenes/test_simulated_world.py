"""Orthophoto and radar scene of a simulated world, served and fetched, lie where the world has them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer

from oemsar.scenes.config import FetchConfig, FindConfig
from oemsar.scenes.fetch import fetch_scenes
from oemsar.scenes.find import find_scenes
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.run import simulate_scene

from .server import Server
from .static import Bucket, catalogue
from .tiles import Wms, Wmts, World
from .umbra_bucket import item, legacy

FAST: dict[str, Any] = {"rate": 1000, "tries": 3, "first_wait": 0.01}
STAMP = "2024-05-06-07-08-09_UMBRA-05"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small hilly scene in France."""
    folder = tmp_path_factory.mktemp("simulated") / "scene"
    simulate_scene(folder, config=SceneConfig(size=160, gsd=0.5, relief=10, seed=2, country="FRA"))
    return folder


def corners(path: Path) -> tuple[float, float, float, float]:
    """West, south, east and north of an image."""
    with rasterio.open(path) as dataset:
        ends = [
            dataset.transform @ c
            for c in ((0, 0), (dataset.width, 0), (0, dataset.height), dataset.shape[::-1])
        ]
        lon, lat = Transformer.from_crs(dataset.crs, 4326, always_xy=True).transform(*np.array(ends).T)
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def values_at_centres(image: Path, of: Path) -> NDArray[np.uint8]:
    """Values of an image, by nearest neighbour, at the centres of the pixels of another."""
    with rasterio.open(of) as other, rasterio.open(image) as dataset:
        rows, columns = np.indices(other.shape) + 0.5
        x, y = other.transform.a * columns + other.transform.c, other.transform.e * rows + other.transform.f
        there = Transformer.from_crs(other.crs, dataset.crs, always_xy=True).transform(x, y)
        a, b, c, d, e, f = (~dataset.transform)[:6]
        column = np.floor(a * there[0] + b * there[1] + c).astype(int)
        row = np.floor(d * there[0] + e * there[1] + f).astype(int)
        found: NDArray[np.uint8] = dataset.read([1, 2, 3])[:, row, column]
    return found


@pytest.mark.parametrize("asset", ["l93", "pm", "wms"])
def test_the_orthophoto_comes_back_within_two_grey_levels(
    asset: str, simulated: Path, server: Server, tmp_path: Path
) -> None:
    optical = simulated / "optical.tif"
    world = World.read(optical)
    server.routes += [Wmts(world), Wms(world)]
    endpoint = (f"ign_wmts={server.address}/wmts", f"ign_wms={server.address}/wms")
    area = ",".join(f"{value:.12g}" for value in corners(optical))
    find_scenes(area, tmp_path / "s.parquet", config=FindConfig(source="ign", endpoint=endpoint, **FAST))
    config = FetchConfig(endpoint=endpoint, asset=(asset,), **FAST)
    (file,) = fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=config).files
    with rasterio.open(optical) as dataset:
        expected = dataset.read([1, 2, 3])
    difference = np.abs(values_at_centres(file.path, optical).astype(int) - expected)
    assert np.median(difference) <= 2
    # half a pixel beside it, edges of roofs and fields would differ by far more
    moved = np.abs(values_at_centres(file.path, optical).astype(int) - np.roll(expected, 1, axis=2))
    assert difference.mean() < moved.mean() / 2


def test_the_radar_scene_comes_back_to_the_byte(simulated: Path, server: Server, tmp_path: Path) -> None:
    radar = simulated / "sar.tif"
    box = corners(radar)
    bucket = Bucket("b")
    folder = f"sar-data/tasks/Simulated, France /11/{STAMP}/{STAMP}"
    bucket.files[f"{folder}_GEC.tif"] = radar.read_bytes()
    bucket.files[f"{folder}_METADATA.json"] = json.dumps(legacy("2024-05-06T07:08:09+00:00", box)).encode()
    catalogue(bucket, {"2024-05-06": [item("i", "2024-05-06T07:08:09Z", 5, box=box)]})
    server.routes.append(bucket)
    endpoint = (f"umbra_bucket={server.address}/b", f"umbra_catalog={server.address}/b/stac/catalog.json")
    area = ",".join(f"{value:.12g}" for value in box)
    find_scenes(area, tmp_path / "s.parquet", config=FindConfig(source="umbra", endpoint=endpoint, **FAST))
    config = FetchConfig(endpoint=endpoint, asset=("GEC",), **FAST)
    (file,) = fetch_scenes(tmp_path / "s.parquet", tmp_path / "out", config=config).files
    assert file.path.read_bytes() == radar.read_bytes()
