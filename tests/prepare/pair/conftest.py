"""A simulated region, its tie points from the truth, and the pair made of it once for all tests."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import yaml
from numpy.typing import NDArray

from oemsar.geometry.look import look_tags, read_look
from oemsar.prepare.pair.results import Pair
from oemsar.prepare.pair.run import make_pair
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.run import simulate_scene

SIZE = 512
DOTS = 12


@dataclass(frozen=True)
class Scene:
    """A simulated scene whose radar image shows bright dots on the ground.

    Attributes:
        folder: its files.
        truth: column and row of the radar image at every pixel of the orthophoto.
        ground: bare ground that the radar sees alone.
        dots: columns and rows of the orthophoto, (dots, 2), whose ground is bright in the radar image.
    """

    folder: Path
    truth: NDArray[np.float32]
    ground: NDArray[np.bool_]
    dots: NDArray[np.intp]


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of alignments take a third of the time of a small pair, and nothing here looks at them."""
    monkeypatch.setattr("oemsar.prepare.align.run.draw_pictures", lambda *_: [])


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("scene") / "scene"
    simulate_scene(
        folder,
        config=SceneConfig(
            size=SIZE,
            relief=25.0,
            look_azimuth=95.0,
            offset=12.0,
            seed=7,
            country="FRA",
            character="suburban",
        ),
    )
    with rasterio.open(folder / "displacement.tif") as dataset:
        truth = dataset.read()
    with rasterio.open(folder / "masks.tif") as dataset:
        ground = dataset.read(3) == 1
    rng = np.random.default_rng(0)
    inner = np.argwhere(ground[40:-40, 40:-40]) + 40
    dots = rng.permutation(inner)[:DOTS, ::-1]
    with rasterio.open(folder / "sar.tif", "r+") as dataset:
        pixels = dataset.read(1)
        pixels = np.where(pixels > 0, np.clip(pixels, 1, 60), 0).astype(np.uint8)
        rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
        for x, y in dots:
            away = np.hypot(columns - truth[0, y, x], rows - truth[1, y, x])
            pixels = np.maximum(pixels, (255 * np.exp(-((away / 1.5) ** 2))).astype(np.uint8))
        dataset.write(pixels, 1)
    tie_points(folder / "ties.geojson", truth, ground, 7)
    tie_points(folder / "few.geojson", truth, ground, 2)
    return Scene(folder, truth, ground, dots)


def tie_points(path: Path, truth: NDArray[np.float32], ground: NDArray[np.bool_], side: int) -> None:
    """Tie points from the truth, one in each of side x side cells that shows ground."""
    features = []
    for cell in np.ndindex(side, side):
        corner = np.array(cell) * (SIZE // side)
        inside = np.argwhere(
            ground[corner[0] : corner[0] + SIZE // side, corner[1] : corner[1] + SIZE // side]
        )
        if not inside.size:
            continue
        y, x = (int(value) for value in inside[len(inside) // 2] + corner)
        places = {"sar_x": float(truth[0, y, x]), "sar_y": float(truth[1, y, x])}
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [0, 0]},
                "properties": {**places, "optical_x": x, "optical_y": y},
            }
        )
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


Write = Callable[..., Path]


@pytest.fixture
def region(scene: Scene, tmp_path: Path) -> Write:
    """Writes the region's YAML with changes; a key that becomes None is left out."""

    def write(**changes: Any) -> Path:
        return write_region(scene, tmp_path / "region.yaml", **changes)

    return write


def write_region(scene: Scene, path: Path, **changes: Any) -> Path:
    values: dict[str, Any] = {
        "name": "town",
        "sar": str(scene.folder / "sar.tif"),
        "optical": {"path": str(scene.folder / "optical.tif"), "profile": "naip", "year": 2021},
        "dem": str(scene.folder / "dem.tif"),
        "dsm": str(scene.folder / "dsm.tif"),
        "gsd": 0.5,
        "remap": "percentile",
        "tie_points": str(scene.folder / "ties.geojson"),
        **changes,
    }
    path.write_text(yaml.safe_dump({key: value for key, value in values.items() if value is not None}))
    return path


@dataclass(frozen=True)
class Built:
    """A pair that is made, in its folder."""

    out: Path
    pair: Pair

    def again(self, folder: Path) -> Path:
        """A copy of the pair in `folder`, to go on from."""
        return Path(shutil.copytree(self.out, folder / "out"))

    def record(self) -> dict[str, Any]:
        values: dict[str, Any] = json.loads((self.out / "town.json").read_text())
        return values


@pytest.fixture(scope="session")
def built(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built")
    pair = make_pair(write_region(scene, folder / "region.yaml"), folder / "out")
    return Built(folder / "out", pair)


def rewritten(
    scene: Scene, path: Path, change: Callable[[NDArray[Any]], NDArray[Any]], *, rpc: bool = True
) -> str:
    """The radar image with other pixels, placed by its RPC alone, or not at all."""
    with rasterio.open(scene.folder / "sar.tif") as source:
        pixels, look = change(source.read()), read_look(source)
        rpcs = source.rpcs
    size = {"count": pixels.shape[0], "height": pixels.shape[1], "width": pixels.shape[2]}
    with rasterio.open(path, "w", driver="GTiff", dtype=pixels.dtype, **size) as dataset:
        dataset.write(pixels)
        if look is not None:
            dataset.update_tags(**look_tags(look))
        if rpc:
            dataset.rpcs = rpcs
    return str(path)
