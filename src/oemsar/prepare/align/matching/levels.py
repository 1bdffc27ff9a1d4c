"""Displacements that are searched at first, and the levels from coarse to fine."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oemsar.prepare.align.matching.correlate import Peak
from oemsar.prepare.align.matching.windows import Level, Surfaces

_SMALLEST_SIDE = 144
"""Pixels of the shorter side at the coarsest level."""
_COARSEST = 16
FEW, _MANY = 12, 20
"""Windows along the longer side on the way, and at the finest level."""
REACH = 8
"""Pixels of a level in which the displacement is searched after the level before."""
_PLAIN = 1.0
"""Prominence from which on the first displacement is searched no farther."""


@dataclass(frozen=True)
class Range:
    """Displacements that are searched at first, pixels of the orthophoto.

    Attributes:
        along: Radius along the look direction, or in any direction without a look.
        across: Radius across the look direction.
        direction: Unit vector (columns, rows) along the look; None without a look.
        widest: Radius along the look up to which the range may be widened; none where it is no larger.
    """

    along: float
    across: float
    direction: tuple[float, float] | None
    widest: float = 0.0

    def allowed(self, level: Level) -> NDArray[np.bool_]:
        """Find the displacements of a level's surfaces that lie in range, boolean."""
        down, right = np.mgrid[-level.reach : level.reach + 1, -level.reach : level.reach + 1] * level.factor
        if self.direction is None:
            return np.asarray(np.hypot(right, down) <= self.along + level.factor)
        x, y = self.direction
        along, across = right * x + down * y, right * y - down * x
        slack = level.factor
        return np.asarray((np.abs(along) <= self.along + slack) & (np.abs(across) <= self.across + slack))

    def reach(self, factor: int) -> int:
        """Give the largest displacement in either direction, in pixels of a level of `factor`."""
        return math.ceil(max(self.along, self.across) / factor) + 2

    def at_edge(self, shift: Peak, level: Level) -> bool:
        """Tell whether a displacement, pixels of the level, lies beside one that is not searched."""
        allowed = self.allowed(level)
        row, column = (round(each) + level.reach for each in (shift.y, shift.x))
        around = allowed[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        return not shift.inside or not bool(around.all())

    def wider(self) -> Iterator["Range"]:
        """List ranges of twice the radius each, up to the widest."""
        along, ratio = self.along, self.across / self.along
        while along < self.widest:
            along = min(2 * along, self.widest)
            yield replace(self, along=along, across=ratio * along)


class BestOfRange(NamedTuple):
    """Best displacement of the whole within a range.

    Attributes:
        surfaces: Surfaces of the windows.
        shift: Peak of all windows together, pixels of the level.
        edge: Whether the peak lies beside a displacement that is not searched.
    """

    surfaces: Surfaces
    shift: Peak
    edge: bool

    @property
    def clear(self) -> bool:
        """Whether it is a summit that stands out."""
        return not self.edge and self.shift.prominence >= _PLAIN


def levels_of(shape: tuple[int, int], scale: float, wanted: Range) -> Iterator[Level]:
    """List the levels of a pair, the coarsest first.

    Args:
        shape: Rows and columns of the orthophoto.
        scale: Pixels of the radar image to one of the orthophoto; levels finer than the radar image are
            left out.
        wanted: Displacements that are searched at first.
    """
    finest = max(1, round(1 / scale))
    factor = finest
    while min(shape) // (2 * factor) >= _SMALLEST_SIDE and 2 * factor <= _COARSEST * finest:
        factor *= 2
    reach = wanted.reach(factor)
    while factor >= finest:
        yield Level(factor, window_of(shape, factor), reach, _MANY if factor == finest else FEW)
        factor, reach = factor // 2, REACH


def window_of(shape: tuple[int, int], factor: int) -> int:
    """Choose the side of the windows of a level: large where there is room for many."""
    side = min(shape) // factor
    return 128 if side >= 448 else 64 if side >= 128 else 32
