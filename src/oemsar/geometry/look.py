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
    """Direction that a radar looks in.

    Attributes:
        azimuth: Ground direction from the sensor to the scene, degrees clockwise from true north.
        incidence: Angle between the ray and the vertical at the scene, degrees, above 0 and below 90.

    Raises:
        InputError: An angle is not a number or the incidence angle is out of range.
    """

    azimuth: float
    incidence: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.azimuth):
            raise InputError(
                f"{self.azimuth} is not an angle; give degrees clockwise from north", option="look_azimuth"
            )
        if not 0 < self.incidence < 90:
            raise InputError(
                f"{self.incidence} is not an incidence angle; give degrees from the vertical, 0 to 90",
                option="incidence",
            )

    @property
    def grazing(self) -> float:
        """Angle between the ray and the horizontal, degrees: 90 - incidence."""
        return 90 - self.incidence

    def towards_sensor(self) -> tuple[float, float]:
        """Give the unit vector (east, north) on the ground from the scene to the sensor."""
        azimuth = math.radians(self.azimuth)
        return -math.sin(azimuth), -math.cos(azimuth)

    def displacement(self, height: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Compute how far towards the sensor a point appears in a ground range product, metres.

        A point at height h has the range of the point of the plane at distance h / tan(incidence) nearer
        to the sensor (Woodhouse 2006, Introduction to Microwave Remote Sensing, section 10.6.1: layover).

        Args:
            height: Metres above the plane the product was projected on, any shape.
        """
        return np.asarray(height, np.float64) / math.tan(math.radians(self.incidence))


def look_tags(look: Look, projection_height: float | None = None) -> dict[str, str]:
    """Make the metadata items under which a raster carries its look and the height of its plane.

    Args:
        look: Azimuth and incidence angle.
        projection_height: Ellipsoidal metres of the plane a ground range product was projected on; None
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
    """Read the look that a raster carries in its metadata; None where it carries none.

    Raises:
        InputError: One of the two angles is missing or is no angle.
    """
    azimuth, incidence = _number(dataset, AZIMUTH_TAG), _number(dataset, INCIDENCE_TAG)
    if azimuth is None and incidence is None:
        return None
    if azimuth is None or incidence is None:
        missing = AZIMUTH_TAG if azimuth is None else INCIDENCE_TAG
        raise InputError(
            f"{dataset.name} has no tag {missing}; add it, or state both angles",
            option=("look_azimuth", "incidence"),
        )
    return Look(azimuth, incidence)


def read_projection_height(dataset: Dataset) -> float | None:
    """Read the ellipsoidal height, metres, of the plane a product lies on; None where it does not say."""
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
    """Make a look of two angles in degrees; None where neither is given.

    Args:
        azimuth: Ground direction from the sensor to the scene, clockwise from true north.
        incidence: Angle between the ray and the vertical.

    Raises:
        InputError: Only one is given, or an angle is out of range.
    """
    if azimuth is None and incidence is None:
        return None
    if azimuth is None or incidence is None:
        raise InputError(
            "the two angles belong together; give both or neither", option=("look_azimuth", "incidence")
        )
    return Look(azimuth, incidence)
