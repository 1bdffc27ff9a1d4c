"""Windows carry the pixels of the file and tell which of them are data."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oemsar.errors import InputError
from oemsar.raster.cog import Layer, write_cog
from oemsar.raster.geotiff import write_raster
from oemsar.raster.pixels import RasterPixels, read_window
from oemsar.raster.read import Extent, describe, files_of, open_raster


@pytest.fixture(scope="module")
def ramp_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ramp") / "ramp.tif"
    write_cog(path, np.arange(1, 60 * 80 + 1, dtype=np.uint16).reshape(60, 80), None)
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    row=st.integers(-50, 100),
    column=st.integers(-50, 100),
    height=st.integers(1, 90),
    width=st.integers(1, 90),
)
def test_a_window_anywhere_is_that_part_of_the_padded_raster(
    ramp_file: Path, row: int, column: int, height: int, width: int
) -> None:
    padded = np.zeros((400, 400), np.uint16)
    padded[100:160, 100:180] = np.arange(1, 60 * 80 + 1).reshape(60, 80)
    with open_raster(ramp_file) as dataset:
        pixels, valid = read_window(RasterPixels.first(dataset), Extent(row, column, height, width))
    expected = padded[100 + row : 100 + row + height, 100 + column : 100 + column + width]
    np.testing.assert_array_equal(pixels[0], expected)
    np.testing.assert_array_equal(valid, expected > 0)


def test_nodata_nan_and_infinity_are_not_valid(tmp_path: Path) -> None:
    pixels = np.ones((4, 4), np.float32)
    pixels[0, 0], pixels[1, 1], pixels[2, 2] = np.nan, np.inf, -9999
    write_cog(tmp_path / "a.tif", pixels, None, Layer(nodata=-9999))
    with open_raster(tmp_path / "a.tif") as dataset:
        assert describe(dataset, tmp_path / "a.tif").tells_nodata
        _, valid = read_window(RasterPixels.first(dataset), Extent(0, 0, 4, 4))
    assert np.argwhere(~valid).tolist() == [[0, 0], [1, 1], [2, 2]]


def test_an_alpha_band_is_a_mask_and_not_a_band(tmp_path: Path) -> None:
    profile = {"driver": "GTiff", "width": 6, "height": 5, "count": 4, "dtype": "uint8", "photometric": "RGB"}
    with rasterio.open(tmp_path / "a.tif", "w", alpha="YES", **profile) as dataset:
        dataset.write(np.full((3, 5, 6), 9, np.uint8), [1, 2, 3])
        dataset.write(np.pad(np.full((5, 3), 255, np.uint8), ((0, 0), (0, 3))), 4)
    with open_raster(tmp_path / "a.tif") as dataset:
        described = describe(dataset, tmp_path / "a.tif")
        _, valid = read_window(RasterPixels.first(dataset, 3), Extent(0, 0, 5, 6))
    assert (described.bands, described.tells_nodata) == (3, True)
    assert valid[:, :3].all()
    assert not valid[:, 3:].any()


@pytest.mark.parametrize(
    ("content", "sentence"), [(None, "does not exist"), (b"", "is empty"), (b"hello", "not a raster")]
)
def test_what_is_no_raster_is_refused_by_name(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    path = tmp_path / "scene.tif"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=sentence) as raised, open_raster(path):
        pass
    assert "scene.tif" in str(raised.value)


def test_a_truncated_raster_is_refused_when_its_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "scene.tif"
    profile = {"driver": "GTiff", "width": 500, "height": 500, "count": 1, "dtype": "uint8"}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(np.random.default_rng(0).integers(0, 256, (1, 500, 500), np.uint8))
    path.write_bytes(path.read_bytes()[:100_000])
    with (
        open_raster(path) as dataset,
        pytest.raises(InputError, match=r"scene\.tif cannot be read to its end"),
    ):
        read_window(RasterPixels.first(dataset), Extent(0, 0, 500, 500))


def test_files_of_a_raster_are_its_mask_and_the_files_behind_it(tmp_path: Path) -> None:
    tile, mosaic = tmp_path / "tile.tif", tmp_path / "mosaic.vrt"
    write_raster(tile, np.ones((1, 20, 30), np.uint8), None)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(tile, "r+") as dataset:
        dataset.write_mask(np.eye(20, 30, dtype=np.uint8) * 255)
    rasterio.shutil.copy(tile, mosaic, driver="VRT")
    assert set(files_of(tile)) == {tile, tmp_path / "tile.tif.msk"}
    assert {path.resolve() for path in files_of(mosaic)} >= {mosaic, tile}


def test_a_raster_without_georeferencing_is_opened_without_a_warning(tmp_path: Path) -> None:
    pixels = np.ones((1, 5, 7), np.uint8)
    write_raster(tmp_path / "label.tif", pixels, None)
    with warnings.catch_warnings(record=True) as caught, open_raster(tmp_path / "label.tif") as dataset:
        warnings.simplefilter("always")
        assert dataset.shape == (5, 7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with open_raster(tmp_path / "label.tif") as dataset:
            assert dataset.crs is None
    assert not caught
