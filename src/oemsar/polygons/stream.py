"""Polygons of a class map that is read strip by strip, given out as their patches are complete.

Memory is that of a strip and of the patches that reach its last row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles
from oemsar.geometry.ground import PixelAreas
from oemsar.polygons.boundaries import trace
from oemsar.polygons.following import Indices
from oemsar.polygons.parts import PartSweep, StripParts
from oemsar.polygons.rings import Polygons, Sides, polygons, sides_of, together
from oemsar.polygons.simplify import simplify

_PIXELS = 1 << 22
"""Pixels of a strip."""
_LEAST_ROWS, _MOST_ROWS = 64, 2048
CLASS_BITS = 0x0F
"""Bits of a value that are the class; those above tell the sheet."""
_SHEET = 16


class Rows(Protocol):
    """Band of bytes that is read by rows."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    def read_rows(self, row: int, height: int) -> NDArray[np.uint8]:
        """Read whole rows, shape (height, columns)."""


class Patches(NamedTuple):
    """Patches of one class that are complete.

    Attributes:
        polygons: Polygons with columns as x and rows as y.
        classes: Class ids.
        pixels: Number of pixels.
        area: Area of the polygons on the ground, square metres; NaN where it is not known.
        confidence: Mean confidence of the pixels that have one, percent; NaN where none has.
        lowest: Lowest confidence, percent; 0 where none has one.
    """

    polygons: Polygons
    classes: NDArray[np.uint8]
    pixels: Indices
    area: Doubles
    confidence: Doubles
    lowest: NDArray[np.uint8]


@dataclass(frozen=True)
class Outlining:
    """The way in which outlines are made.

    Attributes:
        tolerance: Distance in pixels that a point left out may have; 0 keeps the sides of pixels.
        sheet: Side in pixels of the squares at which patches are cut; None for whole patches.
    """

    tolerance: float = 1.0
    sheet: int | None = None


def strip_rows(columns: int) -> int:
    """Choose how many rows of a raster are a strip."""
    return int(np.clip(_PIXELS // max(columns, 1) // _LEAST_ROWS * _LEAST_ROWS, _LEAST_ROWS, _MOST_ROWS))


def strips(shape: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """List the strips of a raster: first row and number of rows."""
    step = strip_rows(shape[1])
    for row in range(0, shape[0], step):
        yield row, min(step, shape[0] - row)


def patches(
    classes: Rows, confidence: Rows | None, ground: PixelAreas | None, outlining: Outlining
) -> Iterator[tuple[int, Patches]]:
    """Turn a class map into polygons, patch by patch.

    Args:
        classes: Class ids 1..15, 0 without data.
        confidence: Percent, 0 where there is none; None without.
        ground: Areas of the pixels on the ground; None where they are not known.
        outlining: The way in which outlines are made.

    Yields:
        Number of rows read, and the patches that they completed.
    """
    shape = classes.shape
    sweep, gathered = PartSweep(shape[1]), _Gathered(shape)
    for row, height in strips(shape):
        values = sheeted(classes.read_rows(row, height), row, outlining.sheet)
        percent = None if confidence is None else confidence.read_rows(row, height)
        strip = sweep.advance(values)
        chains = simplify(trace(strip, row), outlining.tolerance, (row, row + height), shape[1])
        done = gathered.add(strip, sides_of(chains, shape[1]), _measure(strip, row, percent, ground))
        yield row + height, done
    strip = sweep.advance(np.zeros((1, shape[1]), np.uint8))
    yield (
        shape[0],
        gathered.add(strip, sides_of(trace(strip, shape[0]), shape[1]), Measures.nothing(strip.ids.size)),
    )


def sheeted(values: NDArray[np.uint8], row: int, sheet: int | None) -> NDArray[np.uint8]:
    """Make the values of neighbouring sheets differ, so that patches end at their sides."""
    if sheet is None:
        return values
    down = (np.arange(row, row + values.shape[0]) // sheet % 2 * 2 * _SHEET).astype(np.uint8)
    across = (np.arange(values.shape[1]) // sheet % 2 * _SHEET).astype(np.uint8)
    return np.where(values > 0, values + down[:, None] + across, 0).astype(np.uint8)


class Measures(NamedTuple):
    """Measures of patches.

    Attributes:
        sums: Pixels, square metres, confidences in percent, and pixels that have one; float64 (4, patches).
        lowest: Lowest confidence in percent, 255 where none has one.
    """

    sums: Doubles
    lowest: NDArray[np.uint8]

    @classmethod
    def nothing(cls, count: int) -> "Measures":
        """Measure patches without pixels."""
        return cls(np.zeros((4, count)), np.full(count, 255, np.uint8))

    def onto(self, target: Indices, count: int) -> "Measures":
        """Add up over other patches, to which these belong."""
        sums = [np.bincount(target, field, minlength=count) for field in self.sums]
        lowest = np.full(count, 255, np.uint8)
        np.minimum.at(lowest, target, self.lowest)
        return Measures(np.asarray(sums, np.float64), lowest)

    def plus(self, other: "Measures") -> "Measures":
        """Add those of other pixels of the same patches."""
        return Measures(self.sums + other.sums, np.minimum(self.lowest, other.lowest))

    def chosen(self, index: Indices | NDArray[np.bool_]) -> "Measures":
        """Take those of some patches."""
        return Measures(self.sums[:, index], self.lowest[index])


def _measure(
    strip: StripParts, row: int, percent: NDArray[np.uint8] | None, ground: PixelAreas | None
) -> Measures:
    """Measure the pixels of each patch in a strip."""
    runs = slice(strip.first_run, None)
    part = strip.part[runs]
    inside = part >= 0
    pixels = strip.lengths[runs].astype(np.float64)
    starts = strip.starts[runs] - strip.values.shape[1]
    square = ground_of_runs(starts, strip.lengths[runs], row, strip.values.shape[1], ground)
    if percent is None:
        summed = known = np.zeros(starts.size)
        lowest = np.full(starts.size, 255, np.uint8)
    else:
        flat = percent.ravel()
        summed = np.add.reduceat(flat, starts, dtype=np.int64).astype(np.float64)
        known = np.add.reduceat(flat > 0, starts, dtype=np.int64).astype(np.float64)
        lowest = np.minimum.reduceat(flat - np.uint8(1), starts)  # none becomes 255
    all_runs = Measures(np.stack([pixels, square, summed, known]), lowest)
    return all_runs.chosen(inside).onto(part[inside], strip.ids.size)


def ground_of_runs(
    starts: Indices, lengths: Indices, row: int, columns: int, ground: PixelAreas | None
) -> Doubles:
    """Measure runs of pixels on the ground, square metres; NaN where it is not known.

    Args:
        starts: First pixel of each run, flat index in the strip, rising.
        lengths: Number of pixels.
        row: First row of the strip.
        columns: Columns of the raster.
        ground: Areas of the pixels.
    """
    if ground is None:
        return np.full(starts.size, np.nan)
    if ground.is_even():
        return np.asarray(lengths * ground.middle, np.float64)
    line, column = np.divmod(starts, columns)
    number = (line + row) // ground.cell
    square = np.empty(starts.size)
    for cell_row in np.unique(number):
        chosen = number == cell_row
        along = np.repeat(ground.strip(int(cell_row)), ground.cell)[:columns]
        sums = np.concatenate([[0.0], np.cumsum(along)])
        first = column[chosen]
        square[chosen] = sums[first + lengths[chosen]] - sums[first]
    return square


class _Gathered:
    """Sides and measures of the patches that are still open."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._nodes = (shape[0] + 1) * (shape[1] + 1)
        self._sides: dict[int, list[Sides]] = {}
        self._ids = np.empty(0, np.int64)
        self._measures = Measures.nothing(0)

    def add(self, strip: StripParts, sides: Sides, measures: Measures) -> Patches:
        """Add a strip and take the patches that it completes."""
        count = strip.ids.size
        place = np.searchsorted(self._ids, strip.joined)
        measures = self._measures.chosen(place).onto(strip.joined_to, count).plus(measures)
        earlier: dict[int, list[Sides]] = {}
        for number, part in zip(strip.joined.tolist(), strip.joined_to.tolist(), strict=True):
            earlier.setdefault(part, []).extend(self._sides.pop(number, []))
        ends = ~strip.is_open
        collected = [sides.chosen(np.flatnonzero(ends[sides.patch]))]
        for part, held in earlier.items():
            if ends[part]:
                collected += [each._replace(patch=np.full_like(each.patch, part)) for each in held]
        self._keep(strip, sides, earlier, measures)
        return self._patches(strip, np.flatnonzero(ends), together(collected), measures)

    def _keep(
        self, strip: StripParts, sides: Sides, earlier: dict[int, list[Sides]], measures: Measures
    ) -> None:
        """Keep what belongs to the patches that are open."""
        still = np.flatnonzero(strip.is_open)
        rising = still[np.argsort(strip.ids[still])]
        self._ids, self._measures = strip.ids[rising], measures.chosen(rising)
        index = np.flatnonzero(strip.is_open[sides.patch])
        index = index[np.argsort(sides.patch[index], kind="stable")]
        parts, first = np.unique(sides.patch[index], return_index=True)
        fresh = dict(zip(parts.tolist(), np.split(index, first[1:]), strict=True)) if parts.size else {}
        for part in still.tolist():
            held = earlier.get(part, [])
            if part in fresh:
                held.append(sides.chosen(fresh[part]))
            self._sides[int(strip.ids[part])] = held

    def _patches(self, strip: StripParts, ended: Indices, sides: Sides, measures: Measures) -> Patches:
        """Make polygons of complete patches."""
        if not ended.size:
            none, bytes_ = np.empty(0), np.empty(0, np.uint8)
            return Patches(np.empty(0, np.object_), bytes_, np.empty(0, np.int64), none, none, bytes_)
        number = np.full(strip.ids.size, -1, np.int64)
        number[ended] = np.arange(ended.size)
        made, area = polygons(sides._replace(patch=number[sides.patch]), ended.size, self._nodes)
        own = measures.chosen(ended)
        pixels, square, percent, known = own.sums
        with np.errstate(invalid="ignore"):
            confidence = percent / known
        return Patches(
            made,
            strip.value[ended] & np.uint8(CLASS_BITS),
            pixels.astype(np.int64),
            area * square / pixels,
            confidence,
            own.lowest + np.uint8(1),
        )
