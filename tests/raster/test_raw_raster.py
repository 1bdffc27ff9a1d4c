"""A raw raster holds its blocks where they were written, and nothing reaches over its edge."""

from pathlib import Path

import numpy as np
import pytest

from oemsar.raster.raw_raster import RawRaster


def test_blocks_and_rows_come_back_where_they_were_written(tmp_path: Path) -> None:
    image = np.arange(7 * 11, dtype=np.float32).reshape(7, 11)
    raw = RawRaster(tmp_path / "a.raw", (7, 11), np.float32)
    raw.write(0, 0, image[:3, :4])
    raw.write(0, 4, image[:3, 4:])
    raw.write_rows(3, image[3:])
    np.testing.assert_array_equal(raw.read_rows(2, 4), image[2:6])
    # another process opens the same file and finds what was written
    np.testing.assert_array_equal(RawRaster(tmp_path / "a.raw", (7, 11), np.float32).read_rows(0, 7), image)


def test_pixels_that_were_not_written_are_zero(tmp_path: Path) -> None:
    raw = RawRaster(tmp_path / "a.raw", (4, 6), np.uint16)
    raw.write(1, 2, np.full((2, 3), 9))
    expected = np.zeros((4, 6))
    expected[1:3, 2:5] = 9
    np.testing.assert_array_equal(raw.read_rows(0, 4), expected)


@pytest.mark.parametrize(("row", "column"), [(-1, 0), (0, -1), (3, 0), (0, 4)])
def test_a_block_over_the_edge_is_refused(tmp_path: Path, row: int, column: int) -> None:
    raw = RawRaster(tmp_path / "a.raw", (4, 6), np.uint8)
    with pytest.raises(ValueError, match="reaches over raster"):
        raw.write(row, column, np.ones((2, 3), np.uint8))
    with pytest.raises(ValueError, match="do not fit raster"):
        raw.write_rows(3, np.ones((2, 6), np.uint8))
