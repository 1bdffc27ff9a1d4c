"""A map between an orthophoto and a radar image tells scale, turn and the way heights appear."""

import math

import numpy as np
import pytest
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.geometry.look import Look
from oemsar.geometry.mapping import PixelMap, affine_map
from oemsar.prepare.align.scene.geometry import Geometry, coarse_positions, compose_heights
from oemsar.raster.read import Extent

SHAPE = (90, 260)
TURNED = Affine.translation(40, -7) @ Affine.rotation(20) @ Affine.scale(1.5, 2.5)


def geometry(
    prior: PixelMap = affine_map(TURNED),
    *,
    grid: GeoBox | None = None,
    displacement: tuple[float, float] | None = None,
) -> Geometry:
    look = None if displacement is None else Look(200, 35)
    return Geometry(grid, SHAPE, prior, False, None, look, displacement)


def test_the_best_affine_of_an_affine_is_itself() -> None:
    found = geometry()
    expected = [[TURNED.a, TURNED.b], [TURNED.d, TURNED.e]]
    np.testing.assert_allclose(found.to_radar(), expected, atol=1e-9)
    np.testing.assert_allclose(found.to_optical() @ expected, np.eye(2), atol=1e-9)
    assert found.scale() == pytest.approx(math.sqrt(1.5 * 2.5))


def test_pixels_that_lie_nowhere_do_not_count() -> None:
    def half(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        column, row = affine_map(TURNED)(x, y)
        return np.where(x < 130, column, np.nan), np.where(x < 130, row, np.nan)

    np.testing.assert_allclose(geometry(half).to_radar(), geometry().to_radar(), atol=1e-9)
    with pytest.raises(InputError, match="do not overlap"):
        geometry(lambda x, y: (x * np.nan, y * np.nan)).to_radar()


def test_the_lattice_reaches_the_centres_of_the_corner_pixels() -> None:
    x, y = geometry().lattice(5)
    assert x.shape == y.shape == (5, 5)
    np.testing.assert_allclose(x[0], [0, 64.75, 129.5, 194.25, 259])
    np.testing.assert_allclose(y[:, 0], [0, 22.25, 44.5, 66.75, 89])


def test_the_sampling_distance_is_the_root_of_a_pixels_area() -> None:
    affine = Affine.translation(4e5, 5e6) @ Affine.rotation(30) @ Affine.scale(0.4, -0.9)
    assert geometry(grid=GeoBox(SHAPE, affine, "EPSG:32631")).gsd == pytest.approx(0.6)
    assert geometry(grid=GeoBox(SHAPE, affine, "EPSG:4326")).gsd is None  # nowhere on the earth
    feet = Affine.translation(1e6, 2e5) @ Affine.scale(2, -2)
    assert geometry(grid=GeoBox(SHAPE, feet, "EPSG:2263")).gsd == pytest.approx(2 * 1200 / 3937)
    mercator = Affine.translation(1113194.9, 8399737.9) @ Affine.scale(1, -1)
    found = geometry(grid=GeoBox(SHAPE, mercator, "EPSG:3857"))
    assert (found.gsd, found.shortest_side) == (pytest.approx(0.5009, abs=1e-4),) * 2
    degrees = Affine.translation(10, 60) @ Affine.scale(5e-6, -5e-6)
    found = geometry(grid=GeoBox(SHAPE, degrees, "EPSG:4326"))
    assert (found.gsd, found.shortest_side) == (
        pytest.approx(0.3942, abs=1e-4),
        pytest.approx(0.279, abs=1e-4),
    )
    assert geometry().gsd is None


def test_the_simplest_correction_is_a_shift_only_where_georeferencing_tells_the_scale() -> None:
    assert geometry().simplest == "affine"
    assert geometry(grid=GeoBox(SHAPE, Affine.identity(), "EPSG:32631")).simplest == "shift"


def test_the_direction_to_the_radar_is_of_length_one() -> None:
    assert geometry(displacement=(-0.9, 1.2)).direction_to_radar == pytest.approx((-0.6, 0.8))
    assert geometry().direction_to_radar is None


def test_without_terrain_the_ground_is_where_it_appears() -> None:
    x, y = np.array([3.0, 200.0]), np.array([70.0, 4.0])
    found = geometry(displacement=(-0.9, 1.2)).ground(x, y, np.full(2, 25.0))
    np.testing.assert_array_equal(found, [x, y])


def test_centres_of_coarse_pixels_are_the_means_of_those_they_hold() -> None:
    """Of 4 x 4 pixels, from the second coarse row and before the first coarse column on."""
    x, y = coarse_positions(4, Extent(1, -1, 2, 3))
    np.testing.assert_allclose(x, [[-2.5, 1.5, 5.5]] * 2)
    np.testing.assert_allclose(y, [[5.5] * 3, [9.5] * 3])


def test_heights_are_read_where_a_pixel_lies() -> None:
    at = compose_heights(affine_map(TURNED), lambda east, north: 100 * east + north)
    x, y = np.array([[3.0, 200.0]]), np.array([[70.0, 4.0]])
    east, north = TURNED @ (x, y)
    np.testing.assert_allclose(at(x, y), 100 * east + north)
