"""Bands marked alpha: masks where their values are a mask's, else bands of the image like any other.

GDAL marks the fourth band of four as alpha unless it is told otherwise, so the near infrared of an orthophoto
often bears that mark, and water, dark in the infrared, would carry no data.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from rasterio.enums import MaskFlags
from rasterio.windows import Window

from oemsar.raster.read import Dataset, told_damage

log = logging.getLogger(__name__)

_SAMPLES_PER_AXIS = 8
_SAMPLE = 256
_BLACK = 15
"""Largest byte that passes for black, as in GDAL's `nearblack`."""


@dataclass(frozen=True)
class Alpha:
    """A band marked alpha.

    Attributes:
        band: Number of the band, from 1; None where none is marked.
        believed: Whether it is a mask, by its values.
    """

    band: int | None
    believed: bool

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> Self:
        """Find the band marked alpha and judge it by samples of 256 x 256 pixels on a regular grid.

        It is a mask where, 0 aside, it has one value only; or where the colours are black or white wherever
        it is 0, as with edges that were blurred.
        """
        marked = (number for number, kind in enumerate(dataset.colorinterp, 1) if kind.name == "alpha")
        band = next(marked, None)
        if band is None:
            return cls(None, believed=False)
        with told_damage(str(dataset.name)):
            believed = _is_mask(dataset, band)
        return cls(band, believed)

    def tell(self, path: Path) -> None:
        """Tell of a band that is marked alpha and is no mask."""
        if self.band is not None and not self.believed:
            log.warning(
                "%s: band %d is marked alpha, but its values are not those of a mask (near infrared?); "
                "it is taken as a band of the image, and does not say where there is data",
                path,
                self.band,
            )

    def own_mask(self, dataset: Dataset) -> int | None:
        """Give the band where it is a mask that GDAL does not read as one (floating point); else None."""
        if self.band is None or not self.believed or dataset.nodata is not None:
            return None
        flags = dataset.mask_flag_enums[0]
        return self.band if MaskFlags.all_valid in flags else None

    def misleads(self, dataset: Dataset) -> bool:
        """Tell whether GDAL's mask of a dataset is a band marked alpha that is no mask."""
        return (
            self.band is not None
            and not self.believed
            and any(MaskFlags.alpha in flags for flags in dataset.mask_flag_enums)
        )


def _is_mask(dataset: Dataset, band: int) -> bool:
    values: set[float] = set()
    for window in _samples(dataset):
        values.update(np.unique(dataset.read(band, window=window)).tolist())
    return len(values - {0}) <= 1 or (0 in values and _follows_colours(dataset, band))


def _follows_colours(dataset: Dataset, band: int) -> bool:
    """Check that colours are black or white wherever a band is 0."""
    others = [number for number in dataset.indexes if number != band]
    kind = np.dtype(dataset.dtypes[0])
    white = np.iinfo(kind).max if kind.kind in "iu" else np.inf
    for window in _samples(dataset):
        colours = dataset.read(others, window=window)[:, dataset.read(band, window=window) == 0]
        dark = colours <= (_BLACK if kind == np.uint8 else 0)
        if not (dark.all(0) | (colours == white).all(0)).all():
            return False
    return True


def _samples(dataset: Dataset) -> Iterator[Window]:
    for row in _starts(dataset.height):
        for column in _starts(dataset.width):
            yield Window(column, row, min(_SAMPLE, dataset.width), min(_SAMPLE, dataset.height))


def _starts(size: int) -> list[int]:
    return sorted({int(start) for start in np.linspace(0, max(0, size - _SAMPLE), _SAMPLES_PER_AXIS)})
