"""The exact sensor model of simulated scenes: a straight track, slant range and zero Doppler."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from oemsar.arrays import Doubles
from oemsar.errors import Failure
from oemsar.geometry.look import Look

_SEMI_MAJOR = 6378137.0
_FLATTENING = 1 / 298.257223563
_ECCENTRICITY2 = _FLATTENING * (2 - _FLATTENING)
"""The ellipsoid WGS 84 (NIMA TR8350.2, table 3.1)."""

_ITERATIONS = 12
_ARRIVED = 1e-7
"""Metres of range and track at which the inverse has arrived."""


@dataclass(frozen=True)
class StraightTrack:
    """A sensor that flies along a straight line in Earth-centred, Earth-fixed coordinates.

    A point P is seen where the line of sight stands square on the track (zero Doppler): at the distance
    along = (P - S) . v from the reference point S, at the slant range |P - S - along v| (Cumming and Wong
    2005, Digital Processing of Synthetic Aperture Radar Data, chapter 4). Points are given by longitude,
    latitude and ellipsoidal height, so that the curvature of the Earth, the change of the incidence angle
    across the scene and the uneven spacing of ranges on the ground are all in the model.

    Attributes:
        reference: ECEF coordinates of S in metres, where the centre of the scene is seen.
        direction: Unit vector v of the flight direction.
        centre: Centre of the scene: longitude and latitude in degrees, ellipsoidal height in metres.
    """

    reference: tuple[float, float, float]
    direction: tuple[float, float, float]
    centre: tuple[float, float, float]

    @classmethod
    def over(cls, centre: tuple[float, float, float], look: Look, altitude: float) -> "StraightTrack":
        """Find the track from which `centre` is seen under `look`, to the right of the flight.

        Args:
            centre: Centre of the scene: longitude and latitude in degrees, ellipsoidal height in metres.
            look: Ground azimuth of the ray from true north, and its incidence angle on the ellipsoid.
            altitude: Altitude of the sensor above the sphere through the centre of the scene, metres.
        """
        lon, lat = math.radians(centre[0]), math.radians(centre[1])
        east = np.array([-math.sin(lon), math.cos(lon), 0.0])
        north = np.array([-math.sin(lat) * math.cos(lon), -math.sin(lat) * math.sin(lon), math.cos(lat)])
        up = np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])
        azimuth, incidence = math.radians(look.azimuth), math.radians(look.incidence)
        ahead = math.sin(azimuth) * east + math.cos(azimuth) * north
        ray = math.sin(incidence) * ahead - math.cos(incidence) * up
        point = np.array(to_ecef(*centre)).ravel()
        # |point - range * ray| = |point| + altitude
        inward = float(point @ ray)
        gain = altitude * (2 * float(np.linalg.norm(point)) + altitude)
        slant_range = inward + math.sqrt(inward**2 + gain)
        reference = point - slant_range * ray
        flight = math.sin(azimuth - math.pi / 2) * east + math.cos(azimuth - math.pi / 2) * north
        return cls(_triple(reference), _triple(flight), centre)

    def to_radar(self, lon: ArrayLike, lat: ArrayLike, height: ArrayLike) -> tuple[Doubles, Doubles]:
        """Compute distance along the track and slant range of points, metres, float64.

        Args:
            lon: Longitude in degrees, any shape.
            lat: Latitude in degrees.
            height: Height above the ellipsoid in metres.
        """
        offsets = [
            each - origin for each, origin in zip(to_ecef(lon, lat, height), self.reference, strict=True)
        ]
        along = sum(each * part for each, part in zip(offsets, self.direction, strict=True))
        across = [each - along * part for each, part in zip(offsets, self.direction, strict=True)]
        return np.asarray(along), np.sqrt(sum(each**2 for each in across))

    def to_ground(
        self, along: ArrayLike, slant_range: ArrayLike, height: ArrayLike
    ) -> tuple[Doubles, Doubles]:
        """Find longitude and latitude, degrees, of the point at a height that is seen there, by Newton.

        Args:
            along: Distance along the track in metres, any shape.
            slant_range: Slant range in metres.
            height: Height above the ellipsoid in metres.

        Raises:
            Failure: No point of that height is seen there, on the side and near the scene the radar looks at.
        """
        goal = np.broadcast_arrays(*(np.asarray(each, np.float64) for each in (along, slant_range, height)))
        metre = math.degrees(1 / _SEMI_MAJOR)
        steps = (metre / math.cos(math.radians(self.centre[1])), metre)
        lon, lat = np.full(goal[0].shape, self.centre[0]), np.full(goal[0].shape, self.centre[1])
        for _ in range(_ITERATIONS):
            at = self.to_radar(lon, lat, goal[2])
            miss = (goal[0] - at[0], goal[1] - at[1])
            if max(float(np.abs(each).max(initial=0)) for each in miss) < _ARRIVED:
                return lon, lat
            east = [a - b for a, b in zip(self.to_radar(lon + steps[0], lat, goal[2]), at, strict=True)]
            north = [a - b for a, b in zip(self.to_radar(lon, lat + steps[1], goal[2]), at, strict=True)]
            determinant = east[0] * north[1] - north[0] * east[1]
            lon = lon + steps[0] * (miss[0] * north[1] - miss[1] * north[0]) / determinant
            lat = lat + steps[1] * (miss[1] * east[0] - miss[0] * east[1]) / determinant
        raise Failure("the sensor model has no point of that height at that range; choose a smaller scene")

    @property
    def slant_range(self) -> float:
        """Slant range of the centre of the scene, metres."""
        return float(self.to_radar(*self.centre)[1])


def to_ecef(lon: ArrayLike, lat: ArrayLike, height: ArrayLike) -> tuple[Doubles, Doubles, Doubles]:
    """Convert to Earth-centred, Earth-fixed coordinates in metres (NIMA TR8350.2, equation 4-14).

    Args:
        lon: Longitude in degrees, any shape.
        lat: Latitude in degrees.
        height: Height above the ellipsoid WGS 84 in metres.
    """
    across, up = np.radians(np.asarray(lon, np.float64)), np.radians(np.asarray(lat, np.float64))
    above = np.asarray(height, np.float64)
    sine, cosine = np.sin(up), np.cos(up)
    normal = _SEMI_MAJOR / np.sqrt(1 - _ECCENTRICITY2 * sine**2)
    reach = (normal + above) * cosine
    return reach * np.cos(across), reach * np.sin(across), ((1 - _ECCENTRICITY2) * normal + above) * sine


def _triple(vector: Doubles) -> tuple[float, float, float]:
    return float(vector[0]), float(vector[1]), float(vector[2])
