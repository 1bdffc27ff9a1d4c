"""Heights of a ground range product are displaced towards the radar, whatever the look and the grid."""

import math

import numpy as np
import pytest
from odc.geo.geobox import GeoBox
from pyproj import Geod
from rasterio import Affine
from rasterio.warp import transform

from oemsar.geometry.flat import GroundRangeModel
from oemsar.geometry.look import Look

TURNED = GeoBox(
    (300, 700),
    Affine.translation(380_000, 3_940_000) @ Affine.rotation(-25) @ Affine.scale(0.4, -0.6),
    "EPSG:32654",
)


@pytest.mark.parametrize("azimuth", [17.0, 101.0, 214.0, 333.0])
def test_a_raised_point_shows_where_the_ground_nearer_to_the_radar_does(azimuth: float) -> None:
    look, height = Look(azimuth, 38.0), 60.0
    model = GroundRangeModel.from_grid(TURNED, look, 25.0)
    lon, lat = (float(each[0]) for each in model.to_ground(np.array([150.0]), np.array([340.0]), 25.0))
    # layover on a plane: h / tan(incidence) towards the sensor
    away = (height - 25) / math.tan(math.radians(38))
    nearer = Geod(ellps="WGS84").fwd(lon, lat, azimuth + 180, away)
    raised = model.to_image(np.array([lon]), np.array([lat]), np.array([height]))
    ground = model.to_image(np.array([nearer[0]]), np.array([nearer[1]]), np.array([25.0]))
    np.testing.assert_allclose(raised, ground, atol=0.02)
    assert math.hypot(raised[0][0] - 150, raised[1][0] - 340) > 60


def test_pixels_of_the_plane_lie_where_the_affine_says() -> None:
    model = GroundRangeModel.from_grid(TURNED, Look(17.0, 38.0), 25.0)
    line, sample = np.array([3.0, 250.0]), np.array([640.0, 11.0])
    x, y = TURNED.affine @ (sample + 0.5, line + 0.5)
    expected = transform("EPSG:32654", "EPSG:4326", x, y)
    np.testing.assert_allclose(model.to_ground(line, sample, np.full(2, 25.0)), expected, atol=1e-8)


def test_a_grid_without_crs_has_no_model() -> None:
    with pytest.raises(ValueError, match="no CRS"):
        GroundRangeModel.from_grid(GeoBox((4, 6), Affine.identity(), None), Look(17, 38), 0.0)
