"""Pixels without data as a person states them: `auto`, `none` or the stored number that carries none."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.raster.changed_pixels import ChangedPixels
from oemsar.raster.pixels import Opener, Pixels, RasterPixels, Validity
from oemsar.raster.read import Extent
from oemsar.raster.statements import nodata_value
from oemsar.raster.stored import PalettePixels, ScaledPixels


def with_nodata(opener: Opener, nodata: str, option: str = "nodata") -> Opener:
    """Make an opener of the same pixels with the nodata that a person states instead of the file's.

    The arguments are those of `stated_nodata`.
    """
    if nodata == "auto":
        return opener

    @contextmanager
    def open_stated() -> Iterator[Pixels]:
        with opener() as pixels:
            yield stated_nodata(pixels, nodata, option)

    return open_stated


def stated_nodata(pixels: Pixels, nodata: str, option: str = "nodata") -> Pixels:
    """Apply the nodata that a person states, instead of the file's, to open pixels.

    Args:
        pixels: Open for reading.
        nodata: `auto` believes the file; `none` means every finite pixel carries data; a number is the value
            that carries none, of several bands where all of them have it, as the file stores it: before scale
            and offset. NaN and infinity never carry data.
        option: Name of the option that holds the statement, for messages.

    Raises:
        InputError: `nodata` is none of the three, or a number that no pixel can have.
    """
    value = nodata_value(nodata, option)
    if nodata == "auto":
        return pixels
    if isinstance(pixels, ScaledPixels | PalettePixels):
        return replace(pixels, source=stated_nodata(pixels.source, nodata, option))
    kind = pixels.dtype.kind
    judges_all = isinstance(pixels, RasterPixels) and pixels.mask == "bands together" and kind not in "iu"
    if value is not None and kind in "iu":
        limits = np.iinfo(pixels.dtype)
        if not (value.is_integer() and limits.min <= value <= limits.max):
            raise InputError(
                f"{nodata} is no value of {pixels.name}, whose pixels are {pixels.dtype.name}; "
                "give a number that they can have, auto or none",
                option=option,
            )

    def declare(_: Extent, numbers: NDArray[Any], __: Validity) -> tuple[NDArray[Any], Validity]:
        valid: Validity = np.isfinite(numbers).all(0) if judges_all else None
        if value is None:
            return numbers, valid
        differs: NDArray[np.bool_] = (numbers != (int(value) if kind in "iu" else value)).any(0)
        return numbers, differs if valid is None else differs & valid

    return ChangedPixels(pixels, declare, tells_nodata=True)
