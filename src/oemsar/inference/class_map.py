"""Class maps from class probabilities."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Imagery
from oemsar.masked import MaskedImage

if TYPE_CHECKING:
    from oemsar.inference.engine import Engine


class Named(Protocol):
    """Something with a name, such as a tile."""

    @property
    def name(self) -> str:
        """Name, for sentences."""


AnyNamed = TypeVar("AnyNamed", bound=Named)


def class_ids(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Choose the most probable class of each pixel.

    Args:
        probabilities: Class probabilities, shape (8, height, width).

    Returns:
        Class ids 1..8, uint8, shape (height, width).
    """
    ids: NDArray[np.uint8] = (probabilities.argmax(0) + 1).astype(np.uint8)
    return ids


def class_maps(
    tiles: Iterable[tuple[AnyNamed, Imagery | MaskedImage]], engine: "Engine"
) -> Iterator[tuple[AnyNamed, NDArray[np.uint8]]]:
    """Map tiles in their order; a few are in flight at once, none is kept.

    Args:
        tiles: Tiles with their images, shape (channels, height, width).
        engine: Network made ready.

    Yields:
        Tiles with their class ids 1..8, uint8, shape (height, width).

    Raises:
        Failure: The network gives something other than probabilities for a tile, which is named.
    """
    for tile, probabilities in engine.stream_tagged(tiles, lambda tile: f"tile {tile.name}"):
        if probabilities is not None:
            yield tile, class_ids(probabilities)
