"""Zeros around a collect are told from dark pixels inside it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.raster.cog import Layer, write_cog
from oemsar.raster.collect import filled_cells, find_padding, within_collect
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


@pytest.mark.parametrize("side", ["top", "left", "bottom", "right"])
def test_padding_reaches_any_side_and_ground_of_no_echo_reaches_none(tmp_path: Path, side: str) -> None:
    image = np.full((256, 416), 50, np.uint8)
    parts = {"top": np.s_[:70, 96:200], "bottom": np.s_[180:, 96:200]}
    parts |= {"left": np.s_[96:180, :70], "right": np.s_[96:180, 300:]}
    image[parts[side]] = 0
    image[80:90, 220:290] = 0
    write_cog(tmp_path / "a.tif", image, None)
    expected = np.ones(image.shape, bool)
    expected[parts[side]] = False
    with open_raster(tmp_path / "a.tif") as dataset:
        np.testing.assert_array_equal(_valid(RasterPixels.first(dataset), Extent(0, 0, 256, 416)), expected)


def test_zeros_in_one_band_of_several_are_no_padding(tmp_path: Path) -> None:
    bands = np.full((2, 128, 224), 50, np.uint8)
    bands[1, :, :100] = 0
    bands[:, :, 160:] = 0
    write_cog(tmp_path / "a.tif", bands, None)
    with open_raster(tmp_path / "a.tif") as dataset:
        both = find_padding(RasterPixels.first(dataset, 2)).cells
        second = find_padding(RasterPixels(dataset, (2,))).cells
    assert np.flatnonzero(both.all(0)).tolist() == [5, 6]
    assert np.flatnonzero(second.all(0)).tolist() == [0, 1, 2, 5, 6]


def test_zeros_of_a_window_beside_the_padding_are_padding(tmp_path: Path) -> None:
    image = np.full((128, 224), 50, np.uint8)
    image[:, :40] = 0
    write_cog(tmp_path / "a.tif", image, None)
    with open_raster(tmp_path / "a.tif") as dataset:
        valid = _valid(RasterPixels.first(dataset), Extent(20, 34, 50, 60))
    np.testing.assert_array_equal(valid, np.broadcast_to(np.arange(34, 94) >= 40, (50, 60)))


def test_cells_with_data_are_those_of_the_files_own_nodata(tmp_path: Path) -> None:
    image = np.zeros((70, 150), np.float32)
    image[40, 100] = 7
    image[69, 149] = 7
    write_cog(tmp_path / "a.tif", image, None, Layer(nodata=0))
    with open_raster(tmp_path / "a.tif") as dataset:
        filled = filled_cells(RasterPixels.first(dataset))
    assert filled.shape == (3, 5)
    assert np.argwhere(filled).tolist() == [[1, 3], [2, 4]]
