"""A raster of any size that is filled window by window and survives the death of the process."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from oemsar.disk import reserve, write_all
from oemsar.errors import Failure


def raw_bytes(shape: tuple[int, int], *dtypes: DTypeLike) -> int:
    """Compute the bytes that raw rasters of a shape and of these pixel types take together."""
    return shape[0] * shape[1] * sum(np.dtype(dtype).itemsize for dtype in dtypes)


class RawRaster:
    """One band on disk as plain rows of pixels, which stay there whatever happens to the process.

    Attributes:
        path: File of `height * width` pixels in C order without a header.
        shape: Rows and columns.
        dtype: Pixel type.
    """

    def __init__(self, path: Path, shape: tuple[int, int], dtype: DTypeLike) -> None:
        self.path = path
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self._reserved = False
        path.touch()
        with path.open("r+b") as file:
            file.truncate(shape[0] * shape[1] * self.dtype.itemsize)

    def write(self, row: int, column: int, block: NDArray[Any]) -> None:
        """Write `block`, shape (height, width), with its first pixel at `row` and `column`.

        Raises:
            ValueError: It reaches over the edge.
            OSError: The disk did not take all of it.
        """
        height, width = block.shape
        if row < 0 or column < 0 or row + height > self.shape[0] or column + width > self.shape[1]:
            raise ValueError(f"block {block.shape} at ({row}, {column}) reaches over raster {self.shape}")
        pixels = np.ascontiguousarray(block, self.dtype)
        size = self.dtype.itemsize
        with self.path.open("r+b", buffering=0) as file:
            for offset, line in enumerate(pixels):
                file.seek(((row + offset) * self.shape[1] + column) * size)
                write_all(file, line.data)

    def write_rows(self, row: int, rows: NDArray[Any]) -> None:
        """Write whole rows, shape (height, columns), from `row` on.

        Raises:
            ValueError: They are of another width or reach over the edge.
            OSError: The disk did not take all of them.
        """
        if row < 0 or row + rows.shape[0] > self.shape[0] or rows.shape[1] != self.shape[1]:
            raise ValueError(f"rows {rows.shape} at {row} do not fit raster {self.shape}")
        with self.path.open("r+b", buffering=0) as file:
            file.seek(row * self.shape[1] * self.dtype.itemsize)
            write_all(file, np.ascontiguousarray(rows, self.dtype).data)

    def read_rows(self, row: int, height: int) -> NDArray[Any]:
        """Read `height` whole rows from `row` on, shape (height, columns).

        Raises:
            Failure: The file is shorter than the raster.
        """
        width = self.shape[1]
        pixels = np.fromfile(
            self.path, self.dtype, count=height * width, offset=row * width * self.dtype.itemsize
        )
        if pixels.size != height * width:
            raise Failure(f"{self.path} was cut short by something else; remove it and run the command again")
        return pixels.reshape(height, width)

    def mapped(self) -> NDArray[Any]:
        """Map the file into memory, to be written to; the disk has room for all of it then.

        Raises:
            OSError: The disk has no room for it.
        """
        if not self._reserved:
            reserve(self.path, self.shape[0] * self.shape[1] * self.dtype.itemsize)
            self._reserved = True
        return np.memmap(self.path, self.dtype, "r+", shape=tuple(self.shape))
