"""Mean and standard deviation of the imagery, with which a network normalises its input."""

from collections.abc import Sequence

import numpy as np

from oemsar.dataset.pixels import read_images
from oemsar.dataset.tile import Tile
from oemsar.inputs import Inputs
from oemsar.raster.read import Extent

_TILES = 200
_SIDE = 256
_STREAM = 5


def estimate_normalisation(
    tiles: Sequence[Tile], modalities: Inputs, seed: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Estimate mean and standard deviation of each channel over a sample of the pixels.

    One square of 256 pixels from each of up to 200 tiles, at full resolution: a reduced image would have
    less speckle, and so a lower deviation, than what the network will see.

    Args:
        tiles: Training tiles, at least one.
        modalities: Images whose channels are meant.
        seed: Seed of the choice of tiles and squares.

    Returns:
        Means and standard deviations in digital numbers, by channel; a deviation is at least 1.

    Raises:
        InputError: An image is missing or wrong.
    """
    rng = np.random.default_rng([_STREAM, seed])
    chosen = rng.permutation(len(tiles))[:_TILES]
    pixels, sums, squares = 0, np.zeros(modalities.channels), np.zeros(modalities.channels)
    for index in chosen:
        tile = tiles[index]
        height, width = min(_SIDE, tile.shape[0]), min(_SIDE, tile.shape[1])
        row, column = rng.integers([tile.shape[0] - height + 1, tile.shape[1] - width + 1])
        images = read_images(tile, modalities, Extent(int(row), int(column), height, width)).astype(
            np.float64
        )
        pixels += height * width
        sums += images.sum((1, 2))
        squares += (images**2).sum((1, 2))
    mean = sums / pixels
    std = np.sqrt(np.maximum(squares / pixels - mean**2, 0))
    return tuple(mean.tolist()), tuple(np.maximum(std, 1).tolist())
