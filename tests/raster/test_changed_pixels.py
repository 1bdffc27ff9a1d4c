"""Pixels that are changed as they are read."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oemsar.raster.changed_pixels import changed
from oemsar.raster.pixels import Validity, raw_opener
from oemsar.raster.raw_raster import RawRaster
from oemsar.raster.read import Extent


def test_a_change_sees_every_rectangle_and_the_rest_stays(tmp_path: Path) -> None:
    band = RawRaster(tmp_path / "band.raw", (4, 6), np.dtype(np.uint8))
    valid = RawRaster(tmp_path / "valid.raw", (4, 6), np.dtype(np.uint8))
    values = np.arange(24, dtype=np.uint8).reshape(4, 6)
    band.write_rows(0, values)
    valid.write_rows(0, np.ones((4, 6), np.uint8))
    seen = []

    def double(extent: Extent, pixels: NDArray[Any], known: Validity) -> tuple[NDArray[Any], Validity]:
        seen.append(extent)
        return pixels * np.uint8(2), known

    opener = raw_opener([band], valid)
    extent = Extent(1, 2, 2, 3)
    with opener() as plain, changed(opener, double)() as twice:
        pixels, known = twice.read(extent)
        assert (twice.name, twice.count, twice.shape, twice.dtype) == (
            plain.name,
            plain.count,
            plain.shape,
            plain.dtype,
        )
        assert twice.tells_nodata == plain.tells_nodata
    np.testing.assert_array_equal(pixels[0], 2 * values[1:3, 2:5])
    assert known is not None
    assert known.all()
    assert seen == [extent]
    with changed(opener, double, tells_nodata=False)() as silent:
        assert not silent.tells_nodata


def test_a_change_of_type_is_told_before_anything_is_read(tmp_path: Path) -> None:
    band = RawRaster(tmp_path / "band.raw", (3, 5), np.dtype(np.uint16))
    valid = RawRaster(tmp_path / "valid.raw", (3, 5), np.dtype(np.uint8))
    power = np.arange(15, dtype=np.uint16).reshape(3, 5) ** 2
    band.write_rows(0, power)
    valid.write_rows(0, np.ones((3, 5), np.uint8))

    def root(_: Extent, pixels: NDArray[Any], known: Validity) -> tuple[NDArray[Any], Validity]:
        return np.sqrt(pixels, dtype=np.float32), known

    with changed(raw_opener([band], valid), root, dtype=np.dtype(np.float32))() as amplitude:
        assert amplitude.dtype == np.float32
        pixels, _ = amplitude.read(Extent(0, 0, 3, 5))
        assert pixels.dtype == amplitude.dtype
    np.testing.assert_array_equal(pixels[0], np.arange(15).reshape(3, 5))
