"""Values of pixels where a file stores other numbers: scale and offset, or numbers of a palette."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oemsar.raster.pixels import Pixels, Validity
from oemsar.raster.read import Dataset, Extent


@dataclass(frozen=True, eq=False)
class ScaledPixels:
    """Values of pixels by the scale and offset of each band.

    Attributes:
        source: Stored numbers.
        scales: Factor of each band.
        offsets: Addend of each band, after the factor.
    """

    source: Pixels
    scales: tuple[float, ...]
    offsets: tuple[float, ...]

    @property
    def name(self) -> str:
        """Name of the file, for messages."""
        return self.source.name

    @property
    def count(self) -> int:
        """Number of bands."""
        return self.source.count

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values: floating point, or complex where the stored numbers are."""
        return np.result_type(self.source.dtype, np.float32)

    @property
    def tells_nodata(self) -> bool:
        """Whether the file or a person says which pixels carry data."""
        return self.source.tells_nodata

    def read(self, extent: Extent) -> tuple[NDArray[Any], Validity]:
        """Read the values of a rectangle inside the raster and where it carries data."""
        numbers, valid = self.source.read(extent)
        scales, offsets = (np.array(values)[:, None, None] for values in (self.scales, self.offsets))
        return (numbers * scales + offsets).astype(self.dtype), valid


@dataclass(frozen=True, eq=False)
class PalettePixels:
    """Colours of the pixels of a palette image, uint8.

    Attributes:
        source: Numbers of the palette, one band.
        palette: Red, green, blue and opacity of each number, uint8, shape (numbers, 4).
        grey: Whether only one band is given, of a palette of greys.
    """

    source: Pixels
    palette: NDArray[np.uint8]
    grey: bool

    @property
    def name(self) -> str:
        """Name of the file, for messages."""
        return self.source.name

    @property
    def count(self) -> int:
        """Number of bands."""
        return 1 if self.grey else 3

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the colours."""
        return np.dtype(np.uint8)

    @property
    def tells_nodata(self) -> bool:
        """Whether the file or a person says which pixels carry data, or a colour is transparent."""
        return self.source.tells_nodata or bool((self.palette[:, 3] == 0).any())

    def read(self, extent: Extent) -> tuple[NDArray[Any], Validity]:
        """Read the colours of a rectangle inside the raster and where it carries data."""
        numbers, valid = self.source.read(extent)
        colours = np.take(self.palette, numbers[0], axis=0, mode="clip")
        opaque: NDArray[np.bool_] = colours[..., 3] != 0
        return np.moveaxis(colours[..., : self.count], -1, 0), opaque if valid is None else opaque & valid


def palette_of(dataset: Dataset) -> NDArray[np.uint8] | None:
    """Read the palette of a raster of one band, shape (numbers, 4); None where it has none."""
    if dataset.count != 1 or dataset.colorinterp[0].name != "palette":
        return None
    try:
        colours = dataset.colormap(1)
    except ValueError:  # marked as a palette, and has none
        return None
    palette = np.zeros((max(colours) + 1, 4), np.uint8)
    palette[:, 3] = 255
    palette[list(colours)] = list(colours.values())
    return palette


def is_grey(palette: NDArray[np.uint8]) -> bool:
    """Check whether all colours of a palette are greys."""
    return bool((palette[:, :3] == palette[:, :1]).all())


def scaled(pixels: Pixels, dataset: Dataset, bands: tuple[int, ...]) -> Pixels:
    """Apply the scale and offset tags of bands (from 1); the pixels themselves where there are none."""
    scales = tuple(float(dataset.scales[band - 1]) for band in bands)
    offsets = tuple(float(dataset.offsets[band - 1]) for band in bands)
    if set(scales) == {1.0} and set(offsets) == {0.0}:
        return pixels
    return ScaledPixels(pixels, scales, offsets)


def stored(pixels: Pixels) -> Pixels:
    """Give the stored numbers of scaled pixels; others as they are."""
    return pixels.source if isinstance(pixels, ScaledPixels) else pixels
