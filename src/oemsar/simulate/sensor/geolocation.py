"""Error of a product's geolocation: what its metadata say, against where its pixels truly lie."""

import math
from dataclasses import dataclass

import numpy as np
from affine import Affine

from oemsar.arrays import Doubles
from oemsar.geometry.mapping import affine_map

_ROTATION, _LARGEST_ROTATION = 1e-4, 2e-4
_SCALE, _LARGEST_SCALE = 1e-4, 2e-4


@dataclass(frozen=True)
class GeolocationError:
    """A similarity from where things are to where the metadata say they are, about a centre.

    Attributes:
        centre: Easting and northing of the centre, metres.
        east: Shift to the east in metres.
        north: Shift to the north in metres.
        rotation: Rotation in radians, counterclockwise.
        scale: Relative error of lengths.
    """

    centre: tuple[float, float]
    east: float = 0.0
    north: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0

    @classmethod
    def draw(cls, centre: tuple[float, float], offset: float, rng: np.random.Generator) -> "GeolocationError":
        """Draw a shift of `offset` metres in a random direction with a small rotation and error of scale.

        Both are normal with a standard deviation of 0.0001 (0.1 mrad, 0.1 m in a kilometre), cut at twice
        that. Without a shift there is no error at all.
        """
        direction = rng.uniform(0, 2 * math.pi)
        rotation, scale = (float(draw) for draw in rng.standard_normal(2))
        if offset == 0:
            return cls(centre)
        return cls(
            centre,
            offset * math.cos(direction),
            offset * math.sin(direction),
            float(np.clip(rotation * _ROTATION, -_LARGEST_ROTATION, _LARGEST_ROTATION)),
            float(np.clip(scale * _SCALE, -_LARGEST_SCALE, _LARGEST_SCALE)),
        )

    @property
    def affine(self) -> Affine:
        """The error as an affine of easting and northing."""
        a = (1 + self.scale) * math.cos(self.rotation)
        d = (1 + self.scale) * math.sin(self.rotation)
        x, y = self.centre
        return Affine(a, -d, x - a * x + d * y + self.east, d, a, y - d * x - a * y + self.north)

    def claimed(self, easting: Doubles, northing: Doubles) -> tuple[Doubles, Doubles]:
        """Map true coordinates to those that the metadata claim."""
        return affine_map(self.affine)(easting, northing)

    def true(self, easting: Doubles, northing: Doubles) -> tuple[Doubles, Doubles]:
        """Map coordinates that the metadata claim to the true ones."""
        return affine_map(~self.affine)(easting, northing)
