"""A radar sensor on a straight orbit, computed by its range and Doppler equations, for tests only.

Independent of `oemsar.geometry`: the ellipsoid and the closest approach are worked out here.
"""

from dataclasses import dataclass

import numpy as np

from oemsar.arrays import Doubles

A, F = 6378137.0, 1 / 298.257223563
E2 = F * (2 - F)


def ecef(lon: Doubles, lat: Doubles, height: Doubles) -> Doubles:
    """Geocentric coordinates, shape (3, ...)."""
    longitude, latitude = np.radians(lon), np.radians(lat)
    normal = A / np.sqrt(1 - E2 * np.sin(latitude) ** 2)
    flat = (normal + height) * np.cos(latitude)
    up = (normal * (1 - E2) + height) * np.sin(latitude)
    return np.stack([flat * np.cos(longitude), flat * np.sin(longitude), up])


def local_axes(lon: float, lat: float) -> tuple[Doubles, Doubles, Doubles]:
    """Unit vectors east, north and up at a place."""
    longitude, latitude = np.radians(lon), np.radians(lat)
    east = np.array([-np.sin(longitude), np.cos(longitude), 0])
    up = np.array(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)]
    )
    return east, np.cross(up, east), up


@dataclass(frozen=True)
class Sensor:
    """Slant range image of a straight, zero-Doppler pass that sees `lon`, `lat` at `height` in its middle.

    Line counts along the orbit, sample along slant range.
    """

    lon: float
    lat: float
    height: float
    azimuth: float
    incidence: float
    distance: float = 700_000.0
    spacing: float = 0.5
    size: int = 1024

    def image(self, lon: Doubles, lat: Doubles, height: Doubles) -> tuple[Doubles, Doubles]:
        """Line and sample, pixel centres at integers, of points on the ground."""
        east, north, up = local_axes(self.lon, self.lat)
        azimuth, incidence = np.radians(self.azimuth), np.radians(self.incidence)
        away = np.sin(azimuth) * east + np.cos(azimuth) * north
        along = np.cross(up, away)
        centre = ecef(np.array(self.lon), np.array(self.lat), np.array(self.height))
        orbit = centre + self.distance * (np.cos(incidence) * up - np.sin(incidence) * away)
        points = ecef(np.asarray(lon), np.asarray(lat), np.asarray(height))
        offset = points - orbit.reshape(3, *[1] * (points.ndim - 1))
        track = np.tensordot(along, offset, axes=1)
        slant = np.sqrt((offset**2).sum(0) - track**2)
        middle = (self.size - 1) / 2
        return track / self.spacing + middle, (slant - self.distance) / self.spacing + middle
