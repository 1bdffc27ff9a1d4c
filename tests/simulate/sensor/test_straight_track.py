"""The sensor model against pyproj, its own inverse, and the closed form of layover."""

import math

import numpy as np
import pytest
from pyproj import Geod, Transformer

from oemsar.geometry.look import Look
from oemsar.simulate.sensor.straight_track import StraightTrack, to_ecef

CENTRE = (1.48, 48.25, 180.0)
GEOD = Geod(ellps="WGS84")


def track(azimuth: float = 75.0, incidence: float = 38.0) -> StraightTrack:
    return StraightTrack.over(CENTRE, Look(azimuth, incidence), 525e3)


def test_ecef_coordinates_are_those_of_proj() -> None:
    rng = np.random.default_rng(0)
    lon, lat, height = rng.uniform(-180, 180, 50), rng.uniform(-80, 80, 50), rng.uniform(-100, 6e5, 50)
    expected = Transformer.from_crs(4979, 4978, always_xy=True).transform(lon, lat, height)
    np.testing.assert_allclose(np.stack(to_ecef(lon, lat, height)), np.stack(expected), rtol=0, atol=1e-6)


@pytest.mark.parametrize("azimuth", [0.0, 75.0, 190.0, 283.0])
@pytest.mark.parametrize("incidence", [25.0, 50.0])
def test_centre_is_seen_under_the_look_that_was_asked_for(azimuth: float, incidence: float) -> None:
    sensor = track(azimuth, incidence)
    to_lonlat = Transformer.from_crs(4978, 4979, always_xy=True)
    lon, lat, altitude = to_lonlat.transform(*sensor.reference)
    _, back, _ = GEOD.inv(lon, lat, *CENTRE[:2])
    turn = (back + 180 - azimuth + 180) % 360 - 180
    assert abs(turn) < 0.2  # a geodesic and the plane of a slant ray differ by some hundredths of a degree
    ray = np.array(to_ecef(*CENTRE)).ravel() - np.array(sensor.reference)
    up = np.array(to_ecef(*CENTRE[:2], CENTRE[2] + 1)).ravel() - np.array(to_ecef(*CENTRE)).ravel()
    angle = math.degrees(math.acos(-float(ray @ up) / np.linalg.norm(ray) / np.linalg.norm(up)))
    assert angle == pytest.approx(incidence, abs=1e-6)
    assert altitude == pytest.approx(525e3, abs=10e3)
    along, slant_range = sensor.to_radar(*CENTRE)
    assert float(along) == pytest.approx(0, abs=1e-6)
    assert float(slant_range) == pytest.approx(np.linalg.norm(ray), abs=1e-6)


def test_radar_looks_to_the_right_of_the_flight() -> None:
    sensor = track(azimuth=90.0)
    north = np.array(to_ecef(CENTRE[0], CENTRE[1] + 1e-3, CENTRE[2])) - np.array(to_ecef(*CENTRE))
    assert float(north @ np.array(sensor.direction)) > 0


def test_inverse_finds_the_point_again() -> None:
    sensor, rng = track(), np.random.default_rng(1)
    lon, lat = CENTRE[0] + rng.uniform(-0.03, 0.03, 200), CENTRE[1] + rng.uniform(-0.02, 0.02, 200)
    height = rng.uniform(0, 400, 200)
    found = sensor.to_ground(*sensor.to_radar(lon, lat, height), height)
    assert np.abs(np.stack(found) - [lon, lat]).max() * 111e3 < 1e-4


@pytest.mark.parametrize("incidence", [25.0, 45.0])
def test_height_moves_a_point_towards_the_sensor_by_height_over_tangent(incidence: float) -> None:
    sensor = track(azimuth=75.0, incidence=incidence)
    raised = sensor.to_radar(CENTRE[0], CENTRE[1], CENTRE[2] + 30)
    lon, lat = sensor.to_ground(*raised, CENTRE[2])
    azimuth, _, distance = GEOD.inv(*CENTRE[:2], float(lon), float(lat))
    assert distance == pytest.approx(30 / math.tan(math.radians(incidence)), abs=0.02)
    assert azimuth % 360 == pytest.approx(75 + 180, abs=0.05)
