"""Images of tiles by the colours that their files tell; scales, and colours nobody tells, are refused."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp

from oemsar.dataset.pixels import read_images
from oemsar.dataset.tile import Tile
from oemsar.errors import InputError
from oemsar.inputs import OPTICAL, SAR

from ..raster.images import RGB, SHAPE, colours, speckle, write


def _optical(path: Path) -> np.ndarray:
    return read_images(Tile("a", "train", SHAPE, optical=path), OPTICAL)


def test_an_infrared_band_is_left_aside_where_the_file_tells_its_colours(tmp_path: Path) -> None:
    bands = np.concatenate([colours(), 255 - colours()[:1]])
    path = write(tmp_path / "a.tif", bands, kinds=(*RGB, ColorInterp.undefined))
    np.testing.assert_array_equal(_optical(path), colours())
    with pytest.raises(InputError, match=r"b\.tif has 4 band\(s\) of uint8 where 3 of uint8 belong"):
        _optical(write(tmp_path / "b.tif", bands, photometric="MINISBLACK"))


def test_a_palette_is_its_colours(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).integers(0, 3, SHAPE, np.uint8)
    palette = {0: (9, 80, 30, 255), 1: (200, 40, 7, 255), 2: (1, 2, 3, 255)}
    found = _optical(write(tmp_path / "a.tif", numbers, palette=palette))
    np.testing.assert_array_equal(found, np.moveaxis(np.array(list(palette.values()))[numbers, :3], -1, 0))


def test_a_scale_makes_no_grey_values(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", speckle(), scale=0.1)
    with pytest.raises(InputError, match="carries a scale or an offset"):
        read_images(Tile("a", "train", SHAPE, sar=path), SAR)
    with rasterio.open(path, "r+") as dataset:
        dataset.scales = (1.0,)
    found = read_images(Tile("a", "train", SHAPE, sar=path), SAR)
    np.testing.assert_array_equal(found[0], speckle())
