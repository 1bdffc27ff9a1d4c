"""A raw raster holds its blocks where they were written, and nothing reaches over its edge."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from oemsar.errors import Failure
from oemsar.raster.raw_raster import RawRaster

Limit = Callable[[int], AbstractContextManager[None]]


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


def test_rows_that_the_disk_cuts_short_are_an_error(tmp_path: Path, file_limit: Limit) -> None:
    raw = RawRaster(tmp_path / "a.raw", (100, 50), np.uint8)
    rows = np.full((10, 50), 7, np.uint8)
    with file_limit(2020):
        raw.write_rows(30, rows)
        for write in (lambda: raw.write_rows(38, rows), lambda: raw.write(40, 10, rows[:, :40])):
            with pytest.raises(OSError, match="too large"):
                write()
    np.testing.assert_array_equal(raw.read_rows(30, 10), rows)


def test_a_file_that_was_cut_is_an_error(tmp_path: Path) -> None:
    raw = RawRaster(tmp_path / "a.raw", (100, 50), np.uint16)
    os.truncate(raw.path, 5000)
    assert raw.read_rows(0, 50).shape == (50, 50)
    with pytest.raises(Failure, match=r"a\.raw was cut short"):
        raw.read_rows(10, 41)


def test_a_mapped_raster_has_its_room_on_the_disk(tmp_path: Path) -> None:
    raw = RawRaster(tmp_path / "a.raw", (1000, 500), np.uint8)
    assert raw.path.stat().st_blocks == 0
    raw.mapped()[3, 4] = 9
    assert raw.path.stat().st_blocks * 512 >= 500_000
    assert raw.read_rows(3, 1)[0, 3:6].tolist() == [0, 9, 0]
