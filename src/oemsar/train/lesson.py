"""The part of a sample that teachers see: their own inputs of the same crop, and how far they are heard."""

import math
from dataclasses import dataclass

import numpy as np

from oemsar.arrays import Imagery
from oemsar.dataset.pixels import read_available
from oemsar.dataset.tile import Tile
from oemsar.inputs import Inputs
from oemsar.masked import MaskedImage
from oemsar.raster.read import Extent


@dataclass(frozen=True)
class Lesson:
    """Images that teachers see of a sample, and the weight of what they say.

    Attributes:
        inputs: Inputs of all teachers together.
        needs: Inputs of each teacher, and whether any of them suffices.
        weight: Weight of the teachers beside the labels where the images of a tile are aligned, 0..1.
        reach: Misalignment at which the weight has fallen to 1/e, in pixels.
    """

    inputs: Inputs
    needs: tuple[tuple[Inputs, bool], ...]
    weight: float
    reach: float

    def is_seen(self, tile: Tile) -> bool:
        """Tell whether a tile has what every teacher needs."""
        return all(
            tile.has_any(inputs) if any_suffices else tile.has(inputs) for inputs, any_suffices in self.needs
        )

    def weight_of(self, tile: Tile) -> float:
        """Compute the weight of the teachers on a tile: weight exp(-misalignment / reach).

        Of a tile whose misalignment was not measured it is that of an aligned one; 0 where a teacher lacks an
        input.
        """
        if not self.is_seen(tile):
            return 0.0
        return self.weight * math.exp(-(tile.misalignment or 0.0) / self.reach)

    def read(self, tile: Tile, extent: Extent) -> MaskedImage:
        """Read the images of a part of a tile; what it lacks carries no data.

        Raises:
            InputError: An image is unreadable or does not fit the input.
        """
        if tile.has_any(self.inputs):
            return read_available(tile, self.inputs, extent)
        size = (extent.height, extent.width)
        shape = (self.inputs.channels, *size)
        pixels: Imagery = np.zeros(shape, np.uint8) if self.inputs.are_bytes else np.zeros(shape, np.float32)
        return MaskedImage(pixels, np.zeros((len(self.inputs), *size), np.bool_))
