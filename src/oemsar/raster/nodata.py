"""Pixels without data as a person states them: `auto`, `none` or the value that carries none."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.raster.changed_pixels import Change, ChangedPixels, changed
from oemsar.raster.pixels import Opener, Pixels, Validity
from oemsar.raster.read import Extent


def nodata_value(nodata: str) -> float | None:
    """Parse a statement: None for `auto` (believe the file) and `none` (every pixel has data).

    Raises:
        InputError: It is none of the three.
    """
    if nodata in ("auto", "none"):
        return None
    try:
        return float(nodata)
    except ValueError as error:
        raise InputError(f"{nodata} is not known; give auto, none or a number", option="nodata") from error


def with_nodata(opener: Opener, nodata: str) -> Opener:
    """Make an opener of the same pixels with the nodata that a person states instead of the file's.

    Args:
        opener: Opener of the pixels.
        nodata: `auto` believes the file; `none` means every finite pixel carries data; a number is the value
            that carries none, of several bands where all of them have it.

    Raises:
        InputError: `nodata` is none of the three.
    """
    change = _stated(nodata, believe_file=False)
    return opener if change is None else changed(opener, change, tells_nodata=True)


def stated_nodata(pixels: Pixels, nodata: str) -> Pixels:
    """Apply the nodata that a person states to open pixels; a number counts beside the file's own mask.

    Args:
        pixels: Open for reading.
        nodata: `auto`, `none` or a number, as for `with_nodata`.

    Raises:
        InputError: `nodata` is none of the three.
    """
    change = _stated(nodata, believe_file=True)
    return pixels if change is None else ChangedPixels(pixels, change, tells_nodata=True)


def _stated(nodata: str, *, believe_file: bool) -> Change | None:
    """Make the change of a statement; None for `auto`."""
    value = nodata_value(nodata)
    if nodata == "auto":
        return None

    def declare(_: Extent, pixels: NDArray[Any], valid: Validity) -> tuple[NDArray[Any], Validity]:
        if value is None:
            return pixels, None
        differs: NDArray[np.bool_] = (pixels != value).any(0)
        return pixels, differs & valid if believe_file and valid is not None else differs

    return declare
