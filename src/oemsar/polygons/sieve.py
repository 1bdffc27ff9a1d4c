"""Patches of a map below the smallest mapping unit, given to the patch beside them.

A small patch takes the class that it has the longest border with, of patches of at least the smallest unit.
The map is read again until no patch changes, so that what lies among small patches follows. Where a group
of them has no larger patch around it, each takes the class of its largest neighbour. Nodata is no neighbour.
`rasterio.features.sieve` needs the whole map in memory, counts pixels in place of ground, and gives patches
to the largest neighbour, however short the border.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles
from oemsar.geometry.ground import PixelAreas
from oemsar.polygons.following import Indices
from oemsar.polygons.parts import PartSweep, StripParts
from oemsar.polygons.rings import ranges
from oemsar.polygons.stream import ground_of_runs, strips
from oemsar.progress import Report, silent
from oemsar.raster.raw_raster import RawRaster

_CLOSE = 1 + 1e-9
"""Rounding up to which an area reaches the smallest unit."""


class Sieved(NamedTuple):
    """Patches below the smallest mapping unit.

    Attributes:
        before: Number of them in the map.
        after: Number that is left, since they border on nodata alone.
    """

    before: int
    after: int


class _Pass(NamedTuple):
    """One reading of the map: patches below the unit that were found, and those that changed."""

    small: int
    changed: int


def sieve(classes: RawRaster, ground: PixelAreas | None, smallest: float, report: Report = silent) -> Sieved:
    """Give the small patches of a map to those beside them, in place.

    Args:
        classes: Class ids, 0 without data.
        ground: Areas of the pixels on the ground; None for pixels in place of square metres.
        smallest: Smallest mapping unit in square metres: patches below it are given away.
        report: Called with the rows read and the rows of the map, for each reading anew.
    """
    before, last_resort = None, False
    while True:
        done = _Reading(classes, ground, smallest, last_resort).run(report)
        before = done.small if before is None else before
        if not done.changed and (last_resort or not done.small):
            return Sieved(before, done.small)
        last_resort = not done.changed


@dataclass(eq=False)
class _Patches:
    """Patches that may still be small, or are beside such.

    Attributes:
        ids: Numbers, rising.
        value: Class ids.
        area: Areas so far, in the unit of the smallest.
        pixels: Pixels so far.
        first: First pixel of each in the map.
        complete: Whether no more pixels can come.
        decided: Whether each was given away, or cannot be.
    """

    ids: Indices
    value: NDArray[np.uint8]
    area: Doubles
    pixels: Indices
    first: Indices
    complete: NDArray[np.bool_]
    decided: NDArray[np.bool_]

    def at(self, ids: Indices) -> Indices:
        """Find patches by number."""
        return np.searchsorted(self.ids, ids)

    def chosen(self, index: NDArray[np.bool_]) -> "_Patches":
        """Take some of them."""
        return _Patches(
            self.ids[index],
            self.value[index],
            self.area[index],
            self.pixels[index],
            self.first[index],
            self.complete[index],
            self.decided[index],
        )

    def joined(self, other: "_Patches") -> "_Patches":
        """Join with the patches of the next strip, which alone tells of its own whether they are complete."""
        ids = np.concatenate([self.ids, other.ids])
        merged, first, found = np.unique(ids, return_index=True, return_inverse=True)
        index = found.ravel()
        count = merged.size
        area = np.bincount(index, np.concatenate([self.area, other.area]), minlength=count)
        pixels = np.bincount(index, np.concatenate([self.pixels, other.pixels]), minlength=count)
        begin = np.full(count, np.iinfo(np.int64).max)
        np.minimum.at(begin, index, np.concatenate([self.first, other.first]))
        complete = np.zeros(count, np.bool_)
        complete[index[: self.ids.size]] = self.complete
        complete[index[self.ids.size :]] = other.complete
        decided = np.zeros(count, np.bool_)
        decided[index[: self.ids.size]] = self.decided
        value = np.concatenate([self.value, other.value])[first]
        return _Patches(
            merged, value, np.asarray(area, np.float64), pixels.astype(np.int64), begin, complete, decided
        )


class _Reading:
    """A reading of the map from the top, which gives small patches away as soon as all around is known."""

    def __init__(
        self, classes: RawRaster, ground: PixelAreas | None, smallest: float, last_resort: bool
    ) -> None:
        self._classes, self._ground = classes, ground
        self._smallest, self._last_resort = smallest, last_resort
        empty = np.empty(0, np.int64)
        no_values, none = np.empty(0, np.uint8), np.empty(0, np.bool_)
        self._patches = _Patches(empty, no_values, np.empty(0), empty, empty, none, none)
        self._borders = np.empty((3, 0), np.int64)
        """Number of a patch, of one beside it, and the sides of pixels between them."""
        self._runs = np.empty((3, 0), np.int64)
        """Number of a patch, first pixel and length of a run of it."""
        self._small = self._changed = 0

    def run(self, report: Report) -> _Pass:
        """Read the map once."""
        rows, columns = self._classes.shape
        sweep, pixels = PartSweep(columns), self._classes.mapped().reshape(-1)
        for row, height in strips(self._classes.shape):
            strip = sweep.advance(self._classes.read_rows(row, height))
            self._add(strip, row)
            self._give_away(pixels)
            report(row + height, rows)
        self._add(sweep.advance(np.zeros((1, columns), np.uint8)), rows)
        self._give_away(pixels)
        return _Pass(self._small, self._changed)

    def _add(self, strip: StripParts, row: int) -> None:
        """Add the patches of a strip, their borders and their runs."""
        known, columns = self._patches, strip.values.shape[1]
        numbers = strip.ids[strip.joined_to]
        known.ids, self._borders[0], self._borders[1], self._runs[0] = (
            _renamed(ids, strip.joined, numbers)
            for ids in (known.ids, self._borders[0], self._borders[1], self._runs[0])
        )
        own = slice(strip.first_run, None)
        part, starts, lengths = strip.part[own], strip.starts[own] - columns, strip.lengths[own]
        inside = part >= 0
        part, starts, lengths = part[inside], starts[inside], lengths[inside]
        if self._ground is None:
            square = lengths.astype(np.float64)
        else:
            square = ground_of_runs(starts, lengths, row, columns, self._ground)
        count = strip.ids.size
        first = np.full(count, np.iinfo(np.int64).max)
        np.minimum.at(first, part, starts + row * columns)
        of_strip = _Patches(
            strip.ids,
            strip.value,
            np.asarray(np.bincount(part, square, minlength=count), np.float64),
            np.bincount(part, lengths, minlength=count).astype(np.int64),
            first,
            ~strip.is_open,
            np.zeros(count, np.bool_),
        )
        self._patches = known.joined(of_strip)
        runs = np.stack([strip.ids[part], starts + row * columns, lengths])
        self._runs = np.concatenate([self._runs, runs], axis=1)
        self._borders = _counted(np.concatenate([self._borders, _borders(strip)], axis=1))

    def _give_away(self, pixels: NDArray[np.uint8]) -> None:
        """Give away the small patches whose neighbours are known, and forget what is decided."""
        patches = self._patches
        large = patches.area * _CLOSE >= self._smallest
        settled = large | patches.complete
        one, other = patches.at(self._borders[0]), patches.at(self._borders[1])
        ready = patches.complete & ~large & ~patches.decided
        ready[one[~settled[other]]] = False
        values = self._new_values(one, other, ready, large)
        self._small += int(ready.sum())
        self._changed += int(np.count_nonzero(values))
        of_run = patches.at(self._runs[0])
        moved = values[of_run] > 0
        if moved.any():
            _, begin, lengths = self._runs[:, moved]
            pixels[ranges(begin, lengths)] = np.repeat(values[of_run[moved]], lengths)
        patches.decided |= ready
        undecided = ~large & ~patches.decided
        self._runs = self._runs[:, undecided[of_run]]
        kept = undecided[one]
        self._borders = self._borders[:, kept]
        needed = ~patches.complete
        needed[one[kept]] = needed[other[kept]] = True
        needed |= undecided
        self._patches = patches.chosen(needed)

    def _new_values(
        self, one: Indices, other: Indices, ready: NDArray[np.bool_], large: NDArray[np.bool_]
    ) -> NDArray[np.uint8]:
        """Choose the class of each patch that is ready, by the classes beside it; 0 for those that stay."""
        patches = self._patches
        values = np.zeros(patches.ids.size, np.uint8)
        if self._last_resort:
            pairs = np.flatnonzero(ready[one] & ~large[other])
            a, b = one[pairs], other[pairs]
            larger = patches.pixels[b] > patches.pixels[a]
            larger |= (patches.pixels[b] == patches.pixels[a]) & (patches.first[b] < patches.first[a])
            a, b = a[larger], b[larger]
            ranked = np.lexsort((patches.first[b], -patches.pixels[b], a))
            chosen, best = np.unique(a[ranked], return_index=True)
            values[chosen] = patches.value[b[ranked[best]]]
        pairs = np.flatnonzero(ready[one] & large[other])
        classes = patches.value[other[pairs]].astype(np.int64)
        borders = _counted(np.stack([one[pairs], classes, self._borders[2, pairs]]))
        ranked = np.lexsort((borders[1], -borders[2], borders[0]))
        chosen, best = np.unique(borders[0, ranked], return_index=True)
        values[chosen] = borders[1, ranked[best]]
        return values


def _renamed(ids: Indices, earlier: Indices, later: Indices) -> Indices:
    """Give patches the numbers that they have now; `earlier` rises."""
    if not earlier.size:
        return ids
    place = np.minimum(np.searchsorted(earlier, ids), earlier.size - 1)
    return np.where(earlier[place] == ids, later[place], ids)


def _borders(strip: StripParts) -> Indices:
    """Count the sides between patches of a strip and of the row above it, both ways round."""
    values, columns = strip.values, strip.values.shape[1]
    across = np.flatnonzero(values[1:, 1:] != values[1:, :-1])
    left = across + across // (columns - 1) + columns if columns > 1 else across
    below = np.flatnonzero(values[1:] != values[:-1]) + columns
    one = np.concatenate([strip.part_at(left), strip.part_at(below - columns)])
    other = np.concatenate([strip.part_at(left + 1), strip.part_at(below)])
    both = (one >= 0) & (other >= 0)
    one, other = strip.ids[one[both]], strip.ids[other[both]]
    sides = np.ones(one.size, np.int64)
    return np.stack([np.append(one, other), np.append(other, one), np.append(sides, sides)])


def _counted(borders: Indices) -> Indices:
    """Add up the sides between each two patches."""
    order = np.lexsort((borders[1], borders[0]))
    one, other, sides = borders[:, order]
    first = np.ones(one.size, np.bool_)
    first[1:] = (one[1:] != one[:-1]) | (other[1:] != other[:-1])
    begin = np.flatnonzero(first)
    summed = np.add.reduceat(sides, begin) if begin.size else sides
    return np.stack([one[begin], other[begin], summed])
