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

    Only the core `[first, last)` of a window enters the map: alone in `[ramp_end, ramp_start)`, blended
    with the predecessor in `[first, ramp_end)` and with the successor in `[ramp_start, last)`. The rest is
    context.

    Attributes:
        start: First pixel of the window.
        size: Length of the window.
        first: First pixel of the core.
        ramp_end: End of the zone blended with the predecessor.
        ramp_start: Begin of the zone blended with the successor.
        last: End of the core.
    """

    start: int
    size: int
    first: int
    ramp_end: int
    ramp_start: int
    last: int

    @property
    def core(self) -> slice:
        """Core as a slice of the window."""
        return slice(self.first - self.start, self.last - self.start)

    @property
    def zones(self) -> tuple[slice, slice]:
        """Blended zones, where weights are below 1, as slices of the core."""
        return slice(0, self.ramp_end - self.first), slice(
            self.ramp_start - self.first, self.last - self.first
        )

    def weights(self) -> NDArray[np.float32]:
        """Weigh the core `[first, last)`: 1 where alone, raised-cosine ramps in the blended zones.

        The weights of two neighbours add up to 1 at every pixel.
        """
        rise = ramp(self.ramp_end - self.first)
        fall = 1 - ramp(self.last - self.ramp_start)
        return np.concatenate([rise, np.ones(self.ramp_start - self.ramp_end, np.float32), fall])


def ramp(length: int) -> NDArray[np.float32]:
    """Compute half a raised cosine from near 0 to near 1, float32, `length` values, symmetric about 1/2."""
    phase = (np.arange(length, dtype=np.float64) + 0.5) / max(length, 1)
    rising: NDArray[np.float32] = (0.5 - 0.5 * np.cos(math.pi * phase)).astype(np.float32)
    return rising


def spans(size: int, window: int, overlap: int) -> list[Span]:
    """Cover an axis of `size` pixels with windows, evenly spread, none reaching over its ends.

    Args:
        size: Length of the axis.
        window: Length of a window; an axis shorter than it gets one window of its own length.
        overlap: Length of the zone in which two neighbours are blended, at most a third of `window`, so
            that zones never meet; neighbours overlap by at least as much.

    Raises:
        InputError: The window or the overlap is out of range.
    """
    if window < 1 or not 0 <= overlap <= window // 3:
        raise InputError(
            f"overlap {overlap} does not fit window {window}; it must be from 0 to a third of the window",
            option=("overlap", "window"),
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
            ramp_end=begins[index] + (overlap if index else 0),
            ramp_start=ends[index] - (overlap if index < count - 1 else 0),
            last=ends[index],
        )
        for index, start in enumerate(starts)
    ]
