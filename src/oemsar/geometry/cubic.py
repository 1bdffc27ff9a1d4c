"""The twenty terms of a cubic polynomial in longitude, latitude and height, in the order of RPC00B."""

import numpy as np

from oemsar.arrays import Doubles


def terms(east: Doubles, north: Doubles, up: Doubles) -> Doubles:
    """Evaluate the terms at points with normalised coordinates, shape (20, points).

    Order of STDI-0002 appendix E, table E-22: 1, L, P, H, LP, LH, PH, LL, PP, HH, PLH, LLL, LPP, LHH, LLP,
    PPP, PHH, LLH, PPH, HHH, with L, P and H the longitude, latitude and height.
    """
    rows = np.empty((20, east.size))
    rows[0], rows[1], rows[2], rows[3] = 1, east, north, up
    for row, (first, second) in enumerate(_PRODUCTS, start=4):
        np.multiply(rows[first], rows[second], out=rows[row])
    return rows


def gradient(east: Doubles, north: Doubles, up: Doubles) -> tuple[Doubles, Doubles]:
    """Differentiate the terms by the first and by the second coordinate, each of shape (20, points)."""
    zero, one = np.zeros(east.shape), np.ones(east.shape)
    ee, nn, uu, en, eu, nu = east * east, north * north, up * up, east * north, east * up, north * up
    by_east = [zero, one, zero, zero, north, up, zero, 2 * east, zero, zero, nu, 3 * ee, nn, uu]
    by_east += [2 * en, zero, zero, 2 * eu, zero, zero]
    by_north = [zero, zero, one, zero, east, zero, up, zero, 2 * north, zero, eu, zero, 2 * en, zero]
    by_north += [ee, 3 * nn, uu, zero, 2 * nu, zero]
    return np.stack(by_east), np.stack(by_north)


_PRODUCTS = (
    *((1, 2), (1, 3), (2, 3), (1, 1), (2, 2), (3, 3)),
    *((4, 3), (7, 1), (1, 8), (1, 9), (7, 2), (8, 2), (2, 9), (7, 3), (8, 3), (9, 3)),
)
"""Each term from the fifth as the product of two earlier ones."""
