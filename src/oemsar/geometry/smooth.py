"""Smooth maps, evaluated on a lattice and interpolated by a polynomial: a projection for a product."""

from typing import NamedTuple

import numpy as np

from oemsar.arrays import Doubles
from oemsar.geometry.mapping import PixelMap

_FEW = 1024
_DEGREES = (1, 2, 4)
_TESTS = np.cos(np.linspace(0.4, np.pi - 0.2, 4))
_CHUNK = 1 << 13


def smoothly(mapping: PixelMap, tolerance: float = 1e-3) -> PixelMap:
    """Make a map faster: evaluate it on a lattice and interpolate by a polynomial where that is close.

    Projections are smooth over a block of pixels and cost far more than a polynomial: over a few hundred
    metres one of degree 2 is exact to less than a millimetre.

    Args:
        mapping: Smooth map.
        tolerance: Largest difference at the test points of each call, in the units the map returns.
    """

    def fast(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        if x.size < _FEW:
            return mapping(x, y)
        with np.errstate(invalid="ignore"):
            inside = np.isfinite(x) & np.isfinite(y)
        if not inside.any():
            return np.full(x.shape, np.nan), np.full(x.shape, np.nan)
        box = _Box.around(x[inside], y[inside])
        for degree in _DEGREES:
            coefficients = box.polynomial(mapping, degree, tolerance)
            if coefficients is not None:
                return box.evaluate(coefficients, degree, x, y)
        return mapping(x, y)

    return fast


class _Box(NamedTuple):
    """A rectangle of positions: its centre and half sides."""

    x: float
    y: float
    half_width: float
    half_height: float

    @classmethod
    def around(cls, x: Doubles, y: Doubles) -> "_Box":
        low_x, high_x, low_y, high_y = (float(value) for value in (x.min(), x.max(), y.min(), y.max()))
        halves = (high_x - low_x) / 2 or 1.0, (high_y - low_y) / 2 or 1.0
        return cls((low_x + high_x) / 2, (low_y + high_y) / 2, *halves)

    def polynomial(self, mapping: PixelMap, degree: int, tolerance: float) -> Doubles | None:
        """Find coefficients (2, terms) that reproduce `mapping` within `tolerance`; None where none do."""
        lattice = np.cos(np.linspace(0, np.pi, degree + 1))
        nodes, tests = _square(lattice), _square(_TESTS)
        wanted: Doubles = np.stack(mapping(*self._positions(*nodes)))
        if not np.isfinite(wanted).all():
            return None
        design: Doubles = _products(nodes[0], nodes[1], degree)
        coefficients = np.asarray(np.linalg.solve(design.T, wanted.T).T, np.float64)
        found = coefficients @ _products(tests[0], tests[1], degree)
        misses = np.abs(found - np.stack(mapping(*self._positions(*tests))))
        return coefficients if misses.max() <= tolerance else None

    def evaluate(self, coefficients: Doubles, degree: int, x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        found = np.empty((2, x.size))
        u, v = ((x - self.x) / self.half_width).ravel(), ((y - self.y) / self.half_height).ravel()
        for start in range(0, x.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            found[:, part] = coefficients @ _products(u[part], v[part], degree)
        return found[0].reshape(x.shape), found[1].reshape(x.shape)

    def _positions(self, u: Doubles, v: Doubles) -> tuple[Doubles, Doubles]:
        return self.x + u * self.half_width, self.y + v * self.half_height


def _square(along: Doubles) -> tuple[Doubles, Doubles]:
    """Give both coordinates of the points whose either coordinate is one of `along`."""
    return np.tile(along, along.size), np.repeat(along, along.size)


def _products(u: Doubles, v: Doubles, degree: int) -> Doubles:
    """Compute products u^i v^j with i and j up to the degree, shape (terms, points)."""
    rows = np.empty(((degree + 1) ** 2, u.size))
    rows[0] = 1
    for power in range(1, degree + 1):
        np.multiply(rows[power - 1], u, out=rows[power])
    for row in range(degree + 1, len(rows)):
        np.multiply(rows[row - degree - 1], v, out=rows[row])
    return rows
