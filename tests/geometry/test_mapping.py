import numpy as np
import pytest
from odc.geo.geobox import GeoBox
from rasterio import Affine
from rasterio.warp import transform

from oemsar.geometry.mapping import affine_map, between_grids, compose, projection

UTM = GeoBox((80, 100), Affine(0.5, 0.1, 380_000, 0.1, -0.5, 3_940_000), "EPSG:32654")


def pixels() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.uniform(-0.5, 99.5, (7, 9)), rng.uniform(-0.5, 79.5, (7, 9))


def test_a_grid_shifted_by_whole_pixels_shifts_pixels() -> None:
    x, y = pixels()
    found = between_grids(UTM.translate_pix(3, 5), UTM)(x, y)
    np.testing.assert_allclose(found, (x + 3, y + 5), atol=1e-6)


def test_a_grid_of_half_the_pixels_keeps_corners_not_centres() -> None:
    coarse = UTM.zoom_out(2)
    found = between_grids(coarse, UTM)(np.array([-0.5, 0.0]), np.array([-0.5, 0.0]))
    np.testing.assert_allclose(found, ([-0.5, 0.5], [-0.5, 0.5]), atol=1e-6)


def test_another_crs_is_reached_as_gdal_reaches_it() -> None:
    geographic = GeoBox.from_bbox((139.6, 35.5, 139.8, 35.7), "EPSG:4326", shape=(1000, 1000))
    x, y = pixels()
    columns, rows = between_grids(UTM, geographic)(x, y)
    east, north = UTM.affine @ (x + 0.5, y + 0.5)
    lon, lat = transform("EPSG:32654", "EPSG:4326", east.ravel(), north.ravel())
    expected = ~geographic.affine @ (np.array(lon), np.array(lat))
    np.testing.assert_allclose(columns.ravel() + 0.5, expected[0], atol=1e-5)
    np.testing.assert_allclose(rows.ravel() + 0.5, expected[1], atol=1e-5)


def test_there_and_back_is_where_one_was() -> None:
    other = GeoBox((50, 50), Affine(0.7, 0, 380_000, 0, -0.7, 3_940_000), "EPSG:32653")
    x, y = pixels()
    np.testing.assert_allclose(
        compose(between_grids(UTM, other), between_grids(other, UTM))(x, y), (x, y), atol=1e-4
    )


def test_nowhere_stays_nowhere() -> None:
    nowhere = np.array([np.nan])
    found = compose(affine_map(Affine(2, 0, 1, 0, 2, 1)), projection("EPSG:32654", "EPSG:4326"))(
        nowhere, nowhere
    )
    assert np.isnan(found).all()


def test_a_grid_with_and_one_without_crs_do_not_meet() -> None:
    with pytest.raises(ValueError, match="CRS"):
        between_grids(UTM, GeoBox((5, 5), Affine.identity(), None))
