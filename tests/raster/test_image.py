"""The right pixels, values and masks of images like those of public reports."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from oemsar.errors import InputError
from oemsar.raster.image import Image, Statement, open_colours, open_radar
from oemsar.raster.pixels import read_window
from oemsar.raster.read import Extent, open_raster

from .images import PADDED, RGB, SHAPE, colours, decibels, padded, speckle, write

WHOLE = Extent(0, 0, *SHAPE)
Read = tuple[NDArray[Any], NDArray[np.bool_]]


def _read(image: Image) -> Read:
    return read_window(image.pixels, WHOLE)


def _radar(path: Path, **statement: Any) -> Read:
    with open_raster(path) as dataset:
        return _read(open_radar(dataset, path, Statement(**statement), channels=1))


def _colours(path: Path, **statement: Any) -> Read:
    with open_raster(path) as dataset:
        return _read(open_colours(dataset, path, Statement(**statement), strict=True))


def _infrared(water: bool = False) -> NDArray[np.uint8]:
    band = 255 - colours()[0]
    if water:
        band[140:] = 0
    return np.concatenate([colours(), band[None]])


def test_colours_are_those_that_the_file_tells(tmp_path: Path) -> None:
    path = write(tmp_path / "naip.tif", _infrared(), kinds=(*RGB, ColorInterp.undefined))
    pixels, valid = _colours(path)
    np.testing.assert_array_equal(pixels, colours())
    assert valid.all()
    kinds = (ColorInterp.undefined, *RGB[::-1])
    path = write(tmp_path / "bgr.tif", _infrared()[::-1], kinds=kinds)
    np.testing.assert_array_equal(_colours(path)[0], colours())


def test_colours_that_no_file_tells_are_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", _infrared(), photometric="MINISBLACK")
    with pytest.raises(InputError, match=r"optical_bands: .* does not tell which are red, green and blue"):
        _colours(path, prefix="optical_")
    np.testing.assert_array_equal(_colours(path, bands=(4, 1, 2))[0], _infrared()[[3, 0, 1]])
    with pytest.raises(InputError, match=r"bands: .* has 4 band\(s\), not all of 1, 2, 5"):
        _colours(path, bands=(1, 2, 5))
    with pytest.raises(InputError, match=r"bands: 2 band\(s\) are given"):
        _colours(path, bands=(1, 2))


def test_near_infrared_marked_alpha_excludes_no_water(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "a.tif", _infrared(water=True), photometric="RGB", alpha="YES")
    pixels, valid = _colours(path)
    np.testing.assert_array_equal(pixels, colours())
    assert valid.all()
    assert "band 4 is marked alpha, but its values are not those of a mask" in caplog.text


@pytest.mark.parametrize("edge", [255, 100])
def test_an_alpha_band_of_a_mask_is_believed(tmp_path: Path, edge: int) -> None:
    """A mask, and one whose edge was blurred over empty colours."""
    alpha = np.where(padded(), 0, 255).astype(np.uint8)
    alpha[:, PADDED] = edge
    bands = np.concatenate([colours() * ~padded(), alpha[None]])
    pixels, valid = _colours(write(tmp_path / "a.tif", bands, photometric="RGB", alpha="YES"))
    np.testing.assert_array_equal(valid, ~padded())
    np.testing.assert_array_equal(pixels[:, valid], colours()[:, valid])


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_an_alpha_band_of_a_radar_image_is_no_band_of_it(tmp_path: Path, kind: type) -> None:
    bands = np.stack([speckle() * ~padded(), np.where(padded(), 0, 255)]).astype(kind)
    pixels, valid = _radar(write(tmp_path / "a.tif", bands, alpha="YES"))
    assert pixels.shape == (1, *SHAPE)
    np.testing.assert_array_equal(valid, ~padded())


def test_masks_inside_and_beside_a_file_are_believed(tmp_path: Path) -> None:
    mask = np.where(padded(), 0, 255).astype(np.uint8)
    jpeg = {"compress": "JPEG", "photometric": "YCBCR", "tiled": True, "blockxsize": 128, "blockysize": 128}
    path = write(tmp_path / "a.tif", colours() * ~padded(), mask=mask, **jpeg)
    np.testing.assert_array_equal(_colours(path)[1], ~padded())


def test_the_black_collar_of_an_orthophoto_carries_no_data(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", colours() * ~padded())
    np.testing.assert_array_equal(_colours(path)[1], ~padded())
    assert _colours(path, nodata="none")[1].all()


def test_a_black_collar_that_jpeg_left_not_quite_black_carries_none_either(tmp_path: Path) -> None:
    jpeg = {"compress": "JPEG", "photometric": "YCBCR", "tiled": True, "blockxsize": 128, "blockysize": 128}
    path = write(tmp_path / "a.tif", colours() * ~padded(), **jpeg)
    pixels, valid = _colours(path)
    assert (pixels[:, :, PADDED - 6 : PADDED - 2].max() > 0).all()
    assert not valid[:, : PADDED - 2].any()
    assert valid[:, PADDED + 1 :].all()


def test_dark_water_at_the_border_is_data(tmp_path: Path) -> None:
    dark = colours()
    dark[:, :, :PADDED] = np.array([2, 0, 1])[:, None, None]
    assert _colours(write(tmp_path / "a.tif", dark))[1].all()


@pytest.mark.parametrize("nodata", [None, 255, 17])
def test_a_tag_that_no_pixel_has_silences_no_search_for_padding(tmp_path: Path, nodata: float | None) -> None:
    image = np.where(padded(), 0, speckle().clip(20, 254)).astype(np.uint8)
    np.testing.assert_array_equal(_radar(write(tmp_path / "a.tif", image, nodata=nodata))[1], ~padded())


def test_a_seam_of_nan_beside_the_padding_silences_no_search_either(tmp_path: Path) -> None:
    power = np.where(padded(), 0, (speckle() / 255.0) ** 2).astype(np.float32)
    power[:, PADDED : PADDED + 4] = np.nan
    expected = ~padded()
    expected[:, PADDED : PADDED + 4] = False
    valid = _radar(write(tmp_path / "a.tif", power, nodata=float("nan")))[1]
    np.testing.assert_array_equal(valid, expected)


def test_zeros_are_data_where_the_file_says_what_lies_at_the_border(tmp_path: Path) -> None:
    image = speckle()
    image[:, :PADDED] = 255
    image[image == 255] = 255
    image[:, PADDED:][image[:, PADDED:] == 255] = 254
    image[:, -40:] = 0
    path = write(tmp_path / "a.tif", image, nodata=255)
    np.testing.assert_array_equal(_radar(path)[1], ~padded())
    path = write(tmp_path / "b.tif", image)
    np.testing.assert_array_equal(_radar(path, nodata="255")[1], ~padded())


@pytest.mark.parametrize(
    ("kind", "value"), [(np.int16, -32768), (np.float32, -9999), (np.uint16, 65535), (np.uint8, 255)]
)
def test_a_solid_block_of_a_value_that_stands_for_no_data_is_told_not_guessed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: type, value: float
) -> None:
    image = np.where(padded(), value, speckle().astype(float)).astype(kind)
    path = write(tmp_path / "a.tif", image)
    assert _radar(path)[1].all()
    assert f"solid block of {value} reaches the border" in caplog.text
    assert f"give nodata {value}" in caplog.text
    caplog.clear()
    np.testing.assert_array_equal(_radar(path, nodata=str(value))[1], image != value)
    np.testing.assert_array_equal(_radar(write(path, image, nodata=value))[1], image != value)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_values_are_stored_numbers_by_scale_and_offset(tmp_path: Path) -> None:
    stored = np.round(decibels() * 100).astype(np.int16)
    stored[:, :PADDED] = -32768
    path = write(tmp_path / "a.tif", stored, scale=0.01, offset=-2.0)
    values, valid = _radar(path, nodata="-32768")
    np.testing.assert_array_equal(valid, ~padded())
    np.testing.assert_allclose(values[0][valid], decibels()[valid] - 2, atol=0.006)


def test_zeros_around_an_image_are_stored_zeros(tmp_path: Path) -> None:
    """Reflectance of Sentinel-2: 0.0001 times the number, minus 0.1."""
    reflectance = (colours().astype(np.uint16) * 20 + 500) * ~padded()
    values, valid = _colours(write(tmp_path / "a.tif", reflectance, scale=1e-4, offset=-0.1))
    np.testing.assert_array_equal(valid, ~padded())
    assert values.dtype == np.float32
    np.testing.assert_allclose(values[:, valid], reflectance[:, valid] * 1e-4 - 0.1, rtol=1e-5, atol=1e-6)


def test_a_palette_is_its_colours(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).integers(0, 4, SHAPE, np.uint8)
    palette = {0: (9, 80, 30, 255), 1: (200, 40, 7, 255), 2: (1, 2, 3, 255), 3: (250, 251, 252, 255)}
    path = write(tmp_path / "a.tif", numbers, palette=palette)
    pixels, valid = _colours(path)
    np.testing.assert_array_equal(pixels, np.moveaxis(np.array(list(palette.values()))[numbers, :3], -1, 0))
    assert valid.all()
    np.testing.assert_array_equal(_colours(path, nodata="2")[1], numbers != 2)
    with pytest.raises(InputError, match="a picture in the colours of a palette where radar is due"):
        _radar(path)


def test_a_palette_of_greys_is_a_radar_image(tmp_path: Path) -> None:
    numbers = speckle()
    palette = {number: (255 - number,) * 3 + (255,) for number in range(256)}
    np.testing.assert_array_equal(
        _radar(write(tmp_path / "a.tif", numbers, palette=palette))[0][0], 255 - numbers
    )


def test_one_grey_band_is_no_orthophoto(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs 3 for optical imagery: red, green and blue, not grey"):
        _colours(write(tmp_path / "a.tif", speckle()))


def test_a_radar_image_of_several_bands_asks_for_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", np.stack([speckle(0), speckle(1)]))
    with pytest.raises(InputError, match=r"bands: .* has 2 band\(s\).* choose the band"):
        _radar(path)
    np.testing.assert_array_equal(_radar(path, bands=(2,))[0][0], speckle(1))


def test_plain_files_are_read_by_gdal_alone(tmp_path: Path) -> None:
    """Fractions of 1 and bytes, with nothing to decide."""
    for name, bands in (("a.tif", colours()), ("b.tif", (colours() / 255).astype(np.float32))):
        path = write(tmp_path / name, bands)
        with open_raster(path) as dataset:
            image = open_colours(dataset, path, Statement(), strict=True)
            assert image.is_plain
            pixels, valid = _read(image)
        np.testing.assert_array_equal(pixels, bands)
        assert valid.all()
