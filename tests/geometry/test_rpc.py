import numpy as np
import pytest
from numpy.typing import NDArray
from rasterio.transform import RPCTransformer

from oemsar.geometry.rpc import RationalModel

from .straight_orbit import Sensor

SENSOR = Sensor(139.7, 35.6, 40.0, azimuth=100.0, incidence=35.0)


def ground(count: int, seed: int) -> tuple[NDArray[np.float64], ...]:
    rng = np.random.default_rng(seed)
    lon = SENSOR.lon + rng.uniform(-0.006, 0.006, count)
    lat = SENSOR.lat + rng.uniform(-0.005, 0.005, count)
    return lon, lat, rng.uniform(-100, 400, count)


@pytest.fixture(scope="module")
def model() -> RationalModel:
    points = ground(2000, 0)
    return RationalModel.fit(*points, *SENSOR.image(*points))


def test_a_fit_reproduces_a_sensor_where_it_has_not_seen_it(model: RationalModel) -> None:
    points = ground(3000, 1)
    misfit = model.misfit(*points, *SENSOR.image(*points))
    assert misfit.largest < 1e-3
    assert misfit.rms < misfit.largest


def test_gdal_finds_the_same_pixels(model: RationalModel) -> None:
    lon, lat, height = ground(200, 2)
    line, sample = model.to_image(lon, lat, height)
    with RPCTransformer(model.to_rasterio()) as transformer:
        rows, columns = transformer.rowcol(lon, lat, zs=height, op=lambda value: value)
    # GDAL counts from the corner of the first pixel
    np.testing.assert_allclose(np.asarray(rows) - 0.5, line, atol=1e-6)
    np.testing.assert_allclose(np.asarray(columns) - 0.5, sample, atol=1e-6)


def test_image_to_ground_undoes_ground_to_image(model: RationalModel) -> None:
    lon, lat, height = (each.reshape(20, 50) for each in ground(1000, 3))
    found = model.to_ground(*model.to_image(lon, lat, height), height)
    np.testing.assert_allclose(found, (lon, lat), rtol=0, atol=1e-11)


def test_pixels_that_see_no_ground_are_nowhere(model: RationalModel) -> None:
    lon, lat = model.to_ground(np.array([0.0, np.nan]), np.array([1e9, 3.0]), 0.0)
    assert np.isnan(lon).all()
    assert np.isnan(lat).all()


def test_a_model_is_not_asked_where_it_turns_back(model: RationalModel) -> None:
    lon = SENSOR.lon + np.array([0.0, 0.02, -0.5])
    line, _ = model.to_image(lon, SENSOR.lat, 100.0)
    assert np.isnan(line).tolist() == [False, True, True]


def test_metadata_keep_the_model(model: RationalModel) -> None:
    points = ground(50, 4)
    again = RationalModel.from_rasterio(model.to_rasterio())
    np.testing.assert_array_equal(again.to_image(*points), model.to_image(*points))


def test_a_scene_may_lie_across_the_antimeridian() -> None:
    sensor = Sensor(179.9995, -16.8, 10.0, azimuth=280.0, incidence=40.0)
    rng = np.random.default_rng(5)
    lon, lat = sensor.lon + rng.uniform(-0.005, 0.005, 800), sensor.lat + rng.uniform(-0.005, 0.005, 800)
    height = rng.uniform(0, 100, 800)
    image = sensor.image(lon, lat, height)
    model = RationalModel.fit(lon, lat, height, *image)
    wrapped = np.where(lon > 180, lon - 360, lon)
    np.testing.assert_allclose(model.to_image(wrapped, lat, height), image, atol=1e-3)
