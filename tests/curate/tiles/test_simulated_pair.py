"""From a simulated world through the pair to tiles: a building lies where the world put it."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from rasterio import Affine
from scipy.ndimage import map_coordinates
from shapely.geometry import shape

from oemsar.curate.tiles.config import TilesConfig
from oemsar.curate.tiles.run import cut_tiles
from oemsar.dataset.table import read_tiles
from oemsar.prepare.pair.config import PairRegion
from oemsar.prepare.pair.run import make_pair
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.run import simulate_scene


@pytest.mark.slow
def test_a_building_lies_where_the_world_put_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oemsar.prepare.align.run.draw_pictures", lambda *_: [])
    scene = tmp_path / "scene"
    simulate_scene(
        scene,
        config=SceneConfig(size=320, relief=0, seed=7, country="FRA", character="suburban", look_azimuth=95),
    )
    with rasterio.open(scene / "displacement.tif") as dataset:
        truth = dataset.read()
    _tie_points(scene / "ties.geojson", truth)
    region = PairRegion(
        name="town",
        sar=str(scene / "sar.tif"),
        optical=str(scene / "optical.tif"),
        dem=scene / "dem.tif",
        dsm=scene / "dsm.tif",
        gsd=0.5,
        tie_points=scene / "ties.geojson",
        accept=True,
    )
    make_pair(region, tmp_path / "pair")
    rules = TilesConfig(size=96, valid=0.9, layover=1, shadow=1, test_share=0, val_share=0)
    cut_tiles(tmp_path / "pair", tmp_path / "out", config=rules)
    tiles = read_tiles(tmp_path / "out" / "tiles.parquet")
    assert len(tiles) >= 4
    assert all(tile.misalignment is not None and tile.misalignment < 1 for tile in tiles)
    found = sum(_buildings_in(tile.grid, tile.optical, tile.sar, scene, truth) for tile in tiles if tile.grid)
    assert found >= 3


def _tie_points(path: Path, truth: np.ndarray) -> None:  # type: ignore[type-arg]
    features = []
    for y, x in ((y, x) for y in range(20, 310, 50) for x in range(20, 310, 50)):
        sar = {"sar_x": float(truth[0, y, x]), "sar_y": float(truth[1, y, x])}
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [0, 0]},
                "properties": {**sar, "optical_x": x, "optical_y": y},
            }
        )
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def _buildings_in(
    grid: GeoBox,
    optical: Path | None,
    sar: Path | None,
    scene: Path,
    truth: np.ndarray,  # type: ignore[type-arg]
) -> int:
    """Count the buildings in a tile; each shows the orthophoto of the world there, not a pixel beside.

    So does the radar image, whose every pixel has a known position in the product as it was delivered.
    """
    to_map = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
    features = json.loads((scene / "buildings.geojson").read_text())["features"]
    centres = [shape(feature["geometry"]).centroid for feature in features]
    found = 0
    with (
        rasterio.open(optical) as tile,
        rasterio.open(scene / "optical.tif") as whole,
        rasterio.open(sar) as radar,
        rasterio.open(scene / "sar.tif") as product,
    ):
        pixels, world = tile.read(1).astype(float), whole.read(1).astype(float)
        to_world = ~Affine(*whole.transform[:6]) @ grid.affine
        for centre in centres:
            column, row = ~grid.affine @ to_map.transform(centre.x, centre.y)
            if not (12 <= row < grid.shape[0] - 12 and 12 <= column < grid.shape[1] - 12):
                continue
            rows, columns = np.mgrid[int(row) - 10 : int(row) + 11, int(column) - 10 : int(column) + 11]
            x, y = to_world @ (columns.ravel() + 0.5, rows.ravel() + 0.5)
            there = map_coordinates(world, [y - 0.5, x - 0.5], order=1)
            assert _nearest_shift(pixels, rows.ravel(), columns.ravel(), there) == (0, 0)
            found += 1
        rows, columns = (each.ravel() for each in np.mgrid[4 : grid.shape[0] - 4, 4 : grid.shape[1] - 4])
        x, y = (np.floor(v).astype(int) for v in to_world @ (columns + 0.5, rows + 0.5))
        inside = (x >= 0) & (y >= 0) & (x < truth.shape[2]) & (y < truth.shape[1])
        scene_x, scene_y = truth[:, y[inside], x[inside]]
        seen = map_coordinates(product.read(1).astype(float), [scene_y, scene_x], order=1)
        amplitude = radar.read(1).astype(float)
        assert _nearest_shift(amplitude, rows[inside], columns[inside], seen) == (0, 0)
    return found


def _nearest_shift(
    image: np.ndarray, rows: np.ndarray, columns: np.ndarray, expected: np.ndarray
) -> tuple[int, int]:  # type: ignore[type-arg]
    """Find the shift by whole pixels at which an image is most alike what is expected there."""
    shifts = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    alike = [np.corrcoef(image[rows + down, columns + right], expected)[0, 1] for down, right in shifts]
    return shifts[int(np.argmax(alike))]
