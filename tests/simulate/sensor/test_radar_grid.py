"""Ground range and slant range images: places on the plane keep their place, others move in range only."""

from dataclasses import replace

import numpy as np
import pytest

from oemsar.errors import Failure
from oemsar.simulate.scene.acquisition import Acquisition, acquire
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.geometry import choose_geometry
from oemsar.simulate.sensor.radar_grid import CubicMap, turned_affine


@pytest.fixture(scope="module")
def acquisition() -> Acquisition:
    config = SceneConfig(size=1000, relief=120, incidence=32, look_azimuth=201, seed=3, character="rural")
    canvas = choose_geometry(config)
    rows = np.linspace(0, 120, canvas.shape[0], dtype=np.float32)
    ground = np.broadcast_to(rows[:, None], canvas.shape).copy()
    return acquire(canvas, ground, ground + 20)


def test_point_of_the_projection_height_appears_where_it_is(acquisition: Acquisition) -> None:
    image, rng = acquisition.image, np.random.default_rng(0)
    column, row = rng.uniform(0, 900, 50), rng.uniform(0, 900, 50)
    a, b, c, d, e, f = image.affine[:6]
    easting, northing = a * (column + 0.5) + b * (row + 0.5) + c, d * (column + 0.5) + e * (row + 0.5) + f
    found = image.to_image(easting, northing, image.height)
    np.testing.assert_allclose(np.stack(found), np.stack([column, row]), atol=1e-5)


def test_columns_run_along_the_look(acquisition: Acquisition) -> None:
    """A raised point moves against the columns by h / tan(incidence), and hardly across."""
    image = acquisition.image
    low = image.to_image(*acquisition.geometry.error.centre, image.height)
    high = image.to_image(*acquisition.geometry.error.centre, image.height + 100)
    assert (high[0] - low[0]) * 0.5 == pytest.approx(-100 / np.tan(np.radians(32)), abs=0.3)
    assert abs(high[1] - low[1]) * 0.5 < 0.2


def test_inverse_finds_the_point_of_a_height(acquisition: Acquisition) -> None:
    rng = np.random.default_rng(2)
    east = acquisition.geometry.error.centre[0] + rng.uniform(-400, 400, 40)
    north = acquisition.geometry.error.centre[1] + rng.uniform(-400, 400, 40)
    height = acquisition.geometry.base + rng.uniform(0, 120, 40)
    found = acquisition.image.to_ground(*acquisition.image.to_image(east, north, height), height)
    np.testing.assert_allclose(np.stack(found), np.stack([east, north]), atol=1e-4)


def test_cubic_map_stands_for_the_exact_model(acquisition: Acquisition) -> None:
    rng, (low, high) = np.random.default_rng(1), acquisition.box
    points = [rng.uniform(a, b, 500) for a, b in zip(low, high, strict=True)]
    exact = np.stack(acquisition.image.to_image(*points))
    assert np.abs(np.stack(acquisition.to_image(*points)) - exact).max() < 1e-4


def test_cubic_map_refuses_what_is_not_smooth() -> None:
    with pytest.raises(Failure, match="bends by"):
        CubicMap.fit(lambda x, y, _: (np.abs(x), y), (-1.0, -1.0, -1.0), (1.0, 1.0, 1.0))


def test_slant_range_image_holds_the_collect_and_squeezes_range(acquisition: Acquisition) -> None:
    slant = acquisition.slant()
    column, row = acquisition.collect.T
    height = np.full(column.shape, acquisition.image.height)
    place = slant.to_image(*acquisition.image.to_ground(column, row, height), height)
    assert min(place[0].min(), place[1].min()) > -0.01
    assert place[0].max() < slant.shape[1]
    assert place[1].max() < slant.shape[0]
    assert slant.spacing[1] == pytest.approx(0.5 * np.sin(np.radians(32)))
    farther = replace(slant, first=(0.0, 0.0))
    assert farther.to_image(*acquisition.geometry.error.centre, 0.0)[0] > 0


def test_turned_affine_of_east_is_north_up() -> None:
    assert tuple(turned_affine((10.0, 20.0), 90, 0.5)[:6]) == pytest.approx((0.5, 0, 10, 0, -0.5, 20))
    a, b, _, d, e, _ = turned_affine((0.0, 0.0), 137, 0.4)[:6]
    assert a * e - b * d == pytest.approx(-(0.4**2))  # turned, not mirrored
