"""What tells how well two images fit at every displacement: the engines of alignment, and their plug-in."""

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Floats
from oemsar.errors import InputError
from oemsar.prepare.align.matching.correlate import correlation_surface
from oemsar.prepare.align.matching.descriptor import MARGIN, orientation_channels
from oemsar.prepare.align.matching.mutual_information import grey_levels, information_surface
from oemsar.prepare.align.scene.geometry import Scale

PLUG_INS = "oemsar.matchers"
"""Entry point group in which a package names engines of its own: a function that returns an `Engine`."""


class Engine(Protocol):
    """Prepares images once and compares windows of them often.

    Attributes:
        margin: pixels around a rectangle that its prepared pixels depend on.
    """

    margin: int

    def prepare(self, image: Floats, valid: NDArray[np.bool_], scale: Scale) -> NDArray[Any]:
        """What the engine compares, shape (..., height, width), of an image of that height and width."""
        ...

    def surface(
        self, template: NDArray[Any], known: NDArray[np.bool_], image: NDArray[Any]
    ) -> NDArray[np.float32]:
        """How well a window fits at each displacement, the higher the better.

        Args:
            template: prepared, (..., height, width).
            known: (height, width), which pixels of the window count.
            image: prepared, (..., height + 2 reach, width + 2 reach).

        Returns:
            (2 reach + 1, 2 reach + 1).
        """
        ...


class OrientationEngine:
    """Orientation channels and normalised cross-correlation."""

    margin = MARGIN

    def prepare(self, image: Floats, valid: NDArray[np.bool_], scale: Scale) -> NDArray[Any]:
        """See `orientation_channels`."""
        return orientation_channels(image, valid, scale)

    def surface(
        self, template: NDArray[Any], known: NDArray[np.bool_], image: NDArray[Any]
    ) -> NDArray[np.float32]:
        """See `correlation_surface`."""
        return correlation_surface(template, known, image)


class InformationEngine:
    """Mutual information of grey values."""

    margin = 8

    def prepare(self, image: Floats, valid: NDArray[np.bool_], scale: Scale) -> NDArray[Any]:
        """Grey levels; ranks, so that the scale does not matter."""
        return grey_levels(image, valid)

    def surface(
        self, template: NDArray[Any], known: NDArray[np.bool_], image: NDArray[Any]
    ) -> NDArray[np.float32]:
        """See `information_surface`."""
        return information_surface(np.where(known, template, -1), image)


ENGINES: dict[str, Callable[[], Engine]] = {
    "orientation": OrientationEngine,
    "mutual-information": InformationEngine,
}


def find_engine(name: str) -> Engine:
    """The engine of a name, built in or of a plug-in.

    Raises:
        InputError: there is none of that name.
    """
    if name in ENGINES:
        return ENGINES[name]()
    plugged = {entry.name: entry for entry in entry_points(group=PLUG_INS)}
    if name in plugged:
        engine: Engine = plugged[name].load()()
        return engine
    known = ", ".join([*ENGINES, *plugged])
    raise InputError(f"engine {name} is not known; choose from {known}, or install one under {PLUG_INS}")
