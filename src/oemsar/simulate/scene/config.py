"""What a simulated scene is asked to be."""

import math
from dataclasses import dataclass

import numpy as np

from oemsar.errors import InputError
from oemsar.simulate.noise import stream
from oemsar.simulate.world.places import CHARACTERS, COUNTRIES, Character

_STEEPEST = 0.35
"""Relief over the side of the scene: more would be a cliff."""

_SCENE = 7
"""Key of the random streams of scenes, other than those of tiles."""


@dataclass(frozen=True)
class SceneConfig:
    """What to simulate.

    Attributes:
        size: rows and columns that the scene has at `gsd`.
        gsd: ground sampling distance of the radar image, metres.
        relief: height from the lowest to the highest ground of the scene, metres.
        incidence: incidence angle at the scene's centre, degrees.
        look_azimuth: ground direction in which the radar looks, degrees clockwise from true north.
        offset: length of the shift in the radar's geolocation, metres.
        seed: of every random draw.
        country: ISO 3166 alpha-3 code; None to draw one.
        character: what is mostly built or grown; None to draw one.
        optical_gsd: ground sampling distance of the orthophoto, metres, not below `gsd`; None for the same.
        reflectors: number of corner reflectors standing on open ground.
    """

    size: int = 1024
    gsd: float = 0.5
    relief: float = 20.0
    incidence: float = 40.0
    look_azimuth: float = 90.0
    offset: float = 10.0
    seed: int = 0
    country: str | None = None
    character: Character | None = None
    optical_gsd: float | None = None
    reflectors: int = 0

    def __post_init__(self) -> None:
        extent = self.size * self.gsd
        _require(self.size >= 64, f"--size {self.size} is too small; ask for at least 64 pixels")
        _require(0.1 <= self.gsd <= 2, f"--gsd {self.gsd:g} is out of range; ask for 0.1 to 2 metres")
        _require(extent <= 6000, f"--size {self.size} at --gsd {self.gsd:g} is over 6 km; ask for less")
        _require(
            15 <= self.incidence <= 65,
            f"--incidence {self.incidence:g} is out of range; ask for 15 to 65 degrees",
        )
        _require(math.isfinite(self.look_azimuth), "--look-azimuth is not a number; give degrees from north")
        _require(self.relief >= 0, f"--relief {self.relief:g} is negative; give 0 for a plain")
        _require(
            self.relief <= _STEEPEST * extent,
            f"--relief {self.relief:g} over {extent:g} m is a cliff; ask for {_STEEPEST * extent:.0f} or "
            "less, or a larger --size",
        )
        _require(
            0 <= self.offset <= 200, f"--offset {self.offset:g} is out of range; ask for 0 to 200 metres"
        )
        _require(self.seed >= 0, f"--seed {self.seed} is negative; give 0 or a positive number")
        _require(
            self.optical_gsd is None or self.gsd <= self.optical_gsd <= 4 * self.gsd,
            f"--optical-gsd {self.optical_gsd} is out of range; ask for one to four times --gsd",
        )
        _require(self.reflectors >= 0, "the number of reflectors cannot be negative")
        _require(
            self.country in (None, *COUNTRIES),
            f"--country {self.country} is not known; choose from {', '.join(COUNTRIES)}",
        )
        _require(
            self.character in (None, *CHARACTERS),
            f"--character {self.character} is not known; choose from {', '.join(CHARACTERS)}",
        )

    def stream(self, part: int) -> np.random.Generator:
        """The random stream of one part of the scene."""
        return stream(self.seed, _SCENE, part)


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise InputError(sentence)
