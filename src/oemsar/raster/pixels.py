"""Pixels and where they carry data, read by rectangles, whatever library reads them.

One rule holds for every verb: pixels carry data by the file's own mask (nodata value, mask, or alpha band
that is a mask), by what a person says instead (`auto`, `none` or a number), and, where neither excludes
anything at the border, by lying inside the zeros around the image (`oemsar.raster.collect`). NaN and infinity
never carry data.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from oemsar.raster.raw_raster import RawRaster
from oemsar.raster.read import Dataset, Extent, masked, told_damage

Validity: TypeAlias = NDArray[np.bool_] | None
"""Where pixels carry data, shape (height, width); None: everywhere, as far as their values are finite."""


class Pixels(Protocol):
    """One band or several together, open for reading by one thread."""

    @property
    def name(self) -> str:
        """Name of the file, for messages."""

    @property
    def count(self) -> int:
        """Number of bands."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels that `read` returns."""

    @property
    def tells_nodata(self) -> bool:
        """Whether the file itself says which pixels carry data."""

    def read(self, extent: Extent) -> tuple[NDArray[Any], Validity]:
        """Read a rectangle inside the raster.

        Returns:
            Pixels, shape (bands, height, width), and where they carry data.
        """


Opener: TypeAlias = Callable[[], AbstractContextManager[Pixels]]
"""Opens the same pixels anew; every thread needs its own."""

Mask: TypeAlias = Literal["bands together", "each value"]
"""Who judges pixels.

`bands together`: all bands of a pixel carry data or none does, by the mask of the whole file, and none where
any band is not finite. `each value`: the mask of the band itself counts, and a value that is not finite is
left to the reader, who sends it through a table.
"""


@dataclass(frozen=True, eq=False)
class RasterPixels:
    """Bands of an open raster that GDAL reads, with the file's own mask.

    Attributes:
        dataset: Open raster.
        bands: Numbers of the bands, from 1; of one type.
        mask: Who judges pixels.
        alpha: Band that is a mask, from 1, where GDAL does not take it for one; None without.
        believed: Whether GDAL's mask of the file counts.
    """

    dataset: Dataset
    bands: tuple[int, ...]
    mask: Mask = "bands together"
    alpha: int | None = None
    believed: bool = True

    @classmethod
    def first(cls, dataset: Dataset, bands: int = 1) -> "RasterPixels":
        """Take the first `bands` bands of an open raster together."""
        return cls(dataset, tuple(range(1, bands + 1)))

    @property
    def name(self) -> str:
        """Name of the file, for messages."""
        dataset = self.dataset
        return str(dataset.src_dataset.name if isinstance(dataset, WarpedVRT) else dataset.name)

    @property
    def count(self) -> int:
        """Number of bands."""
        return len(self.bands)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.dataset.height), int(self.dataset.width)

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """Pixel type; complex integers are read as complex64."""
        name = self.dataset.dtypes[self.bands[0] - 1]
        return np.dtype("complex64" if name == "complex_int16" else name)

    @cached_property
    def tells_nodata(self) -> bool:
        """Whether a nodata value, mask or alpha band says which pixels carry data."""
        return self.alpha is not None or (self.believed and masked(self.dataset, self.bands[0]))

    def read(self, extent: Extent) -> tuple[NDArray[Any], Validity]:
        """Read a rectangle inside the raster and where it carries data.

        Raises:
            InputError: The file ends too early or is damaged.
        """
        pixels, valid = self.values(extent), None
        if self.tells_nodata:
            with told_damage(self.name):
                valid = self._read_mask(_window(extent)) != 0
        if self.mask == "bands together" and not np.issubdtype(pixels.dtype, np.integer):
            finite: NDArray[np.bool_] = np.isfinite(pixels).all(0)
            valid = finite if valid is None else valid & finite
        return pixels, valid

    def values(self, extent: Extent) -> NDArray[Any]:
        """Read a rectangle inside the raster without its mask, shape (bands, height, width).

        Raises:
            InputError: The file ends too early or is damaged.
        """
        with told_damage(self.name):
            pixels: NDArray[Any] = self.dataset.read(list(self.bands), window=_window(extent))
            return pixels

    def _read_mask(self, window: Window) -> NDArray[Any]:
        if self.alpha is not None:
            opacity: NDArray[Any] = self.dataset.read(self.alpha, window=window)
            return opacity
        own = self.mask == "each value" and len(self.bands) == 1
        mask: NDArray[np.uint8] = (
            self.dataset.read_masks(self.bands[0], window=window)
            if own
            else self.dataset.dataset_mask(window=window)
        )
        return mask


def _window(extent: Extent) -> Window:
    return Window(extent.column, extent.row, extent.width, extent.height)


@dataclass(frozen=True, eq=False)
class RawPixels:
    """Raw rasters of one shape and type, one a band, and where they carry data.

    Attributes:
        bands: Raw rasters of the bands.
        validity: Raw raster of uint8, 1 where there is data.
    """

    bands: Sequence[RawRaster]
    validity: RawRaster
    tells_nodata = True

    @property
    def name(self) -> str:
        """Path of the first band, for messages."""
        return str(self.bands[0].path)

    @property
    def count(self) -> int:
        """Number of bands."""
        return len(self.bands)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.validity.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels that `read` returns."""
        return self.bands[0].dtype

    def read(self, extent: Extent) -> tuple[NDArray[Any], Validity]:
        """Read a rectangle inside the rasters and where it carries data."""
        return np.stack([_part(band, extent) for band in self.bands]), _part(self.validity, extent) == 1


def _part(raster: RawRaster, extent: Extent) -> NDArray[Any]:
    return raster.read_rows(extent.row, extent.height)[:, extent.column : extent.column + extent.width]


def raw_opener(bands: Sequence[RawRaster], validity: RawRaster) -> Opener:
    """Make an opener of raw rasters, one a band; every thread reads for itself."""
    return lambda: nullcontext(RawPixels(bands, validity))


def read_window(pixels: Pixels, extent: Extent) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Read a rectangle that may reach over the edge of the raster.

    Args:
        pixels: Open for reading.
        extent: Rectangle in pixels.

    Returns:
        Pixels of the raster's type, shape (bands, height, width), 0 outside the raster; and where they carry
        data, shape (height, width), False outside the raster.

    Raises:
        InputError: The file ends too early or is damaged.
    """
    inside = extent.clipped(pixels.shape)
    if inside == extent:
        part, known = pixels.read(inside)
        return part, np.ones((extent.height, extent.width), bool) if known is None else known
    window = np.zeros((pixels.count, extent.height, extent.width), pixels.dtype)
    valid = np.zeros((extent.height, extent.width), bool)
    if not (inside.height and inside.width):
        return window, valid
    part, known = pixels.read(inside)
    rows, columns = inside.slices_in(extent)
    window[:, rows, columns] = part
    valid[rows, columns] = True if known is None else known
    return window, valid
