"""Truth of where the ground appears: the exact sensor model, and the fixed point of an orthorectification."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from oemsar.simulate.noise import Raster
from oemsar.simulate.scene.acquisition import Acquisition, acquire
from oemsar.simulate.scene.config import SceneConfig
from oemsar.simulate.scene.displacement import displacement, ortho_residual
from oemsar.simulate.scene.geometry import SceneGeometry, choose_geometry
from oemsar.simulate.world.polygon import heading

CONFIG = SceneConfig(
    size=290, gsd=0.5, relief=30, incidence=40, look_azimuth=37, offset=20, seed=6, character="rural"
)


@pytest.fixture(scope="module")
def geometry() -> SceneGeometry:
    return choose_geometry(CONFIG)


def plane(geometry: SceneGeometry, east: float, north: float) -> Raster:
    """Ground that rises by these metres a metre, 20 m high in the middle of the canvas."""
    rows, columns = (np.arange(size) - (size - 1) / 2 for size in geometry.shape)
    return np.asarray(20 + 0.5 * (columns[None, :] * east - rows[:, None] * north), np.float32)


def acquired(geometry: SceneGeometry, ground: Raster) -> Acquisition:
    return acquire(geometry, ground, ground)


def centres(geometry: SceneGeometry) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Easting and northing of the orthophoto's pixel centres."""
    rows, columns = np.indices(geometry.optical.shape) + 0.5
    affine = geometry.optical.affine
    return affine.c + affine.a * columns, affine.f + affine.e * rows


def test_ground_appears_where_the_sensor_model_says(geometry: SceneGeometry) -> None:
    ground = plane(geometry, 0.1, 0.05)
    acquisition = acquired(geometry, ground)
    found = displacement(acquisition, ground)
    assert (found.shape, found.dtype) == ((2, *geometry.optical.shape), np.float32)
    east, north = centres(geometry)
    exact = acquisition.image.to_image(east, north, ground[geometry.core] + geometry.base)
    np.testing.assert_allclose(found, np.stack(exact), atol=3e-3)


def test_raised_ground_appears_nearer_to_the_sensor_by_height_over_tangent(geometry: SceneGeometry) -> None:
    low, high = plane(geometry, 0, 0), plane(geometry, 0, 0) + 12
    acquisition = acquired(geometry, low)
    acquisition = replace(acquisition, heights=(acquisition.heights[0], acquisition.heights[1] + 12))
    moved = (displacement(acquisition, high) - displacement(acquisition, low)).mean(axis=(1, 2))
    assert moved[0] * 0.5 == pytest.approx(-12 / math.tan(math.radians(40)), abs=0.05)
    assert moved[1] * 0.5 == pytest.approx(0, abs=0.05)


def test_on_level_ground_the_error_of_the_metadata_alone_is_left(geometry: SceneGeometry) -> None:
    ground = plane(geometry, 0, 0)
    found = ortho_residual(acquired(geometry, ground), ground)
    east, north = centres(geometry)
    claimed = geometry.error.claimed(east, north)
    np.testing.assert_allclose(found, [claimed[0] - east, claimed[1] - north], atol=0.01)
    assert np.hypot(*found[:, 145, 145]) == pytest.approx(20, abs=0.05)


def test_residual_is_the_fixed_point_of_an_orthorectification_with_the_ground(
    geometry: SceneGeometry,
) -> None:
    """The pixel that an orthorectification fetches for the place G is the one at which Q appears."""
    slopes = (0.22, -0.13)
    ground = plane(geometry, *slopes)
    acquisition = acquired(geometry, ground)
    found = ortho_residual(acquisition, ground)
    east, north = (each[20:-20:30, 20:-20:30] for each in centres(geometry))
    residual = found[:, 20:-20:30, 20:-20:30].astype(float)
    assert np.isfinite(residual).all()
    to_height = geometry.base + 20
    centre = np.array(geometry.canvas.boundingbox[:2]) / 2 + np.array(geometry.canvas.boundingbox[2:]) / 2

    def height(east: NDArray[np.float64], north: NDArray[np.float64]) -> NDArray[np.float64]:
        return to_height + (east - centre[0]) * slopes[0] + (north - centre[1]) * slopes[1]

    appears = acquisition.image.to_image(east, north, height(east, north))
    at = east + residual[0], north + residual[1]
    # the raster is orthorectified with the height at G, which the metadata put at e^-1(G)
    fetched = acquisition.image.to_image(*geometry.error.true(*at), height(*at))
    np.testing.assert_allclose(fetched, appears, atol=0.03)


def test_no_residual_is_stated_where_ground_lies_over_itself(geometry: SceneGeometry) -> None:
    look = heading(geometry.region.look_azimuth)
    for rise, folded in ((1.05, True), (0.8, False)):
        steep = rise * math.tan(math.radians(40))
        ground = plane(geometry, look.real * steep, -look.imag * steep)
        found = ortho_residual(acquired(geometry, ground), ground)[:, 120:170, 120:170]
        assert np.isnan(found).mean() == pytest.approx(int(folded), abs=0.05)
