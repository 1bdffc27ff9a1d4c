"""Zeros around a collect are told from dark pixels inside it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.raster.cog import write_cog
from oemsar.raster.collect import find_padding, within_collect
from oemsar.raster.pixels import Pixels, RasterPixels, read_window
from oemsar.raster.read import Extent, open_raster


def _valid(pixels: Pixels, extent: Extent) -> NDArray[np.bool_]:
    return read_window(within_collect(pixels, find_padding(pixels)), extent)[1]


@pytest.fixture(scope="module")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, NDArray[np.bool_]]:
    """Speckle with many zeros in a square that stands on its corner; and which pixels lie in it."""
    rows, columns = np.indices((900, 1000))
    inside = np.abs(rows - 450) + np.abs(columns - 500) < 400
    speckle = np.maximum(np.random.default_rng(0).integers(-40, 100, (900, 1000)), 0)
    path = tmp_path_factory.mktemp("collect") / "rotated.tif"
    write_cog(path, (speckle * inside).astype(np.uint8), None)
    return path, inside


def test_padding_is_everything_outside_and_nothing_well_inside(
    rotated: tuple[Path, NDArray[np.bool_]],
) -> None:
    path, inside = rotated
    with open_raster(path) as dataset:
        valid = _valid(RasterPixels.first(dataset), Extent(0, 0, 900, 1000))
        pixels = dataset.read(1)
    assert not valid[~inside].any()
    assert valid[pixels > 0].all()
    assert valid[ndimage.binary_erosion(inside, iterations=12)].all()


def test_windows_see_the_same_padding_as_the_whole(rotated: tuple[Path, NDArray[np.bool_]]) -> None:
    path, _ = rotated
    with open_raster(path) as dataset:
        whole = _valid(RasterPixels.first(dataset), Extent(0, 0, 900, 1000))
        part = _valid(RasterPixels.first(dataset), Extent(100, 200, 300, 333))
    assert (part != whole[100:400, 200:533]).mean() < 1e-4


def test_an_image_full_of_data_has_no_padding(tmp_path: Path) -> None:
    speckle = np.random.default_rng(0).poisson(1, (200, 300)).astype(np.uint8)
    write_cog(tmp_path / "a.tif", speckle, None)
    with open_raster(tmp_path / "a.tif") as dataset:
        pixels = RasterPixels.first(dataset)
        assert not find_padding(pixels).cells.any()
        assert _valid(pixels, Extent(0, 0, 200, 300)).all()


def test_a_lake_of_zeros_inside_is_data(tmp_path: Path) -> None:
    pixels = np.full((400, 400), 50, np.uint8)
    pixels[150:260, 150:260] = 0
    write_cog(tmp_path / "a.tif", pixels, None)
    with open_raster(tmp_path / "a.tif") as dataset:
        assert _valid(RasterPixels.first(dataset), Extent(0, 0, 400, 400)).all()
