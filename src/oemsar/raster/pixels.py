"""Pixels of a band or of several together, read by rectangles, whatever library reads them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from oemsar.errors import InputError
from oemsar.raster.nodata import nodata_value
from oemsar.raster.read import Extent, open_raster


class Pixels(Protocol):
    """One band, or several together, open for reading by one thread.

    Arrays have the shape (height, width), those of several bands (bands, height, width).
    """

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of what `read` returns."""

    @property
    def tells_nodata(self) -> bool:
        """Whether the file itself says which pixels carry data."""

    def read(self, extent: Extent) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """Pixels of a rectangle inside the raster, and where they carry data; None: wherever finite."""


_TILE = 512
_CACHE_BYTES = 32 << 20
_MOST_CACHE_BYTES = 1 << 30

Opener = Callable[[], AbstractContextManager[Pixels]]
"""Opens the same pixels anew; every thread needs its own."""


Change = Callable[
    [Extent, NDArray[Any], NDArray[np.bool_] | None], tuple[NDArray[Any], NDArray[np.bool_] | None]
]
"""Pixels of a rectangle and where they carry data, to others of the same shape and type."""


class RasterPixels:
    """One band of a raster that GDAL reads, or several of one type."""

    def __init__(self, path: Path, bands: int | tuple[int, ...]) -> None:
        self._path = path
        self._bands = bands
        self._first = bands if isinstance(bands, int) else bands[0]
        self._opened: AbstractContextManager[DatasetReader] | None = None

    def __enter__(self) -> "RasterPixels":
        self._opened = open_raster(self._path)
        self._dataset = self._opened.__enter__()
        flags = self._dataset.mask_flag_enums[self._first - 1]
        self._masked = not any(flag.name == "all_valid" for flag in flags)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            self._opened.__exit__(kind, error, trace)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self._dataset.height), int(self._dataset.width)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Pixel type; complex integers are read as complex64."""
        name = self._dataset.dtypes[self._first - 1]
        return np.dtype("complex64" if name == "complex_int16" else name)

    @property
    def tells_nodata(self) -> bool:
        """Whether a nodata value, mask or alpha band says which pixels carry data."""
        return self._masked

    def read(self, extent: Extent) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """Pixels of a rectangle inside the raster, and where they carry data; None: wherever finite.

        Several bands carry data together: where any of them does.

        Raises:
            InputError: the file ends too early or is damaged.
        """
        window = Window(extent.column, extent.row, extent.width, extent.height)
        try:
            pixels = self._dataset.read(self._bands, window=window)
            if not self._masked:
                return pixels, None
            if isinstance(self._bands, int):
                return pixels, self._dataset.read_masks(self._bands, window=window) != 0
            return pixels, np.broadcast_to(self._dataset.dataset_mask(window=window) != 0, pixels.shape)
        except RasterioError as error:
            raise InputError(f"{self._path} cannot be read to its end; it is truncated or damaged") from error


@dataclass(frozen=True)
class ChangedPixels:
    """Pixels that are changed as they are read."""

    pixels: Pixels
    change: Change
    tells_nodata: bool

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pixels.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of what `read` returns."""
        return self.pixels.dtype

    def read(self, extent: Extent) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """Pixels of a rectangle inside the raster, and where they carry data; None: wherever finite."""
        return self.change(extent, *self.pixels.read(extent))


def with_nodata(opener: Opener, nodata: str) -> Opener:
    """The same pixels, but what carries no data is as a person says.

    Args:
        opener: of the pixels.
        nodata: `auto` believes the file, and where it does not say takes the zeros around the collect;
            `none` means every finite pixel carries data; a number is the value that carries none, of
            several bands where all of them have it.

    Raises:
        InputError: `nodata` is none of the three.
    """
    if nodata == "auto":
        return opener
    value = nodata_value(nodata)

    def declare(
        _: Extent, pixels: NDArray[Any], __: NDArray[np.bool_] | None
    ) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        if value is None:
            return pixels, None
        valid = pixels != value
        return pixels, valid if pixels.ndim == 2 else np.broadcast_to(valid.any(0), pixels.shape)

    return changed(opener, declare, tells_nodata=True)


def changed(opener: Opener, change: Change, *, tells_nodata: bool | None = None) -> Opener:
    """The same pixels, changed as they are read.

    Args:
        opener: of the pixels.
        change: applied to every rectangle.
        tells_nodata: whether they then say which carry data; None: as before.
    """

    @contextmanager
    def open_changed() -> Iterator[Pixels]:
        with opener() as pixels:
            yield ChangedPixels(pixels, change, pixels.tells_nodata if tells_nodata is None else tells_nodata)

    return open_changed


def gdal_cache(path: Path) -> int:
    """Bytes of decoded pixels GDAL may keep while `path` is read by blocks.

    A file whose rows lie in strips over its whole width would be decoded once for each block beside another,
    so the cache holds the strips of a row of blocks: up to 1 GB for the widest. Other files need 32 MB.
    """
    cache = _CACHE_BYTES
    try:
        with rasterio.open(path) as dataset:
            rows, columns = dataset.block_shapes[0]
            pixel = sum(8 if "complex" in name else np.dtype(name).itemsize for name in dataset.dtypes)
            if columns == dataset.width and columns > 2 * _TILE:
                cache += (2 * _TILE + 2 * rows) * columns * pixel
    except (RasterioError, IndexError):
        pass
    return min(cache, _MOST_CACHE_BYTES)
