"""Mean and standard deviation of the imagery, with which a network normalises its input."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from oemsar.dataset.pixels import read_available
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.inputs import Inputs, Kind
from oemsar.raster.read import Extent

_TILES = 200
_SIDE = 256
_STREAM = 5
_LEAST_DEVIATION: dict[Kind, float] = {
    "radar": 1,
    "optical": 1,
    "reflectance": 1e-3,
    "height": 0.1,
    "measure": 1e-3,
}
"""Least standard deviation of a channel, in the unit of its kind: what varies less tells nothing."""


def estimate_normalisation(
    tiles: Sequence[Tile], inputs: Inputs, seed: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Estimate mean and standard deviation of each channel over a sample of the pixels that carry data.

    One square of 256 pixels from each of up to 200 tiles that have an input, at full resolution: a reduced
    image would have less speckle, and so a lower deviation, than what the network will see.

    Args:
        tiles: Training tiles, at least one, each with one of the inputs or more.
        inputs: Inputs whose channels are meant.
        seed: Seed of the choice of tiles and squares.

    Returns:
        Means and standard deviations in the unit of each input, by channel; a deviation is at least that of
        its kind, 1 for grey values.

    Raises:
        InputError: An image is missing or wrong, or an input carries no data anywhere.
    """
    rng = np.random.default_rng([_STREAM, seed])
    chosen = _chosen(tiles, inputs, rng.permutation(len(tiles)).tolist())
    pixels, sums, squares = (np.zeros(inputs.channels) for _ in range(3))
    for index in chosen:
        tile = tiles[index]
        height, width = min(_SIDE, tile.shape[0]), min(_SIDE, tile.shape[1])
        row, column = rng.integers([tile.shape[0] - height + 1, tile.shape[1] - width + 1])
        extent = Extent(int(row), int(column), height, width)
        read = read_available(tile, inputs, extent)
        pixels += np.repeat(read.valid.sum((1, 2)), [part.channels for part in inputs])
        images = np.nan_to_num(read.pixels.astype(np.float64), copy=False)
        sums += images.sum((1, 2))
        squares += (images**2).sum((1, 2))
    _require_data(inputs, pixels)
    mean = sums / pixels
    std = np.sqrt(np.maximum(squares / pixels - mean**2, 0))
    least = [_LEAST_DEVIATION[part.kind] for part in inputs for _ in range(part.channels)]
    return tuple(mean.tolist()), tuple(np.maximum(std, least).tolist())


def _chosen(tiles: Sequence[Tile], inputs: Inputs, order: list[int]) -> list[int]:
    """Choose the first tiles of an order that have each input; where all have all, the first of the order."""
    having = ([index for index in order if name in tiles[index].inputs][:_TILES] for name in inputs.names)
    return list(dict.fromkeys(index for indices in having for index in indices))


def _require_data(inputs: Inputs, pixels: NDArray[np.float64]) -> None:
    for part in inputs:
        if not pixels[inputs.slice_of(part.name)].all():
            low, high = part.valid_range
            raise InputError(
                f"{part.name} has no value from {low:g} to {high:g} in the sampled training tiles; check its "
                "unit and its nodata value",
                option="modalities",
            )
