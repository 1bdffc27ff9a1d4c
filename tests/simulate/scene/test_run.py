"""The written scene holds together: images, geometry and truth agree with each other and with GDAL."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.transform import rowcol
from rasterio.warp import Resampling, reproject
from scipy.optimize import least_squares

from oemsar.errors import InputError
from oemsar.files import checksum
from oemsar.geometry.look import read_look, read_projection_height
from oemsar.geometry.rpc import RationalModel
from oemsar.inputs import Inputs
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.reflectors import LOBE, PEAK_LEVEL
from oemsar.simulate.scene.run import simulate_scene
from oemsar.simulate.scene.world import SimulatedScene
from oemsar.simulate.world.materials import ROAD, TREE

from .conftest import CONFIG


def bands(path: Path) -> NDArray[Any]:
    with rasterio.open(path) as file:
        return np.asarray(file.read())


def reflectors(folder: Path) -> list[dict[str, float]]:
    listed: list[dict[str, float]] = json.loads((folder / "scene.json").read_text())["reflectors"]
    assert len(listed) == CONFIG.reflectors
    return listed


def locate(image: NDArray[np.uint8], column: float, row: float) -> NDArray[np.float64]:
    """Column and row of a point target near a place, from its saturated main lobe."""
    left, top = round(column) - 6, round(row) - 6
    y, x = np.mgrid[top : top + 13, left : left + 13]
    seen = image[top : top + 13, left : left + 13].astype(float)

    def misfit(guess: NDArray[np.float64]) -> NDArray[np.float64]:
        lobe = PEAK_LEVEL**2 * np.exp(-((x - guess[0]) ** 2 + (y - guess[1]) ** 2) / LOBE**2)
        return (np.minimum(np.sqrt(lobe + guess[2] ** 2), 255) - seen).ravel()

    bright = seen > 200
    start = [x[bright].mean(), y[bright].mean(), 30.0]
    return np.asarray(least_squares(misfit, start, loss="soft_l1", f_scale=10).x[:2])


def optical_pixel(folder: Path, target: dict[str, float]) -> tuple[int, int]:
    with rasterio.open(folder / "optical.tif") as file:
        row, column = file.index(target["easting"], target["northing"])
    return int(row), int(column)


def test_point_targets_appear_where_the_displacement_says(folder: Path) -> None:
    image, truth = bands(folder / "sar.tif")[0], bands(folder / "displacement.tif")
    misses = []
    for target in reflectors(folder):
        place = truth[(slice(None), *optical_pixel(folder, target))]
        misses.append(locate(image, *place) - place)
    assert np.abs(misses).max() < 0.1
    assert np.abs(np.mean(misses, axis=0)).max() < 0.03


def test_point_targets_appear_in_the_slant_image_where_its_rational_model_says(folder: Path) -> None:
    with rasterio.open(folder / "sar_slant.tif") as file:
        image, model = file.read(1), RationalModel.from_rasterio(file.rpcs)
        assert file.crs is None
    facts = json.loads((folder / "scene.json").read_text())
    for target in reflectors(folder):
        place = slant_place(facts, target, model)
        assert np.abs(locate(image, *place) - place).max() < 0.1


def slant_place(facts: dict[str, Any], target: dict[str, float], model: RationalModel) -> tuple[float, float]:
    """Column and row at which the model, which errs as the metadata do, puts a target."""
    error = facts["geolocation_error"]
    x, y = target["easting"] - error["centre"][0], target["northing"] - error["centre"][1]
    c, s = (
        (1 + error["scale"]) * np.cos(error["rotation_rad"]),
        (1 + error["scale"]) * np.sin(error["rotation_rad"]),
    )
    east = error["centre"][0] + c * x - s * y + error["east_m"]
    north = error["centre"][1] + s * x + c * y + error["north_m"]
    lon, lat = Transformer.from_crs(facts["crs"], 4326, always_xy=True).transform(east, north)
    line, sample = model.to_image(lon, lat, target["height"])
    return float(sample), float(line)


def test_rational_model_is_the_exact_one_with_the_geolocation_error(
    folder: Path, scene: SimulatedScene
) -> None:
    with rasterio.open(folder / "sar.tif") as file:
        model = RationalModel.from_rasterio(file.rpcs)
    rng, (low, high) = np.random.default_rng(0), scene.acquisition.box
    east, north, height = (rng.uniform(a, b, 400) for a, b in zip(low, high, strict=True))
    column, row = scene.acquisition.image.to_image(*scene.geometry.error.true(east, north), height)
    lon, lat = Transformer.from_crs(scene.geometry.region.epsg, 4326, always_xy=True).transform(east, north)
    line, sample = model.to_image(lon, lat, height)
    assert np.hypot(line - row, sample - column).max() < 0.05


def test_affine_and_rational_model_agree_on_the_plane_of_projection(folder: Path) -> None:
    with rasterio.open(folder / "sar.tif") as file:
        model, affine, crs = RationalModel.from_rasterio(file.rpcs), file.transform, file.crs
        height, look = read_projection_height(file), read_look(file)
    assert look is not None
    assert (look.azimuth, look.incidence) == (75, 38)
    assert height is not None
    column, row = np.array([50.0, 300.0, 200.0]), np.array([60.0, 90.0, 250.0])
    a, b, c, d, e, f = affine[:6]
    east, north = a * (column + 0.5) + b * (row + 0.5) + c, d * (column + 0.5) + e * (row + 0.5) + f
    lon, lat = Transformer.from_crs(crs, 4326, always_xy=True).transform(east, north)
    line, sample = model.to_image(lon, lat, height)
    np.testing.assert_allclose(np.stack([sample, line]), np.stack([column, row]), atol=0.01)


def test_gdal_orthorectification_leaves_the_stated_residual(folder: Path) -> None:
    """GDAL, with the file's model and dem.tif, puts the point targets at their place plus the residual."""
    with rasterio.open(folder / "optical.tif") as file:
        grid = {"dst_transform": file.transform, "dst_crs": file.crs}
        ortho = np.zeros(file.shape, np.uint8)
    with rasterio.open(folder / "sar.tif") as file:
        reproject(
            file.read(1),
            ortho,
            rpcs=file.rpcs,
            src_crs="EPSG:4326",
            resampling=Resampling.cubic,
            RPC_DEM=str(folder / "dem.tif"),
            **grid,
        )
    residual = bands(folder / "displacement_ortho.tif")
    misses = []
    for target in reflectors(folder):
        row, column = optical_pixel(folder, target)
        east, north = residual[:, row, column]
        place = np.array([column + east / CONFIG.gsd, row - north / CONFIG.gsd])
        if not (10 < place[0] < CONFIG.size - 10 and 10 < place[1] < CONFIG.size - 10):
            continue
        misses.append(centre_of_light(ortho, *place) - place)
    assert len(misses) > 5
    assert np.abs(np.median(misses, axis=0)).max() < 0.1
    assert np.abs(misses).max() < 0.6  # a lobe that a slope stretches is not symmetric


def centre_of_light(image: NDArray[np.uint8], column: float, row: float) -> NDArray[np.float64]:
    left, top = round(column) - 6, round(row) - 6
    y, x = np.mgrid[top : top + 13, left : left + 13]
    weight = np.clip(image[top : top + 13, left : left + 13].astype(float) - 128, 0, None)
    return np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()


def test_ground_is_ellipsoidal_and_spans_the_relief(folder: Path) -> None:
    with rasterio.open(folder / "dem.tif") as dem, rasterio.open(folder / "optical.tif") as optical:
        assert dem.tags()["OEMSAR_VERTICAL_DATUM"] == "ellipsoid"
        assert dem.bounds.left < optical.bounds.left - 20
        window = dem.window(*optical.bounds)
        ground = dem.read(1, window=window.round_lengths().round_offsets())
    assert ground.shape == (CONFIG.size, CONFIG.size)
    assert np.ptp(ground) == pytest.approx(CONFIG.relief, abs=1.3)
    surface = bands(folder / "dsm.tif")[0]
    assert (surface - bands(folder / "dem.tif")[0]).min() >= 0


def test_radar_is_empty_outside_the_collect_only(folder: Path) -> None:
    image, truth = bands(folder / "sar.tif")[0], bands(folder / "displacement.tif")
    assert (image == 0).mean() > 0.05
    column, row = np.round(truth).astype(int)
    assert (image[row, column] > 0).all()


def test_roads_and_buildings_lie_where_the_label_says(folder: Path) -> None:
    with rasterio.open(folder / "label.tif") as file:
        label, to_map = file.read(1), Transformer.from_crs(4326, file.crs, always_xy=True)
        affine = file.transform
    roads = json.loads((folder / "roads.geojson").read_text())["features"]
    hits = []
    for road in roads:
        lon, lat = np.array(road["geometry"]["coordinates"]).T
        rows, columns = (np.array(each) for each in rowcol(affine, *to_map.transform(lon, lat)))
        inside = (rows >= 0) & (rows < CONFIG.size) & (columns >= 0) & (columns < CONFIG.size)
        hits += (label[rows[inside], columns[inside]] == ROAD).tolist()
    assert len(hits) > 20
    assert np.mean(hits) > 0.7  # crowns hang over roads


def test_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    simulate_scene(tmp_path, config=CONFIG.model_copy(update={"slant": True}))
    for path in sorted(folder.iterdir()):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_scene_is_not_overwritten_unasked(folder: Path) -> None:
    with pytest.raises(InputError, match="holds a scene already"):
        simulate_scene(folder, config=CONFIG)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"relief": 500}, "is a cliff"),
        ({"incidence": 90}, "incidence: 90.* at most 65"),
        ({"offset": -1}, "offset: -1.* at least 0"),
        ({"size": 10}, "size: 10.* at least 64"),
        ({"gsd": 5}, "gsd: 5.* at most 2"),
        ({"look_azimuth": float("nan")}, "look_azimuth: .*finite"),
        ({"country": "DEU"}, "country: DEU .*FRA.*JPN.*USA"),
        ({"size": 20000}, "over 6 km"),
    ],
)
def test_wrong_parameters_are_refused_with_a_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        SceneConfig(**wrong)


def test_further_inputs_are_added_to_a_scene_that_stays_the_same(folder: Path, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"inputs": Inputs.parse("height+nir")})
    simulate_scene(tmp_path, config=config)
    assert {path.name for path in tmp_path.iterdir()} - {path.name for path in folder.iterdir()} == {
        "height.tif",
        "nir.tif",
    }
    for name in ("optical.tif", "sar.tif", "label.tif", "dsm.tif"):
        assert checksum(tmp_path / name) == checksum(folder / name)
    height, near = bands(tmp_path / "height.tif")[0], bands(tmp_path / "nir.tif")[0]
    above = bands(tmp_path / "dsm.tif")[0] - bands(tmp_path / "dem.tif")[0]
    with rasterio.open(tmp_path / "dsm.tif") as dsm, rasterio.open(tmp_path / "height.tif") as file:
        top, left = (round(each) for each in dsm.index(*file.transform @ (0.5, 0.5)))
    under = above[top : top + height.shape[0], left : left + height.shape[1]]
    np.testing.assert_allclose(height, under, atol=1e-3)
    label = bands(tmp_path / "label.tif")[0]
    assert (height[label == ROAD] == 0).mean() > 0.95
    assert height[label == TREE].min() > 0.5
    assert near[label == TREE].mean() > 1.3 * bands(tmp_path / "optical.tif")[0][label == TREE].mean()
