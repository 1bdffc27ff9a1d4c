"""Thin-plate splines: displacement by knots and their weights."""

import numpy as np
from scipy import ndimage

from oemsar.arrays import Doubles

_LATTICE = 65
"""Points along each side on which a spline is evaluated before it is interpolated bicubically."""


def bending(u: Doubles, v: Doubles, knots: Doubles, weights: Doubles) -> Doubles:
    """Compute the displacement of a spline; many positions by bicubic interpolation of a lattice.

    Args:
        u: Scaled columns, any shape.
        v: Scaled rows, the same shape.
        knots: (knots, 2), scaled.
        weights: (knots, 2), pixels.

    Returns:
        (2, *shape of `u`), columns and rows in pixels.
    """
    if u.size <= _LATTICE**2:
        kernel = thin_plate(np.stack([u.ravel(), v.ravel()], 1), knots)
        return np.asarray((kernel @ weights).T.reshape(2, *u.shape))
    finite = np.isfinite(u) & np.isfinite(v)
    if not finite.any():
        return np.full((2, *u.shape), np.nan)
    bounds = [(float(each[finite].min()), float(each[finite].max()) + 1e-9) for each in (u, v)]
    axes = [np.linspace(low, high, _LATTICE) for low, high in bounds]
    mesh = np.stack([each.ravel() for each in np.meshgrid(*axes)], 1)
    table = (thin_plate(mesh, knots) @ weights).T.reshape(2, _LATTICE, _LATTICE)
    indices = [
        (each - low) / (high - low) * (_LATTICE - 1)
        for each, (low, high) in zip((v, u), bounds[::-1], strict=True)
    ]
    return np.stack([ndimage.map_coordinates(each, indices, order=3, mode="nearest") for each in table])


def thin_plate(positions: Doubles, knots: Doubles) -> Doubles:
    """Compute r^2 log r between positions and knots: (positions, knots)."""
    squares = ((positions[:, None, :] - knots[None]) ** 2).sum(2)
    return np.asarray(0.5 * squares * np.log(np.maximum(squares, 1e-30)))
