"""Places of a pair where a tile can be cut, and what its masks say there."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from oemsar.curate.tiles.config import TilesConfig
from oemsar.curate.tiles.pairs import BANDS, PairFiles
from oemsar.progress import Report, silent
from oemsar.raster.cache import gdal_cache
from oemsar.raster.pixels import RasterPixels
from oemsar.raster.read import Extent, open_raster

_UNKNOWN = 255
"""Value of layover and shadow where nothing says how high the ground is."""

Fault: TypeAlias = Literal["valid", "layover", "shadow"]
"""Rule that a tile breaks."""


@dataclass(frozen=True)
class Shares:
    """Shares of the masks of a tile.

    Attributes:
        sar: Share with radar data, 0..1.
        optical: Share with optical data.
        both: Share with data in both images.
        layover: Share of layover in the ground that both show; None where it is not known.
        shadow: Share of radar shadow; None where it is not known.
    """

    sar: float
    optical: float
    both: float
    layover: float | None
    shadow: float | None

    @classmethod
    def of(cls, masks: NDArray[np.uint8]) -> "Shares":
        """Count the masks of a tile, shape (4, height, width)."""
        sar, optical = masks[0] == 1, masks[1] == 1
        both = sar & optical
        return cls(_mean(sar), _mean(optical), _mean(both), _known(masks[2], both), _known(masks[3], both))

    def fault(self, rules: TilesConfig) -> Fault | None:
        """Name the first rule that the tile breaks; None where it breaks none."""
        if self.both < rules.valid:
            return "valid"
        if self.layover is not None and self.layover > rules.layover:
            return "layover"
        if self.shadow is not None and self.shadow > rules.shadow:
            return "shadow"
        return None


@dataclass(frozen=True)
class Cut:
    """A tile of a pair.

    Attributes:
        name: Name of the tile.
        number: Row and column of the tile among those of its region.
        extent: Pixels of the pair that it takes.
        shares: Shares of its masks.
    """

    name: str
    number: tuple[int, int]
    extent: Extent
    shares: Shares


@dataclass(frozen=True)
class Cuts:
    """Tiles of a pair that meet the rules, and the number of those that do not.

    Attributes:
        kept: Tiles in the order of rows, then columns.
        candidates: Number of tiles on the grid.
        faults: Number of tiles left out by the first rule that each breaks.
    """

    kept: list[Cut]
    candidates: int
    faults: Counter[Fault]


def choose_cuts(pair: PairFiles, rules: TilesConfig, report: Report = silent) -> Cuts:
    """Find the tiles of a pair that meet the rules.

    Their grid begins at the upper left corner of the pair and has the step `size` - `overlap`.

    Args:
        pair: Pair.
        rules: Rules of the tiles.
        report: Called with the tiles looked at and the tiles in all.
    """
    places = list(_places(pair.grid.shape.yx, rules))
    kept, faults = [], Counter[Fault]()
    with gdal_cache(), open_raster(pair.files["masks"]) as dataset:
        for done, (number, extent) in enumerate(places, 1):
            shares = Shares.of(read_part(dataset, "masks", extent))
            fault = shares.fault(rules)
            if fault is None:
                kept.append(Cut(f"{pair.name}_{number[0]:03d}_{number[1]:03d}", number, extent, shares))
            else:
                faults[fault] += 1
            report(done, len(places))
    return Cuts(kept, len(places), faults)


def read_part(dataset: DatasetReader, key: str, extent: Extent) -> NDArray[np.uint8]:
    """Read a rectangle of a file of a pair, shape (bands, height, width).

    Args:
        dataset: Open file.
        key: `sar`, `optical` or `masks`.
        extent: Rectangle inside the file.
    """
    pixels: NDArray[np.uint8] = RasterPixels.first(dataset, BANDS[key]).values(extent)
    return pixels


def _places(shape: tuple[int, int], rules: TilesConfig) -> Iterator[tuple[tuple[int, int], Extent]]:
    step = rules.size - rules.overlap
    for row in range((shape[0] - rules.size) // step + 1):
        for column in range((shape[1] - rules.size) // step + 1):
            yield (row, column), Extent(row * step, column * step, rules.size, rules.size)


def _mean(mask: NDArray[np.bool_]) -> float:
    return round(float(mask.mean()), 6)


def _known(band: NDArray[np.uint8], both: NDArray[np.bool_]) -> float | None:
    known = both & (band != _UNKNOWN)
    return _mean(band[known] == 1) if known.any() else None
