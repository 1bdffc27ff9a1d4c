"""Images of a tile are stacked in channel order, and only the extent that is read is decoded."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from oemsar.dataset.pixels import read_images, read_label, read_label_file
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.inputs import OPTICAL, SAR, SAR_OPTICAL, Inputs
from oemsar.limits import raised_limits
from oemsar.raster.geotiff import write_raster
from oemsar.raster.read import Extent

SHAPE = (40, 70)


def _image(bands: int, seed: int, largest: int = 256) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, largest, (bands, *SHAPE)).astype(np.uint8)


@pytest.fixture
def tile(tmp_path: Path) -> Tile:
    paths = {name: tmp_path / f"{name}.tif" for name in ("sar", "optical", "pseudo_label", "real_label")}
    images = (_image(1, 0), _image(3, 1), _image(1, 2, 9), _image(1, 3, 9))
    for path, image in zip(paths.values(), images, strict=True):
        write_raster(path, image, None)
    return Tile("a", "train", SHAPE, **paths)


@pytest.mark.parametrize(
    ("modalities", "expected"),
    [
        (SAR, _image(1, 0)),
        (OPTICAL, _image(3, 1)),
        (SAR_OPTICAL, np.concatenate([_image(1, 0), _image(3, 1)])),
    ],
)
def test_images_are_stacked_radar_first(tile: Tile, modalities: Inputs, expected: np.ndarray) -> None:
    np.testing.assert_array_equal(read_images(tile, modalities), expected)
    part = read_images(tile, modalities, Extent(5, 40, 10, 25))
    np.testing.assert_array_equal(part, expected[:, 5:15, 40:65])


def test_the_hand_made_label_goes_before_the_pseudo_label(tile: Tile) -> None:
    np.testing.assert_array_equal(read_label(tile), _image(1, 3, 9)[0])
    assert tile.pseudo_label is not None
    np.testing.assert_array_equal(
        read_label_file(tile.pseudo_label, Extent(30, 0, 10, 70)), _image(1, 2, 9)[0, 30:]
    )


def test_zero_is_a_value_like_any_other_though_a_file_calls_it_nodata(tile: Tile) -> None:
    assert tile.sar is not None
    with rasterio.open(tile.sar, "r+") as dataset:
        dataset.nodata = 0
    np.testing.assert_array_equal(read_images(tile, SAR), _image(1, 0))


def test_what_does_not_belong_is_refused_with_a_way_out(tile: Tile, tmp_path: Path) -> None:
    assert tile.sar is not None
    assert tile.optical is not None
    three = Tile("a", "train", SHAPE, sar=tile.optical)
    with pytest.raises(
        InputError, match=r"3 band\(s\) of uint8 where 1 of uint8 belong; run `oemsar data verify`"
    ):
        read_images(three, SAR)
    write_raster(tmp_path / "two.tif", _image(2, 4), None)
    two = Tile("a", "train", SHAPE, sar=tmp_path / "two.tif")
    with pytest.raises(
        InputError,
        match=r"^\S+two\.tif has 2 band\(s\) of uint8 where 1 of uint8 belong; run `oemsar data ver",
    ):
        read_images(two, SAR)
    with pytest.raises(InputError, match="tile a has no optical image"):
        read_images(Tile("a", "train", SHAPE, sar=tile.sar), SAR_OPTICAL)
    with pytest.raises(InputError, match="tile a has no label"):
        read_label(Tile("a", "train", SHAPE, sar=tile.sar))
    with pytest.raises(InputError, match=r"absent\.tif does not exist; run `oemsar data verify`"):
        read_label_file(tmp_path / "absent.tif")
    write_raster(tmp_path / "nine.tif", np.full((1, *SHAPE), 9, np.uint8), None)
    with pytest.raises(InputError, match=r"label id 9, outside 0\.\.8"):
        read_label_file(tmp_path / "nine.tif")
    write_raster(tmp_path / "small.tif", np.ones((1, 70, 40), np.uint8), None)
    with pytest.raises(InputError, match="differ in size"):
        read_images(
            Tile("a", "train", SHAPE, sar=tmp_path / "small.tif", optical=tile.optical),
            SAR_OPTICAL,
        )


def test_a_tile_is_held_against_the_limits_before_it_is_decoded(tmp_path: Path) -> None:
    size = {"width": 20_000, "height": 20_000, "count": 1, "dtype": "uint8", "tiled": True}
    with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", sparse_ok=True, **size):
        pass
    for tile in (Tile("a", "train", SHAPE, sar=tmp_path / "a.tif", real_label=tmp_path / "a.tif"),):
        with pytest.raises(InputError, match=r"declares pixels in one tile: 400000000, .*raise tile_pixels"):
            read_images(tile, SAR)
        with pytest.raises(InputError, match="raise tile_pixels"):
            read_label(tile)
    with raised_limits(tile_pixels=10**9):
        assert read_label_file(tmp_path / "a.tif", Extent(0, 0, 8, 8)).shape == (8, 8)
