"""Values of a raster at any positions, read from only the window they need."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oemsar.arrays import Doubles
from oemsar.errors import InputError
from oemsar.geometry.interpolate import PAD, Kernel, interpolate, shrinking
from oemsar.raster.pixels import Pixels, read_window
from oemsar.raster.read import Extent

_LARGEST_WINDOW = 1 << 24
"""Pixels of the source read at once; positions that need more are divided."""
_SMALLEST_BLOCK = 16
_STRIDE = 8
"""Positions from one measurement of the spacing to the next."""
_COARSER = 1.1
"""Source pixels between neighbouring positions from which on the source is averaged first."""


@dataclass(frozen=True, eq=False)
class Sampler:
    """Values of a raster between its pixels.

    Attributes:
        source: Pixels of the raster, and where they carry data.
        power: Whether values are amplitudes, to be interpolated as their squares.
        kernel: Nearest, bilinear or bicubic.
        averaging: Whether the positions are the pixels of a grid. Where that is coarser than the source,
            the source is first averaged over one of its pixels, so that nothing folds over. Otherwise
            they are points, in any order.

    Raises:
        InputError: The raster is complex while its amplitude is due.
    """

    source: Pixels
    power: bool = False
    kernel: Kernel = "bilinear"
    averaging: bool = True

    def __post_init__(self) -> None:
        if self.power and self.source.dtype.kind == "c":
            raise InputError(
                f"{self.source.name} holds complex pixels, not amplitude; "
                "run `oemsar prepare radiometry` on it first"
            )

    def at(self, x: Doubles, y: Doubles) -> tuple[NDArray[np.inexact], NDArray[np.bool_]]:
        """Interpolate at a rectangle of positions.

        Args:
            x: Columns, shape (height, width); pixel centres at integers; NaN is nowhere.
            y: Rows, of the same shape.

        Returns:
            Values (bands, height, width), float32, float64 or complex, 0 where there are none; and where
            there are some, (height, width).

        Raises:
            InputError: The file is damaged, or holds negative values where amplitude is due.
        """
        factor = _spacing(x, y) if self.averaging and self.kernel != "nearest" else 1.0
        window = _window(self.source.shape, x, y, factor)
        if window is None:
            return np.zeros((self.source.count, *x.shape), self._type()), np.zeros(x.shape, bool)
        if window.height * window.width > _LARGEST_WINDOW and max(x.shape) > _SMALLEST_BLOCK:
            return self._in_parts(x, y)
        raw, known = read_window(self.source, window)
        image = raw.astype(self._type(), copy=False)
        if self.power:
            self._require_amplitude(image, known)
            image = image * image
        if factor > _COARSER:
            image = shrinking(image, known, factor)
        pixels, valid = interpolate(image, known, x - window.column, y - window.row, self.kernel)
        return (np.sqrt(np.maximum(pixels, 0)) if self.power else pixels), valid

    def _require_amplitude(self, image: NDArray[np.inexact], known: NDArray[np.bool_]) -> None:
        if ((image.real < 0) & known).any():
            raise InputError(
                f"{self.source.name} holds negative values, so it is not amplitude (decibels?); "
                "run `oemsar prepare radiometry` on it first"
            )

    def _in_parts(self, x: Doubles, y: Doubles) -> tuple[NDArray[np.inexact], NDArray[np.bool_]]:
        pixels, valid = np.zeros((self.source.count, *x.shape), self._type()), np.zeros(x.shape, bool)
        for part in _quarters(*x.shape):
            pixels[:, *part], valid[part] = self.at(x[part], y[part])
        return pixels, valid

    def _type(self) -> np.dtype[Any]:
        """Choose float32 where it holds the values of the source, else the next type that does."""
        return np.result_type(self.source.dtype, np.float32)


def _window(shape: tuple[int, int], x: Doubles, y: Doubles, factor: float) -> Extent | None:
    """Find the rectangle of the source that the positions need; None where they need nothing."""
    with np.errstate(invalid="ignore"):
        inside = (x > -0.5) & (x < shape[1] - 0.5) & (y > -0.5) & (y < shape[0] - 0.5)
    if not inside.any():
        return None
    reach = PAD + max(0, math.ceil((factor - 1) / 2))
    left, right = _range(x[inside], shape[1], reach)
    top, bottom = _range(y[inside], shape[0], reach)
    return Extent(top, left, bottom - top, right - left)


def _range(values: Doubles, size: int, reach: int) -> tuple[int, int]:
    return max(0, math.floor(values.min()) - reach), min(size, math.ceil(values.max()) + reach + 1)


def _spacing(x: Doubles, y: Doubles) -> float:
    """Measure source pixels between neighbouring positions: the root of the median area of their cells."""
    if min(x.shape) < 2:
        return 1.0
    at = (slice(0, x.shape[0] - 1, _STRIDE), slice(0, x.shape[1] - 1, _STRIDE))
    down = (slice(1, x.shape[0], _STRIDE), at[1])
    right = (at[0], slice(1, x.shape[1], _STRIDE))
    area = np.abs((x[right] - x[at]) * (y[down] - y[at]) - (x[down] - x[at]) * (y[right] - y[at]))
    finite = area[np.isfinite(area)]
    return float(np.sqrt(np.median(finite))) if finite.size else 1.0


def _quarters(height: int, width: int) -> list[tuple[slice, slice]]:
    rows = [slice(0, height // 2), slice(height // 2, height)] if height > 1 else [slice(0, height)]
    columns = [slice(0, width // 2), slice(width // 2, width)] if width > 1 else [slice(0, width)]
    return [(row, column) for row in rows for column in columns]
