"""Pixels that are changed as they are read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from oemsar.raster.pixels import Opener, Pixels, Validity
from oemsar.raster.read import Extent

Change: TypeAlias = Callable[[Extent, NDArray[Any], Validity], tuple[NDArray[Any], Validity]]
"""Changes pixels of a rectangle and where they carry data; their shape stays."""


@dataclass(frozen=True, eq=False)
class ChangedPixels:
    """Pixels that are changed as they are read.

    Attributes:
        pixels: Pixels before the change.
        change: Applied to every rectangle.
        tells_nodata: Whether the changed pixels say which of them carry data.
        changed_dtype: Type of the changed pixels; None for that of the pixels before.
    """

    pixels: Pixels
    change: Change
    tells_nodata: bool
    changed_dtype: np.dtype[Any] | None = None

    @property
    def name(self) -> str:
        """Name of the file, for messages."""
        return self.pixels.name

    @property
    def count(self) -> int:
        """Number of bands."""
        return self.pixels.count

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pixels.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels that `read` returns."""
        return self.changed_dtype or self.pixels.dtype

    def read(self, extent: Extent) -> tuple[NDArray[Any], Validity]:
        """Read a rectangle inside the raster and where it carries data."""
        return self.change(extent, *self.pixels.read(extent))


def changed(
    opener: Opener, change: Change, *, tells_nodata: bool | None = None, dtype: np.dtype[Any] | None = None
) -> Opener:
    """Make an opener of the same pixels, changed as they are read.

    Args:
        opener: Opener of the pixels.
        change: Applied to every rectangle.
        tells_nodata: Whether the changed pixels say which of them carry data; None for as before.
        dtype: Type of the changed pixels; None for as before.
    """

    @contextmanager
    def open_changed() -> Iterator[Pixels]:
        with opener() as pixels:
            tells = pixels.tells_nodata if tells_nodata is None else tells_nodata
            yield ChangedPixels(pixels, change, tells, dtype)

    return open_changed
