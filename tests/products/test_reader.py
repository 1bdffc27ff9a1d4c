"""Bands, complex pixels and pictures in colours are checked before a product is opened."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp

from oemsar.errors import InputError
from oemsar.products.product import Encoding, Product
from oemsar.products.reader import (
    by_raster,
    data_bands,
    is_complex_raster,
    looks_optical,
    read_raster,
    require_radar,
)
from oemsar.products.registry import find_product
from oemsar.raster.read import Extent, open_raster

Write = Callable[..., Path]
BANDS = np.arange(3 * 4 * 7, dtype=np.float32).reshape(3, 4, 7)
PRODUCT = Product("any", Encoding.AMPLITUDE)


def test_a_band_can_be_chosen_and_must_exist(write_scene: Write) -> None:
    path = write_scene("a.tif", BANDS)
    found = find_product(path, band=3)
    with found.opener() as pixels:
        assert pixels.shape == (4, 7)
        np.testing.assert_array_equal(pixels.read(Extent(0, 0, 4, 7))[0], BANDS[2:])
    for band in (0, 4):
        with pytest.raises(InputError, match=rf"3 band\(s\), no band {band}") as error:
            read_raster(path, band, PRODUCT, ordered=True)
        assert error.value.options == ("band",)


def test_the_first_of_several_bands_is_taken_only_where_their_order_is_known(write_scene: Write) -> None:
    path = write_scene("a.tif", BANDS)
    assert read_raster(path, None, PRODUCT, ordered=True).band == 1
    with pytest.raises(InputError, match="has 3 bands; choose one from 1 to 3"):
        read_raster(path, None, PRODUCT, ordered=False)
    assert read_raster(write_scene("b.tif", BANDS[:1]), None, PRODUCT, ordered=False).band == 1


def test_the_georeferencing_goes_with_the_pixels(write_scene: Write) -> None:
    grid = read_raster(write_scene("a.tif", BANDS[0]), None, PRODUCT, ordered=False).georeference.grid
    assert grid is not None
    assert (tuple(grid.shape), grid.affine.b) == ((4, 7), -0.577)


@pytest.mark.parametrize(
    ("count", "dtype", "optical"),
    [
        (3, "uint8", True),
        (4, "uint16", True),
        (1, "uint8", False),
        (2, "uint8", False),
        (3, "float32", False),
    ],
)
def test_three_or_four_bands_of_integers_are_a_picture(
    write_scene: Write, count: int, dtype: str, optical: bool
) -> None:
    with open_raster(write_scene("a.tif", np.ones((count, 4, 7), dtype))) as dataset:
        assert looks_optical(dataset) is optical


def test_radar_stored_as_a_picture_passes_where_its_band_is_named(write_scene: Write) -> None:
    path = write_scene("a.tif", np.ones((3, 4, 7), np.uint8))
    with open_raster(path) as dataset:
        require_radar(dataset, path, "any", 2, complex_pixels=False)
        with pytest.raises(InputError, match="an optical image where radar is expected") as error:
            require_radar(dataset, path, "any", None, complex_pixels=False)
    assert error.value.options == ("band",)


@pytest.mark.parametrize("dtype", ["complex64", "complex128", "complex_int16"])
def test_complex_pixels_of_any_type_are_complex(tmp_path: Path, dtype: str) -> None:
    path = tmp_path / "a.tif"
    with rasterio.open(path, "w", driver="GTiff", width=7, height=4, count=1, dtype=dtype):
        pass
    with open_raster(path) as dataset:
        assert is_complex_raster(dataset)
        require_radar(dataset, path, "any", None, complex_pixels=True)
        with pytest.raises(InputError, match="is complex where any has real pixels"):
            require_radar(dataset, path, "any", None, complex_pixels=False)


def test_an_alpha_band_is_no_band_of_data(write_scene: Write) -> None:
    path = write_scene("a.tif", BANDS[:2])
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = [ColorInterp.gray, ColorInterp.alpha]
    with open_raster(path) as dataset:
        assert data_bands(dataset) == [1]
    found = read_raster(path, None, PRODUCT, ordered=False)
    assert found.band == 1
    with pytest.raises(InputError, match=r"1 band\(s\), no band 2"):
        read_raster(path, 2, PRODUCT, ordered=True)


def test_a_raster_of_alpha_alone_is_data(write_scene: Write) -> None:
    path = write_scene("a.tif", BANDS[0])
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = [ColorInterp.alpha]
    with open_raster(path) as dataset:
        assert data_bands(dataset) == [1]


def test_recognisers_give_nothing_for_what_cannot_be_opened_or_read(
    write_scene: Write, tmp_path: Path
) -> None:
    whole = write_scene("a.tif", np.random.default_rng(0).normal(size=(40, 50)).astype(np.float32))
    cut = tmp_path / "cut.tif"
    cut.write_bytes(whole.read_bytes()[:600])
    recognises = by_raster(lambda _, dataset: str(dataset.read(1).shape))
    assert recognises(whole) == "(40, 50)"
    for path in (cut, tmp_path, tmp_path / "missing.tif", tmp_path / "a.tif" / "b.tif"):
        assert recognises(path) is None
