from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox
from rasterio import Affine
from rasterio.control import GroundControlPoint

from oemsar.errors import InputError
from oemsar.geometry.flat import GroundRangeModel
from oemsar.geometry.look import Look
from oemsar.geometry.rpc import RationalModel
from oemsar.geometry.sensor import look_of, sensor_of

from .straight_orbit import Sensor

GRID = GeoBox(
    (400, 500),
    Affine.translation(380_000, 3_940_000) @ Affine.rotation(30) @ Affine.scale(0.5, -0.5),
    "EPSG:32654",
)


@pytest.mark.parametrize("azimuth", [0.0, 93.0, 271.0])
@pytest.mark.parametrize("incidence", [25.0, 50.0])
def test_the_look_of_a_rational_model_is_that_of_its_sensor(azimuth: float, incidence: float) -> None:
    sensor = Sensor(2.3, 48.8, 150.0, azimuth, incidence)
    rng = np.random.default_rng(0)
    lon, lat = sensor.lon + rng.uniform(-0.01, 0.01, 900), sensor.lat + rng.uniform(-0.01, 0.01, 900)
    height = rng.uniform(0, 400, 900)
    model = RationalModel.fit(lon, lat, height, *sensor.image(lon, lat, height))
    look = look_of(model, (1024, 1024), 150.0)
    # over 100 m of height the ground turns away from the plane by a hundredth of a degree
    assert (look.azimuth + 90) % 360 == pytest.approx((azimuth + 90) % 360, abs=0.02)
    assert look.incidence == pytest.approx(incidence, abs=0.02)


def test_the_look_of_a_ground_range_product_comes_back() -> None:
    look = Look(217.0, 33.0)
    found = look_of(GroundRangeModel.from_grid(GRID, look, 80.0), (400, 500), 120.0)
    assert found.azimuth == pytest.approx(217.0, abs=0.01)
    assert found.incidence == pytest.approx(33.0, abs=0.02)


def test_ground_and_image_of_a_ground_range_product_undo_each_other() -> None:
    model = GroundRangeModel.from_grid(GRID, Look(217.0, 33.0), 80.0)
    rng = np.random.default_rng(0)
    line, sample, height = rng.uniform(0, 399, 50), rng.uniform(0, 499, 50), rng.uniform(0, 300, 50)
    found = model.to_image(*model.to_ground(line, sample, height), height)
    np.testing.assert_allclose(found, (line, sample), atol=1e-4)


def test_an_image_without_lean_has_no_look() -> None:
    upright = replace(GroundRangeModel.from_grid(GRID, Look(0, 40), 0.0), displacement=(0.0, 0.0))
    with pytest.raises(InputError, match="no look"):
        look_of(upright, (400, 500), 100.0)


def test_the_look_is_that_of_the_centre_of_an_oblong_image() -> None:
    seen = []

    class Recording(GroundRangeModel):
        def to_ground(self, line: np.ndarray, sample: np.ndarray, height: np.ndarray) -> tuple:
            seen.append((line.tolist(), sample.tolist()))
            return super().to_ground(line, sample, height)

    look_of(Recording.from_grid(GRID, Look(217.0, 33.0), 80.0), (400, 500), 120.0)
    assert set(map(str, seen)) == {"([199.5], [249.5])"}


def test_a_scene_of_control_points_alone_says_how_it_gets_on_the_ground(tmp_path: Path) -> None:
    """The look that a person states does not help: the points are what is too rough."""
    corners = [(0, 0), (0, 30), (20, 0), (20, 30)]
    points = [
        GroundControlPoint(row, column, 2.0 + column / 1e4, 48.0 - row / 1e4) for row, column in corners
    ]
    with rasterio.open(
        tmp_path / "grd.tif", "w", driver="GTiff", height=20, width=30, count=1, dtype="uint16"
    ) as dataset:
        dataset.gcps = (points, "EPSG:4326")
    with (
        rasterio.open(tmp_path / "grd.tif") as dataset,
        pytest.raises(InputError, match=r"grd\.tif has 4 control points \(WGS 84\) .*by `gdalwarp -tps`"),
    ):
        sensor_of(dataset, Look(80.0, 40.0), 100.0)
