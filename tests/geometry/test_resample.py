from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio import Affine

from oemsar.errors import InputError
from oemsar.geometry import sampler
from oemsar.geometry.mapping import affine_map
from oemsar.geometry.resample import as_type, resample, resampled_blocks
from oemsar.raster.cog import Layer, write_cog
from oemsar.raster.collect import find_padding, within_collect
from oemsar.raster.pixels import RasterPixels
from oemsar.raster.raw_raster import RawRaster

IDENTITY = affine_map(Affine.identity())


def scene(path: Path, pixels: NDArray[Any], nodata: float | None = None) -> Path:
    write_cog(path, pixels, None, Layer(nodata=nodata))
    return path


def assembled(path: Path, affine: Affine, shape: tuple[int, int], **options: Any) -> tuple[Any, Any]:
    pixels, valid = np.zeros(shape), np.zeros(shape, bool)
    with rasterio.open(path) as dataset:
        for block in resampled_blocks(RasterPixels.first(dataset), affine_map(affine), shape, **options):
            at = np.s_[
                block.row : block.row + block.valid.shape[0],
                block.column : block.column + block.valid.shape[1],
            ]
            pixels[at], valid[at] = block.pixels[0], block.valid
    return pixels, valid


def test_blocks_make_a_seamless_whole(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:700, :900]
    image = (100 + 50 * np.sin(columns / 40) + 30 * np.cos(rows / 30)).astype(np.float32)
    path = scene(tmp_path / "a.tif", image)
    turn = Affine.translation(20.3, 80.7) @ Affine.rotation(5)
    pixels, valid = assembled(path, turn, (600, 800), power=False)
    y, x = np.mgrid[:600, :800]
    at = turn @ (x, y)
    truth = 100 + 50 * np.sin(at[0] / 40) + 30 * np.cos(at[1] / 30)
    inside = (at[0] > 2) & (at[0] < 897) & (at[1] > 2) & (at[1] < 697)
    assert valid[inside].all()
    np.testing.assert_allclose(pixels[inside], truth[inside], atol=2e-3)


def test_amplitudes_meet_in_power(tmp_path: Path) -> None:
    path = scene(tmp_path / "a.tif", np.array([[3, 4], [3, 4]], np.uint8))
    half = Affine.translation(0.5, 0)
    pixels, _ = assembled(path, half, (2, 1), power=True, kernel="bilinear")
    np.testing.assert_allclose(pixels, np.sqrt((9 + 16) / 2), rtol=1e-6)


def test_a_coarser_destination_keeps_the_power_of_speckle(tmp_path: Path) -> None:
    speckle = np.random.default_rng(0).rayleigh(40, (512, 512)).astype(np.float32)
    path = scene(tmp_path / "a.tif", speckle)
    four = Affine.translation(1.5, 1.5) @ Affine.scale(4)
    pixels, valid = assembled(path, four, (128, 128), power=True)
    assert valid.all()
    np.testing.assert_allclose((pixels**2).mean(), (speckle**2).mean(), rtol=0.01)
    # sixteen looks: the power varies by a quarter of its mean; the interpolation smooths a little more
    assert 0.2 < (pixels**2).std() / (pixels**2).mean() < 0.26


def test_nodata_and_padding_stay_out(tmp_path: Path) -> None:
    image = np.full((256, 256), 7, np.uint8)
    image[:96] = 0
    image[200, 200] = 0
    path = scene(tmp_path / "a.tif", image)
    with rasterio.open(path) as dataset:
        pixels = RasterPixels.first(dataset)
        source = within_collect(pixels, find_padding(pixels))
        out = RawRaster(tmp_path / "out.raw", (256, 256), np.uint8)
        validity = RawRaster(tmp_path / "valid.raw", (256, 256), np.uint8)
        count = resample(source, IDENTITY, [out], power=True, nodata=0, validity=validity)
    assert count == 160 * 256
    found = out.read_rows(0, 256)
    assert (found[:96] == 0).all()
    assert found[200, 200] == 1  # dark, not without data
    np.testing.assert_array_equal(validity.read_rows(0, 256), np.mgrid[:256, :256][0] >= 96)


def test_a_block_that_needs_much_of_the_source_is_divided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.random.default_rng(0).uniform(1, 9, (300, 300)).astype(np.float32)
    path = scene(tmp_path / "a.tif", image)
    turn = Affine.translation(150, 0) @ Affine.rotation(45)
    whole = assembled(path, turn, (200, 200), power=False)
    monkeypatch.setattr(sampler, "_LARGEST_WINDOW", 2000)
    np.testing.assert_allclose(assembled(path, turn, (200, 200), power=False), whole, atol=1e-5)


def test_complex_pixels_are_interpolated_as_they_are_but_refused_as_amplitude(tmp_path: Path) -> None:
    image = np.full((8, 8), 1 + 2j, np.complex64)
    path = scene(tmp_path / "slc.tif", image)
    with rasterio.open(path) as dataset:
        block = next(resampled_blocks(RasterPixels.first(dataset), IDENTITY, (8, 8), power=False))
        np.testing.assert_allclose(block.pixels[0], image)
        with pytest.raises(InputError, match="holds complex pixels"):
            next(resampled_blocks(RasterPixels.first(dataset), IDENTITY, (8, 8), power=True))


def test_decibels_are_no_amplitude(tmp_path: Path) -> None:
    path = scene(tmp_path / "db.tif", np.full((8, 8), -12.5, np.float32))
    with rasterio.open(path) as dataset, pytest.raises(InputError, match="decibels"):
        next(resampled_blocks(RasterPixels.first(dataset), IDENTITY, (8, 8), power=True))


def test_integers_are_rounded_clipped_and_kept_from_nodata() -> None:
    pixels, valid = np.array([-3.0, 0.2, 99.6, 300.0, 5.0]), np.array([True, True, True, True, False])
    assert as_type(pixels, valid, np.dtype(np.uint8), 0).tolist() == [1, 1, 100, 255, 0]
    assert as_type(pixels, valid, np.dtype(np.uint8), 255).tolist() == [0, 0, 100, 254, 255]
    assert as_type(pixels, valid, np.dtype(np.uint8), None).tolist() == [0, 0, 100, 255, 0]
