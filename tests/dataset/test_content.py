"""Content of a file against the array it was written from."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray

from oemsar.dataset.content import read_content
from oemsar.errors import InputError

AFFINE = Affine(0.4, 0.1, 500_000, 0.1, -0.4, 4_000_000)


def write(path: Path, pixels: NDArray[Any], **profile: Any) -> Path:
    bands, height, width = pixels.shape
    options = {"driver": "GTiff", "crs": "EPSG:32631", "transform": AFFINE, **profile}
    with rasterio.open(
        path, "w", count=bands, height=height, width=width, dtype=pixels.dtype, **options
    ) as file:
        file.write(pixels)
    return path


def test_header_and_histogram_are_those_of_the_array(tmp_path: Path) -> None:
    """More rows than are decoded at a time, not square, three bands, a turned grid."""
    pixels = np.random.default_rng(3).integers(0, 250, (3, 1030, 17), np.uint8)
    content = read_content(write(tmp_path / "a.tif", pixels))
    assert (content.shape, content.bands, content.dtype) == ((1030, 17), 3, "uint8")
    assert content.grid is not None
    assert (content.grid.shape, content.grid.affine) == ((1030, 17), AFFINE)
    assert content.histogram is not None
    for band, counts in zip(pixels, content.histogram, strict=True):
        np.testing.assert_array_equal(counts, np.bincount(band.ravel(), minlength=256))
    np.testing.assert_array_equal(content.values, np.unique(pixels))
    assert not content.is_constant
    assert content.unwritten == 0


def test_equal_pixels_have_equal_digests_whatever_the_encoding(tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 9, (1, 32, 48), np.uint8)
    plain = read_content(write(tmp_path / "a.tif", pixels))
    packed = read_content(
        write(tmp_path / "b.tif", pixels, compress="lzw", tiled=True, blockxsize=16, blockysize=16)
    )
    turned = read_content(write(tmp_path / "c.tif", pixels.reshape(1, 48, 32)))
    pixels[0, -1, -1] += 1
    changed = read_content(write(tmp_path / "d.tif", pixels))
    assert plain.digest == packed.digest
    assert len({plain.digest, turned.digest, changed.digest}) == 3


def test_other_types_have_no_histogram_and_constant_bands_are_told(tmp_path: Path) -> None:
    wide = read_content(write(tmp_path / "a.tif", np.ones((1, 4, 6), np.uint16)))
    assert (wide.dtype, wide.histogram, wide.values.size, wide.is_constant) == ("uint16", None, 0, False)
    colours = np.full((6, 4, 3), (9, 8, 7), np.uint8).transpose(2, 0, 1)
    assert read_content(write(tmp_path / "b.tif", colours)).is_constant


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    with pytest.raises(InputError, match=r"a\.tif is not a raster"):
        read_content(tmp_path / "a.tif")


def test_a_tile_of_many_bands_is_decoded_in_few_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 50, 40), np.uint8)
    path = write(tmp_path / "a.tif", pixels)
    whole = read_content(path)
    monkeypatch.setattr("oemsar.dataset.content._BYTES", 1000)
    parts = read_content(path)
    np.testing.assert_array_equal(parts.histogram, whole.histogram)
    size = {"width": 20_000, "height": 20_000, "count": 1, "dtype": "uint8", "tiled": True}
    with rasterio.open(tmp_path / "b.tif", "w", driver="GTiff", sparse_ok=True, **size):
        pass
    with pytest.raises(InputError, match="raise tile_pixels"):
        read_content(tmp_path / "b.tif")
