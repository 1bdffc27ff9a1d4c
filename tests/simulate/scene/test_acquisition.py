"""The radar image of a scene: around all that the orthophoto shows, with the error of its metadata."""

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from oemsar.simulate.noise import Raster
from oemsar.simulate.scene.acquisition import RPC_REACH, Acquisition, acquire
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.geometry import choose_geometry

CONFIG = SceneConfig(
    size=300, gsd=0.6, relief=50, incidence=34, look_azimuth=127, offset=40, seed=5, character="rural"
)


@pytest.fixture(scope="module")
def ground() -> Raster:
    """Ground that rises 50 m to the east and 10 m to the south over the scene."""
    geometry = choose_geometry(CONFIG)
    rows, columns = (
        np.arange(size) - start
        for size, start in zip(geometry.shape, (geometry.core[0].start, geometry.core[1].start), strict=True)
    )
    return np.asarray(rows[:, None] * (10 / 300) + columns[None, :] * (50 / 300) + 3, np.float32)


@pytest.fixture(scope="module")
def acquisition(ground: Raster) -> Acquisition:
    return acquire(choose_geometry(CONFIG), ground, ground + 17)


def test_image_holds_the_whole_orthophoto_at_the_height_of_its_ground(
    acquisition: Acquisition, ground: Raster
) -> None:
    geometry = acquisition.geometry
    rows, columns = np.mgrid[geometry.core][:, ::7, ::7]
    east, north = geometry.on_map(columns, rows)
    column, row = acquisition.image.to_image(east, north, ground[rows, columns] + geometry.base)
    collect = shapely.Polygon(acquisition.collect)
    assert shapely.contains_xy(collect, column, row).all()
    height, width = acquisition.image.shape
    assert min(column.min(), row.min()) > 10
    assert column.max() < width - 10
    assert row.max() < height - 10
    assert collect.area < 0.97 * height * width
    assert height != width


def test_plane_of_projection_is_the_ground_at_the_centre_to_the_metre(
    acquisition: Acquisition, ground: Raster
) -> None:
    geometry = acquisition.geometry
    middle = ground[geometry.shape[0] // 2, geometry.shape[1] // 2] + geometry.base
    assert acquisition.image.height == pytest.approx(middle, abs=0.5)
    assert acquisition.image.height == round(acquisition.image.height)
    assert acquisition.heights[0] == pytest.approx(geometry.base + ground.min() - 5, abs=1e-3)
    assert acquisition.heights[1] == pytest.approx(geometry.base + ground.max() + 17 + 5, abs=1e-3)


def test_claimed_grid_puts_pixels_where_the_error_moves_them(acquisition: Acquisition) -> None:
    true, error = acquisition.image.affine, acquisition.geometry.error
    for pixel in ((0, 0), (170, 40), (33, 260)):
        east, north = true @ pixel
        moved = error.claimed(np.array(east), np.array(north))
        assert acquisition.claimed.affine @ pixel == pytest.approx(tuple(map(float, moved)), abs=1e-6)
        assert 39 < np.hypot(moved[0] - east, moved[1] - north) < 41
    assert acquisition.claimed.shape == acquisition.image.shape


def test_columns_run_along_the_look_from_the_centre_of_the_map(acquisition: Acquisition) -> None:
    affine, region = acquisition.image.affine, acquisition.geometry.region
    assert np.degrees(np.arctan2(affine.a, affine.d)) % 360 == pytest.approx(region.look_azimuth)
    assert np.hypot(affine.a, affine.d) == pytest.approx(0.6)
    assert affine.determinant < 0


def test_maps_to_image_and_to_ground_are_inverse_over_the_canvas(acquisition: Acquisition) -> None:
    random = np.random.default_rng(1)
    low, high = acquisition.box
    east, north, height = (random.uniform(a, b, 200) for a, b in zip(low, high, strict=True))
    column, row = acquisition.to_image(east, north, height)
    exact = acquisition.image.to_image(east, north, height)
    np.testing.assert_allclose((column, row), exact, atol=2e-3)
    inside = (column > 0) & (row > 0) & (column < 300) & (row < 250)
    back = acquisition.to_ground(column, row, height)
    np.testing.assert_allclose(back[0][inside], east[inside], atol=0.01)
    np.testing.assert_allclose(back[1][inside], north[inside], atol=0.01)


def test_box_is_the_canvas_from_edge_to_edge(acquisition: Acquisition) -> None:
    left, bottom, right, top = acquisition.geometry.canvas.boundingbox
    low, high = acquisition.box
    assert (*low[:2], *high[:2]) == pytest.approx((left, bottom, right, top))
    assert (low[2], high[2]) == acquisition.heights


def test_rational_models_hold_beyond_the_heights_with_the_error_in_them(acquisition: Acquisition) -> None:
    random = np.random.default_rng(3)
    (left, bottom, low), (right, top, high) = acquisition.box
    east, north = random.uniform(left, right, 200), random.uniform(bottom, top, 200)
    height = random.uniform(low - RPC_REACH, high + RPC_REACH, 200)
    to_degrees = Transformer.from_crs(acquisition.geometry.region.epsg, 4326, always_xy=True)
    lon, lat = to_degrees.transform(east, north)
    for image in (acquisition.image, acquisition.slant()):
        model, misfit = acquisition.rational_model(image)
        line, sample = model.to_image(lon, lat, height)
        # where the metadata say (lon, lat), there is truly another place
        column, row = image.to_image(*acquisition.geometry.error.true(east, north), height)
        assert np.hypot(line - row, sample - column).max() < 0.05
        assert max(np.abs(line - row).max(), np.abs(sample - column).max()) < 10 * misfit.largest + 0.01


def test_slant_range_image_begins_at_the_collect_with_pixels_of_the_same_ground(
    acquisition: Acquisition,
) -> None:
    slant = acquisition.slant()
    column, row = acquisition.collect.T
    height = np.full(column.shape, acquisition.image.height)
    place = slant.to_image(*acquisition.image.to_ground(column, row, height), height)
    assert (place[0].min(), place[1].min()) == pytest.approx((0, 0), abs=1)
    assert (place[0].max(), place[1].max()) == pytest.approx((slant.shape[1], slant.shape[0]), abs=2)
    assert slant.spacing == pytest.approx((0.6, 0.6 * np.sin(np.radians(34))))
