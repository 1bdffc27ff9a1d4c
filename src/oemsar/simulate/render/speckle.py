"""Speckle of coherent imaging."""

import numpy as np
from scipy import ndimage

from oemsar.simulate.noise import Raster

_POINT_SPREAD = np.array([0.17, 0.66, 0.17], np.float32)
"""Amplitude response along one axis: a pixel spacing a little below the resolution, as in Umbra products."""


def draw_speckle(rng: np.random.Generator, shape: tuple[int, int], looks: int) -> Raster:
    """Draw multiplicative speckle for the intensity of an image of `looks` independent looks.

    Fully developed speckle is the squared modulus of a circular complex Gaussian field; averaged over
    L looks it follows the gamma distribution of shape L and mean 1, hence of variance 1/L (Goodman
    1976, Some fundamental properties of speckle; Ulaby and Dobson 1989). The fields pass the sensor's
    point spread function first, so that neighbouring pixels are correlated.

    Args:
        rng: Source of randomness.
        shape: Rows and columns.
        looks: Number of looks, 1 or more.

    Returns:
        Factors with mean 1, float32.
    """
    intensity = np.zeros(shape, np.float32)
    for _ in range(2 * looks):
        field = rng.standard_normal((shape[0] + 2, shape[1] + 2), dtype=np.float32)
        for axis in (0, 1):
            field = ndimage.convolve1d(field, _POINT_SPREAD, axis=axis)
        intensity += field[1:-1, 1:-1] ** 2
    energy = float((_POINT_SPREAD**2).sum()) ** 2
    return intensity / np.float32(2 * looks * energy)
