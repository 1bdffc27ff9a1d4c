"""Overlapping windows over a scene, and the zones in which neighbours are blended."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oemsar.errors import InputError


@dataclass(frozen=True)
class Span:
    """One window along one axis; all positions in pixels of the scene.

    A window speaks for `[first, last)` only: alone in `[alone, shared)`, together with its predecessor in
    `[first, alone)` and with its successor in `[shared, last)`. What lies outside is context.

    Attributes:
        start: first pixel of the window.
        size: its length.
        first: first pixel it speaks for.
        alone: end of the zone shared with the predecessor.
        shared: begin of the zone shared with the successor.
        last: end of what it speaks for.
    """

    start: int
    size: int
    first: int
    alone: int
    shared: int
    last: int

    @property
    def spoken(self) -> slice:
        """What the window speaks for, as a slice of the window."""
        return slice(self.first - self.start, self.last - self.start)

    @property
    def zones(self) -> tuple[slice, slice]:
        """The shared zones, where weights are below 1, as slices of what the window speaks for."""
        return slice(0, self.alone - self.first), slice(self.shared - self.first, self.last - self.first)

    def weights(self) -> NDArray[np.float32]:
        """Weight of the window over `[first, last)`: 1 alone, raised-cosine ramps in the shared zones.

        The weights of two neighbours add up to 1 at every pixel.
        """
        rise = ramp(self.alone - self.first)
        fall = 1 - ramp(self.last - self.shared)
        return np.concatenate([rise, np.ones(self.shared - self.alone, np.float32), fall])


def ramp(length: int) -> NDArray[np.float32]:
    """Half a raised cosine from near 0 to near 1, float32, `length` values, symmetric about 1/2."""
    phase = (np.arange(length, dtype=np.float64) + 0.5) / max(length, 1)
    rising: NDArray[np.float32] = (0.5 - 0.5 * np.cos(math.pi * phase)).astype(np.float32)
    return rising


def spans(size: int, window: int, overlap: int) -> list[Span]:
    """Windows that cover an axis of `size` pixels, evenly spread, none reaching over its ends.

    Args:
        size: length of the axis.
        window: length of a window; an axis shorter than it gets one window of its own length.
        overlap: length of the zone in which two neighbours are blended, at most a third of `window`, so
            that zones never meet; neighbours overlap by at least as much.

    Raises:
        InputError: window or overlap is out of range.
    """
    if window < 1 or not 0 <= overlap <= window // 3:
        raise InputError(
            f"overlap {overlap} does not fit window {window}; it must be from 0 to a third of the window"
        )
    if size <= window:
        return [Span(0, size, 0, 0, size, size)]
    count = math.ceil((size - overlap) / (window - overlap))
    starts = [round(index * (size - window) / (count - 1)) for index in range(count)]
    zones = [(start + window + after - overlap) // 2 for start, after in itertools.pairwise(starts)]
    begins = [0, *zones]
    ends = [*(zone + overlap for zone in zones), size]
    return [
        Span(
            start=start,
            size=window,
            first=begins[index],
            alone=begins[index] + (overlap if index else 0),
            shared=ends[index] - (overlap if index < count - 1 else 0),
            last=ends[index],
        )
        for index, start in enumerate(starts)
    ]
