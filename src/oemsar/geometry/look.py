"""The direction a radar looks in, and what it does to heights: layover in a product on a flat plane.

The wave is plane: one azimuth and one incidence angle for a whole scene. Over the few kilometres of a
spotlight scene from orbit both change by less than half a degree.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.raster.read import Dataset

AZIMUTH_TAG = "OEMSAR_LOOK_AZIMUTH"
INCIDENCE_TAG = "OEMSAR_INCIDENCE"
GRAZING_TAG = "OEMSAR_GRAZING"
PROJECTION_HEIGHT_TAG = "OEMSAR_PROJECTION_HEIGHT"


@dataclass(frozen=True)
class Look:
    """Where the radar looks.

    Attributes:
        azimuth: ground direction from the sensor to the scene, degrees clockwise from north.
        incidence: angle between the ray and the vertical at the scene, degrees, above 0 and below 90.

    Raises:
        InputError: an angle is not a number or the incidence angle is out of range.
    """

    azimuth: float
    incidence: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.azimuth):
            raise InputError(f"the look azimuth {self.azimuth} is not an angle; give degrees from north")
        if not 0 < self.incidence < 90:
            raise InputError(
                f"the incidence angle {self.incidence} is not between 0 and 90 degrees from the vertical"
            )

    @property
    def grazing(self) -> float:
        """Angle between the ray and the horizontal, degrees: 90 - incidence."""
        return 90 - self.incidence

    def towards_sensor(self) -> tuple[float, float]:
        """Unit vector (east, north) on the ground, from the scene to the sensor."""
        azimuth = math.radians(self.azimuth)
        return -math.sin(azimuth), -math.cos(azimuth)

    def displacement(self, height: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """How far towards the sensor a point appears in a ground range product, metres.

        A point at height h has the range of the point of the plane at distance h / tan(incidence) nearer
        to the sensor (Woodhouse 2006, Introduction to Microwave Remote Sensing, section 10.6.1: layover).

        Args:
            height: above the plane the product was projected on, metres; any shape.
        """
        return np.asarray(height, np.float64) / math.tan(math.radians(self.incidence))


def look_tags(look: Look, projection_height: float | None = None) -> dict[str, str]:
    """Metadata items under which a raster carries its look, and the height of its projection plane.

    Args:
        look: azimuth and incidence angle.
        projection_height: ellipsoidal metres of the plane a ground range product was projected on; None
            for a product that lies on the terrain or was not projected.
    """
    tags = {
        AZIMUTH_TAG: repr(float(look.azimuth)),
        INCIDENCE_TAG: repr(float(look.incidence)),
        GRAZING_TAG: repr(float(look.grazing)),
    }
    if projection_height is not None:
        tags[PROJECTION_HEIGHT_TAG] = repr(float(projection_height))
    return tags


def read_look(dataset: Dataset) -> Look | None:
    """The look a raster carries in its metadata; None where it carries none.

    Raises:
        InputError: one of the two angles is missing or is no angle.
    """
    azimuth, incidence = _number(dataset, AZIMUTH_TAG), _number(dataset, INCIDENCE_TAG)
    if azimuth is None and incidence is None:
        return None
    if azimuth is None or incidence is None:
        missing = AZIMUTH_TAG if azimuth is None else INCIDENCE_TAG
        raise InputError(
            f"{dataset.name} has no tag {missing}; give both angles or --look-azimuth/--incidence"
        )
    return Look(azimuth, incidence)


def read_projection_height(dataset: Dataset) -> float | None:
    """Ellipsoidal height in metres of the plane a product was projected on; None where it does not say."""
    return _number(dataset, PROJECTION_HEIGHT_TAG)


def _number(dataset: Dataset, tag: str) -> float | None:
    text = dataset.tags().get(tag)
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{dataset.name}: its tag {tag} is {text!r}, not a number; correct or remove it")
    return value


def look_from_angles(azimuth: float | None, incidence: float | None) -> Look | None:
    """The look of two options; None where neither is given.

    Raises:
        InputError: only one is given, or an angle is out of range.
    """
    if azimuth is None and incidence is None:
        return None
    if azimuth is None or incidence is None:
        raise InputError("--look-azimuth and --incidence belong together; give both or neither")
    return Look(azimuth, incidence)
