"""Rasters of an orthorectification keep bands, values and nodata, and count what is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from oemsar.geometry.look import Look, look_tags, read_look
from oemsar.geometry.sweep import UNKNOWN
from oemsar.prepare.ortho.config import OrthoConfig
from oemsar.prepare.ortho.rasters import nodata_of, share_of
from oemsar.prepare.ortho.run import orthorectify
from oemsar.raster.image import Statement, open_radar
from oemsar.raster.raw_raster import RawRaster

from .scenes import CRS, EAST, NORTH, dem

SHAPE = (60, 150)
AFFINE = Affine(0.5, 0, EAST - 40, 0, -0.5, NORTH + 20)
LOOK = Look(205, 35)


def scene(path: Path, pixels: np.ndarray, **options: Any) -> Path:
    """A ground range product on a plane of 100 m, whose bands have names."""
    profile = {"driver": "GTiff", "crs": CRS, "transform": AFFINE, "dtype": pixels.dtype, **options}
    size = dict(zip(("count", "height", "width"), pixels.shape, strict=True))
    with rasterio.open(path, "w", **profile, **size) as dataset:
        dataset.write(pixels)
        dataset.descriptions = [f"band {number}" for number in range(1, len(pixels) + 1)]
        dataset.update_tags(OEMSAR_LICENCE="CC0", OTHER="left out", **look_tags(LOOK, 100.0))
    return path


def test_on_terrain_as_high_as_its_plane_a_product_stays_as_it_is(tmp_path: Path) -> None:
    """Two bands; where one of them has the nodata value there is data, where both have it none."""
    pixels = np.random.default_rng(0).integers(1, 900, (2, *SHAPE)).astype(np.int16)
    pixels[:, 20, 30] = pixels[1, 40, 100] = -7
    source = scene(tmp_path / "sar.tif", pixels, nodata=-7)
    config = OrthoConfig(
        dem=dem(tmp_path / "dem.tif", 100.0), crs=CRS, gsd=0.5, values="linear", kernel="nearest"
    )
    result = orthorectify(source, tmp_path / "ortho.tif", config=config)
    with rasterio.open(tmp_path / "ortho.tif") as dataset:
        row, column = (round(each) for each in dataset.index(AFFINE.c + 0.25, AFFINE.f - 0.25))
        found = dataset.read()[:, row : row + SHAPE[0], column : column + SHAPE[1]]
        assert (dataset.nodata, dataset.dtypes) == (-7, ("int16", "int16"))
        assert dataset.descriptions == ("band 1", "band 2")
        assert (dataset.tags()["OEMSAR_LICENCE"], "OTHER" in dataset.tags()) == ("CC0", False)
        assert read_look(dataset) == LOOK
        size = dataset.width * dataset.height
    np.testing.assert_array_equal(found[0], pixels[0])
    assert result.valid_share == pytest.approx((SHAPE[0] * SHAPE[1] - 1) / size)


@pytest.mark.parametrize(
    ("dtype", "nodata", "expected"),
    [("uint8", None, 0), ("int16", -7, -7), ("uint16", 9, 9), ("float32", None, np.nan), ("float32", 3, 3)],
)
def test_nodata_is_the_files_or_that_of_its_type(
    tmp_path: Path, dtype: str, nodata: float | None, expected: float
) -> None:
    path = scene(tmp_path / "a.tif", np.ones((1, 4, 7), dtype), nodata=nodata)
    with rasterio.open(path) as dataset:
        image = open_radar(dataset, path, Statement(), channels=1)
        np.testing.assert_equal(nodata_of(image), expected)


def test_shares_are_of_pixels_with_data_whose_mask_is_known(tmp_path: Path) -> None:
    """More rows than are read at once."""
    rng = np.random.default_rng(0)
    values = rng.choice(np.array([0, 1, UNKNOWN], np.uint8), (300, 40))
    with_data = rng.integers(0, 2, (300, 40)).astype(np.uint8)
    mask, valid = (RawRaster(tmp_path / f"{name}.raw", (300, 40), np.uint8) for name in ("mask", "valid"))
    mask.write(0, 0, values)
    valid.write(0, 0, with_data)
    known = (values != UNKNOWN) & (with_data == 1)
    assert share_of(mask, valid) == pytest.approx((values[known] == 1).mean())
    mask.write(0, 0, np.full((300, 40), UNKNOWN, np.uint8))
    assert share_of(mask, valid) == 0


def test_values_of_a_scaled_scene_are_written_and_stated_bands_alone(tmp_path: Path) -> None:
    """The second of two bands, 0.1 times the stored numbers minus 5; -7 is stated to carry no data."""
    pixels = np.random.default_rng(0).integers(1, 900, (2, *SHAPE)).astype(np.int16)
    pixels[1, 20, 30] = -7
    source = scene(tmp_path / "sar.tif", pixels)
    with rasterio.open(source, "r+") as dataset:
        dataset.scales, dataset.offsets = (1.0, 0.1), (0.0, -5.0)
    config = OrthoConfig(
        dem=dem(tmp_path / "dem.tif", 100.0),
        crs=CRS,
        gsd=0.5,
        values="linear",
        kernel="nearest",
        bands=(2,),
        nodata="-7",
    )
    orthorectify(source, tmp_path / "ortho.tif", config=config)
    with rasterio.open(tmp_path / "ortho.tif") as dataset:
        row, column = (round(each) for each in dataset.index(AFFINE.c + 0.25, AFFINE.f - 0.25))
        found = dataset.read()[:, row : row + SHAPE[0], column : column + SHAPE[1]]
        assert (dataset.dtypes, dataset.descriptions) == (("float32",), ("band 2",))
        assert np.isnan(dataset.nodata)
    expected = pixels[1] * 0.1 - 5
    expected[20, 30] = np.nan
    np.testing.assert_allclose(found[0], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("nodata", "left"), [("auto", 70), ("none", 0)])
def test_zeros_around_a_scene_carry_no_data_whatever_its_tag(tmp_path: Path, nodata: str, left: int) -> None:
    """A nodata value that no pixel has."""
    pixels = np.random.default_rng(0).integers(1, 900, (1, *SHAPE)).astype(np.int16)
    pixels[:, :, :70] = 0
    source = scene(tmp_path / "sar.tif", pixels, nodata=-7)
    config = OrthoConfig(
        dem=dem(tmp_path / "dem.tif", 100.0),
        crs=CRS,
        gsd=0.5,
        values="linear",
        kernel="nearest",
        nodata=nodata,
    )
    result = orthorectify(source, tmp_path / "ortho.tif", config=config)
    size = result.shape[0] * result.shape[1]
    assert result.valid_share == pytest.approx(SHAPE[0] * (SHAPE[1] - left) / size)
