"""Values of inputs that are measured: reflectance, height and others, each in its own unit."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import InputError
from oemsar.geometry.vertical import metres_in_unit
from oemsar.inputs import Input
from oemsar.raster.alpha import Alpha
from oemsar.raster.bands import file_pixels
from oemsar.raster.changed_pixels import ChangedPixels
from oemsar.raster.image import Statement
from oemsar.raster.nodata import stated_nodata
from oemsar.raster.pixels import Pixels, Validity
from oemsar.raster.read import Dataset, Extent
from oemsar.raster.stored import palette_of


def measured_pixels(dataset: Dataset, path: Path, part: Input, statement: Statement = Statement()) -> Pixels:
    """Open the values of an input, float32: scale and offset applied, any type of number.

    A pixel carries data where the file or the person says so (nodata, mask or alpha), every value is finite
    and lies in the valid range of the input. Zeros are values: zeros around an image are no padding here.

    Args:
        dataset: Open raster.
        path: File, for messages.
        part: Input that the values are of.
        statement: What a person states about the file; without bands all are taken that are no mask.

    Raises:
        InputError: Bands are missing or too many, are complex or colours, or heights are not in metres.
    """
    bands, option = statement.bands, statement.option("bands")
    alpha = _alpha(dataset, part if bands is None else None)
    there = [number for number in dataset.indexes if not (alpha.believed and number == alpha.band)]
    if bands is not None and not all(1 <= band <= dataset.count for band in bands):
        raise InputError(
            f"{path} has {dataset.count} band(s), not all of {', '.join(map(str, bands))}; choose others",
            option=option,
        )
    chosen = tuple(there) if bands is None else bands
    if len(chosen) != part.channels:
        raise InputError(
            f"{path} has {len(chosen)} band(s) where {part.name} has {part.channels}; choose the bands",
            option=option,
        )
    if palette_of(dataset) is not None or "complex" in dataset.dtypes[chosen[0] - 1]:
        raise InputError(f"{path} holds no measured values of {part.name}, but colours or complex numbers")
    if part.kind == "height":
        _require_metres(dataset, path, chosen[0])
    low, high = part.valid_range

    def within(_: Extent, values: NDArray[Any], valid: Validity) -> tuple[NDArray[Any], Validity]:
        with np.errstate(over="ignore", invalid="ignore"):  # beyond float32 is beyond the range, too
            inside: NDArray[np.bool_] = np.all((values >= low) & (values <= high), axis=0)
            return values.astype(np.float32), inside if valid is None else inside & valid

    pixels = file_pixels(dataset, chosen, alpha, "bands together")
    pixels = stated_nodata(pixels, statement.nodata, statement.option("nodata"))
    return ChangedPixels(pixels, within, tells_nodata=True, changed_dtype=np.dtype(np.float32))


def fill_gaps(values: NDArray[np.float32], valid: Validity) -> NDArray[np.float32]:
    """Write NaN, in place, where values carry no data.

    Args:
        values: Shape (bands, height, width).
        valid: Pixels that carry data, (height, width); None for all.
    """
    if valid is not None:
        np.copyto(values, np.nan, where=~valid)
    return values


def _alpha(dataset: Dataset, part: Input | None) -> Alpha:
    """Judge a band marked alpha: it is a channel where the input has as many as the file has bands."""
    if part is None or dataset.count != part.channels:
        return Alpha.of_dataset(dataset)
    marked = (number for number, kind in enumerate(dataset.colorinterp, 1) if kind.name == "alpha")
    return Alpha(next(marked, None), believed=False)


def _require_metres(dataset: Dataset, path: Path, band: int) -> None:
    unit = metres_in_unit(dataset, band)
    if unit != 1:
        raise InputError(
            f"{path} gives heights in a unit of {unit:.4g} m (feet?), not in metres; multiply them by "
            f"{unit:.6g} first, for example with `gdal_calc.py`"
        )
