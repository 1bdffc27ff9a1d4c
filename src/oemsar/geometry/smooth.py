"""Smooth maps, evaluated on a lattice and interpolated by a polynomial: a projection for a product."""

from typing import NamedTuple

import numpy as np

from oemsar.geometry.mapping import Doubles, PixelMap

_FEW = 1024
_DEGREE = 4
_NODES = np.cos(np.linspace(0, np.pi, _DEGREE + 1))
_TESTS = np.cos(np.linspace(0.4, np.pi - 0.2, 4))
_CHUNK = 1 << 13


def smoothly(mapping: PixelMap, tolerance: float = 1e-3) -> PixelMap:
    """The same map, evaluated on a lattice and interpolated by a polynomial where that is close enough.

    Projections are smooth over a block of pixels and cost far more than a polynomial of degree 4.

    Args:
        mapping: a smooth map.
        tolerance: largest difference at the test points of each call, in the units the map returns.
    """

    def fast(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        if x.size < _FEW:
            return mapping(x, y)
        with np.errstate(invalid="ignore"):
            inside = np.isfinite(x) & np.isfinite(y)
        if not inside.any():
            return np.full(x.shape, np.nan), np.full(x.shape, np.nan)
        box = _Box.around(x[inside], y[inside])
        coefficients = box.polynomial(mapping, tolerance)
        return mapping(x, y) if coefficients is None else box.evaluate(coefficients, x, y)

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

    def polynomial(self, mapping: PixelMap, tolerance: float) -> Doubles | None:
        """Coefficients (2, 25) that reproduce `mapping` within `tolerance`; None where none do."""
        nodes = tuple(each.ravel() for each in np.meshgrid(_NODES, _NODES))
        tests = tuple(each.ravel() for each in np.meshgrid(_TESTS, _TESTS))
        wanted = np.stack(mapping(*self._positions(*nodes)))
        if not np.isfinite(wanted).all():
            return None
        coefficients = np.asarray(np.linalg.solve(_powers(*nodes).T, wanted.T).T, np.float64)
        misses = np.abs(coefficients @ _powers(*tests) - np.stack(mapping(*self._positions(*tests))))
        return coefficients if misses.max() <= tolerance else None

    def evaluate(self, coefficients: Doubles, x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        found = np.empty((2, x.size))
        u, v = ((x - self.x) / self.half_width).ravel(), ((y - self.y) / self.half_height).ravel()
        for start in range(0, x.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            found[:, part] = coefficients @ _powers(u[part], v[part])
        return found[0].reshape(x.shape), found[1].reshape(x.shape)

    def _positions(self, u: Doubles, v: Doubles) -> tuple[Doubles, Doubles]:
        return self.x + u * self.half_width, self.y + v * self.half_height


def _powers(u: Doubles, v: Doubles) -> Doubles:
    """Products u^i v^j with i and j up to the degree, shape (25, points)."""
    rows = np.vander(u, _DEGREE + 1).T[:, None] * np.vander(v, _DEGREE + 1).T[None]
    return rows.reshape(-1, u.size)
