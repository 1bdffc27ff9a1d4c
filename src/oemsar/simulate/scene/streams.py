"""Random streams of the parts of a simulated scene, independent of each other."""

from enum import IntEnum

import numpy as np

from oemsar.simulate.noise import stream
from oemsar.simulate.scene.config import SceneConfig

_SCENE = 7
"""Key of the random streams of scenes, other than those of tiles."""


class Stream(IntEnum):
    """Random streams of a scene's parts, independent of each other."""

    LANDSCAPE = 10
    USES = 11
    PLAN = 12
    SURFACES = 13
    FLIGHT = 14
    PASS = 15
    SPECKLE = 16
    SLANT = 17
    REFLECTORS = 18
    INFRARED = 19


def scene_stream(config: SceneConfig, part: int) -> np.random.Generator:
    """Begin the random stream of one part of a scene."""
    return stream(config.seed, _SCENE, part)
