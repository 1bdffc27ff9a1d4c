"""Mean and deviation of the imagery."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from oemsar.dataset.pixels import read_images
from oemsar.dataset.tile import Tile
from oemsar.inputs import SAR, SAR_OPTICAL
from oemsar.train.normalisation import estimate_normalisation


def test_is_that_of_the_pixels(make_tile: Callable[[str], Tile]) -> None:
    tiles = [make_tile("one"), make_tile("two")]
    pixels = np.concatenate([read_images(tile, SAR_OPTICAL).reshape(4, -1) for tile in tiles], 1)
    mean, std = estimate_normalisation(tiles, SAR_OPTICAL, 0)
    np.testing.assert_allclose(mean, pixels.mean(1))
    np.testing.assert_allclose(std, pixels.std(1))


def test_even_image_has_a_deviation_to_divide_by(
    make_tile: Callable[[str], Tile], write: Callable[[Path, np.ndarray], Path]
) -> None:
    tile = make_tile("even")
    write(tile.sar, np.full((1, 96, 96), 200, np.uint8))
    assert estimate_normalisation([tile], SAR, 0) == ((pytest.approx(200),), (1.0,))
