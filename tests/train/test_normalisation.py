"""Mean and deviation of the imagery."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from oemsar.dataset.pixels import read_images
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.inputs import SAR, SAR_OPTICAL, Inputs
from oemsar.raster.geotiff import write_raster
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


def test_measured_inputs_count_where_they_are_in_their_own_unit(
    make_tile: Callable[[str], Tile], tmp_path: Path
) -> None:
    heights = np.random.default_rng(0).normal(6, 2, (1, 96, 96)).astype(np.float32)
    reflectance = np.full((1, 96, 96), 0.25, np.float32)
    heights[0, :30] = -9999
    write_raster(tmp_path / "height.tif", heights, None)
    write_raster(tmp_path / "nir.tif", reflectance, None)
    further = {"height": tmp_path / "height.tif", "nir": tmp_path / "nir.tif"}
    tile = replace(make_tile("one"), further=further)
    mean, std = estimate_normalisation([tile], Inputs.parse("sar+nir+height"), 0)
    known = heights[0, 30:].astype(float)
    assert mean == (
        pytest.approx(estimate_normalisation([tile], SAR, 0)[0][0]),
        pytest.approx(0.25),
        pytest.approx(known.mean()),
    )
    assert std[1:] == (1e-3, pytest.approx(known.std()))
    write_raster(tmp_path / "height.tif", np.full((1, 96, 96), 4000, np.float32), None)
    with pytest.raises(InputError, match="modalities: height has no value from -100 to 1000 in the sampled"):
        estimate_normalisation([tile], Inputs.parse("height"), 0)
