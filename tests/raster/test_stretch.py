"""A stretch is found between percentiles of the pixels that carry data."""

from pathlib import Path

import numpy as np
import pytest
from odc.geo.geobox import GeoBox
from rasterio import Affine

from oemsar.arrays import Stretch
from oemsar.errors import InputError
from oemsar.raster.cog import write_cog
from oemsar.raster.geotiff import write_raster
from oemsar.raster.pixels import RasterPixels
from oemsar.raster.read import open_raster
from oemsar.raster.stretch import estimate_stretch

GRID = GeoBox((60, 90), Affine(0.4, 0.1, 3e5, 0.1, -0.5, 4e6), "EPSG:32654")


def test_stretch_maps_its_ends_and_clips_beyond() -> None:
    stretch = Stretch(10, 20)
    values = np.array([-np.inf, 10, 15, 20, 40, np.nan], np.float32)
    assert stretch.apply(values).tolist() == [0, 0, 128, 255, 255, 0]
    assert Stretch(0, 5).apply(np.array([3 + 4j], np.complex64)).tolist() == [255]


def test_estimated_stretch_is_between_the_percentiles_of_the_valid_pixels(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).uniform(100, 200, (700, 900)).astype(np.float32)
    pixels[:200] = np.nan
    write_cog(tmp_path / "a.tif", pixels, None)
    with open_raster(tmp_path / "a.tif") as dataset:
        stretch = estimate_stretch(RasterPixels.first(dataset))
    assert stretch.low == pytest.approx(101, abs=0.1)
    assert stretch.high == pytest.approx(199, abs=0.1)


def test_a_scene_of_nodata_has_no_stretch(tmp_path: Path) -> None:
    write_cog(tmp_path / "a.tif", np.full((50, 50), np.nan, np.float32), None)
    with open_raster(tmp_path / "a.tif") as dataset, pytest.raises(InputError, match="holds no data"):
        estimate_stretch(RasterPixels.first(dataset))


def test_bands_share_a_stretch_and_zeros_in_all_of_them_do_not_count(tmp_path: Path) -> None:
    """numpy's percentiles of all values, but for pixels that are zero in every band."""
    bands = np.random.default_rng(0).integers(3, 900, (2, 60, 90)).astype(np.uint16)
    bands[:, :20] = 0
    bands[0, 20:30] = 0
    write_raster(tmp_path / "a.tif", bands, GRID)
    with open_raster(tmp_path / "a.tif") as dataset:
        found = estimate_stretch(RasterPixels.first(dataset, 2), (5, 90))
    low, high = np.percentile(bands[:, 20:], (5, 90))
    assert (found.low, found.high) == pytest.approx((low, high))


def test_complex_pixels_are_stretched_by_their_modulus(tmp_path: Path) -> None:
    pixels = (np.arange(1, 5401).reshape(1, 60, 90) * (0.6 - 0.8j)).astype(np.complex64)
    write_raster(tmp_path / "a.tif", pixels, GRID)
    with open_raster(tmp_path / "a.tif") as dataset:
        found = estimate_stretch(RasterPixels.first(dataset), (0, 50))
    assert (found.low, found.high) == pytest.approx((1, 2700.5))


def test_a_value_almost_everywhere_gives_way_to_the_extremes(tmp_path: Path) -> None:
    pixels = np.full((1, 60, 90), 40, np.float32)
    pixels[0, 7, 80], pixels[0, 50, 3] = 10, 95
    write_raster(tmp_path / "a.tif", pixels, GRID)
    with open_raster(tmp_path / "a.tif") as dataset:
        assert estimate_stretch(RasterPixels.first(dataset)) == Stretch(10, 95)


@pytest.mark.parametrize("shape", [(300, 2600), (2600, 300)])
def test_samples_reach_from_the_first_to_the_last_rows_and_columns(
    tmp_path: Path, shape: tuple[int, int]
) -> None:
    pixels = np.full((1, *shape), 50, np.uint8)
    pixels[0, -1, -1], pixels[0, 0, 0] = 90, 20
    write_raster(tmp_path / "a.tif", pixels, None)
    with open_raster(tmp_path / "a.tif") as dataset:
        assert estimate_stretch(RasterPixels.first(dataset), (0, 100)) == Stretch(20, 90)
