"""Where a scene lies: its grids, the meridian's convergence, and a canvas with all that falls into it."""

import math
from dataclasses import replace

import numpy as np
import pytest
from pyproj import Proj

from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.geometry import BORDER, SceneGeometry, choose_geometry
from oemsar.simulate.world.region import centre_in_utm


def chosen(**changes: object) -> SceneGeometry:
    given = {"size": 200, "gsd": 0.4, "relief": 24, "incidence": 35, "look_azimuth": 60, "country": "FRA"}
    return choose_geometry(SceneConfig(**given | {"character": "suburban", "seed": 2} | changes))


def test_orthophoto_lies_around_the_place_within_a_wider_canvas() -> None:
    geometry = chosen()
    left, bottom, right, top = geometry.optical.boundingbox
    assert ((left + right) / 2, (bottom + top) / 2) == pytest.approx(centre_in_utm(geometry.region), abs=0.01)
    assert (right - left, top - bottom) == pytest.approx((80, 80))
    rows, columns = geometry.core
    assert (rows.stop - rows.start, columns.stop - columns.start) == (200, 200)
    canvas = geometry.canvas
    assert canvas.shape == geometry.shape == (200 + 2 * rows.start, 200 + 2 * columns.start)
    corner = canvas.affine @ (columns.start, rows.start)
    assert corner == pytest.approx((left, top))
    assert canvas.affine @ (columns.stop, rows.stop) == pytest.approx((right, bottom))


def test_canvas_places_go_to_the_map_and_back() -> None:
    geometry = chosen()
    column, row = np.array([0.0, 17.25, 400.0]), np.array([0.0, 31.5, 12.0])
    east, north = geometry.on_map(column, row)
    np.testing.assert_allclose(geometry.on_canvas(east, north), [row, column], atol=1e-6)
    # centres lie at integers
    np.testing.assert_allclose((east[1], north[1]), geometry.canvas.affine @ (17.75, 32.0))


@pytest.mark.parametrize("look", [15.0, 60.0, 105.0, 231.0])
def test_margin_holds_layover_and_shadow_of_hills_and_buildings_in_both_directions(look: float) -> None:
    geometry = chosen(look_azimuth=look)
    region = geometry.region
    layover = 1.4 * 24 / math.tan(math.radians(35)) + region.reach
    azimuth = math.radians(region.look_azimuth)
    for margin, share in zip(geometry.margin, (math.cos(azimuth), math.sin(azimuth)), strict=True):
        least = abs(share) * layover + region.reach
        assert least / 0.4 + 2 * BORDER <= margin <= least / 0.4 + 2 * BORDER + 10
    assert geometry.reach == max(geometry.margin) * 0.4


@pytest.mark.parametrize("seed", range(4))
def test_look_on_the_grid_differs_from_true_north_by_the_meridian_convergence(seed: int) -> None:
    geometry = chosen(seed=seed, country="USA", character="rural")
    lon, lat = geometry.centre
    convergence = Proj(geometry.region.epsg).get_factors(lon, lat).meridian_convergence
    assert abs(convergence) > 0.05
    assert geometry.look.azimuth == 60
    turned = (geometry.region.look_azimuth - 60 + 180) % 360 - 180
    assert turned == pytest.approx(-convergence, abs=1e-3)


def test_coarser_orthophoto_covers_the_same_ground_with_fewer_pixels() -> None:
    fine, coarse = chosen(), chosen(optical_gsd=1.0)
    assert coarse.optical.shape == (80, 80)
    assert coarse.optical.boundingbox == pytest.approx(fine.optical.boundingbox)
    assert coarse.canvas == fine.canvas
    assert chosen(optical_gsd=0.7).optical.shape == (114, 114)  # 80 m are 114.3 pixels


def test_what_is_given_is_taken_and_the_rest_is_drawn() -> None:
    geometry = chosen(look_azimuth=-300.0, incidence=41.0)
    assert (geometry.region.gsd, geometry.region.incidence_angle, geometry.region.name) == (
        0.4,
        41.0,
        "scene",
    )
    assert (geometry.look.azimuth, geometry.look.incidence) == (60.0, 41.0)
    assert {
        choose_geometry(SceneConfig(size=64, relief=0, seed=seed)).region.country for seed in range(20)
    } == {
        "FRA",
        "JPN",
        "USA",
    }


def test_coasts_lie_near_the_geoid_and_other_ground_some_metres_above() -> None:
    """The geoid is about 47 m above the ellipsoid in France, 38 m in Japan, and 29 m below it in America."""
    geoid = {"FRA": 47.0, "JPN": 38.0, "USA": -29.0}
    for country, height in geoid.items():
        for seed in range(3):
            coast = chosen(country=country, character="coastal", seed=seed)
            inland = chosen(country=country, character="rural", seed=seed)
            assert 1 <= coast.base - height <= 3
            assert 10 <= inland.base - height <= 200


def test_geolocation_errs_about_the_centre_by_the_offset() -> None:
    geometry = chosen(offset=30.0)
    assert geometry.error.centre == pytest.approx(centre_in_utm(geometry.region), abs=0.02)
    assert math.hypot(geometry.error.east, geometry.error.north) == pytest.approx(30)
    assert replace(geometry.error, east=0.0, north=0.0) != geometry.error
