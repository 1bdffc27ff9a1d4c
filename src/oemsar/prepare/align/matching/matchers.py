"""Matchers: how well two windows fit at every displacement."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Floats
from oemsar.prepare.align.matching.correlate import correlation_surface
from oemsar.prepare.align.matching.descriptor import MARGIN, orientation_channels
from oemsar.prepare.align.matching.mutual_information import grey_levels, information_surface
from oemsar.prepare.align.scene.geometry import Scale


class Matcher(Protocol):
    """Preparation of images, done once, and comparison of their windows, done often.

    Attributes:
        margin: Pixels around a rectangle that its prepared pixels depend on.
    """

    margin: int

    def prepare(self, image: Floats, valid: NDArray[np.bool_], scale: Scale) -> NDArray[Any]:
        """Prepare an image for comparison.

        Args:
            image: (height, width), amplitude or grey value.
            valid: (height, width), True where pixels carry data.
            scale: `logarithmic` for radar amplitude, `linear` otherwise.

        Returns:
            (..., height, width).
        """
        ...

    def surface(
        self, template: NDArray[Any], known: NDArray[np.bool_], image: NDArray[Any]
    ) -> NDArray[np.float32]:
        """Compute how well a window fits at each displacement, the higher the better.

        Args:
            template: Prepared window, (..., height, width).
            known: (height, width), True for pixels of the window that count.
            image: Prepared image, (..., height + 2 reach, width + 2 reach).

        Returns:
            (2 reach + 1, 2 reach + 1).
        """
        ...


class OrientationMatcher:
    """Orientation channels and normalised cross-correlation."""

    margin = MARGIN

    def prepare(self, image: Floats, valid: NDArray[np.bool_], scale: Scale) -> NDArray[Any]:
        """Compute orientation channels."""
        return orientation_channels(image, valid, scale)

    def surface(
        self, template: NDArray[Any], known: NDArray[np.bool_], image: NDArray[Any]
    ) -> NDArray[np.float32]:
        """Compute the normalised cross-correlation at each displacement."""
        return correlation_surface(template, known, image)


class MutualInformationMatcher:
    """Mutual information of grey values."""

    margin = 8

    def prepare(self, image: Floats, valid: NDArray[np.bool_], scale: Scale) -> NDArray[Any]:
        """Compute grey levels, which are ranks: the scale does not matter."""
        return grey_levels(image, valid)

    def surface(
        self, template: NDArray[Any], known: NDArray[np.bool_], image: NDArray[Any]
    ) -> NDArray[np.float32]:
        """Compute the mutual information at each displacement."""
        return information_surface(np.where(known, template, -1), image)
