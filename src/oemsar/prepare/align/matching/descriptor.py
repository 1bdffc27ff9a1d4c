"""Orientation channels: edges, which a radar image and an orthophoto of the same ground share."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.arrays import Floats
from oemsar.prepare.align.scene.geometry import Scale

ORIENTATIONS = 8
"""Channels, of 22.5 degrees each over half a turn: an edge from dark to bright equals one the other way."""
_EDGE = 1.0
"""Standard deviation in pixels of the Gaussian whose derivative is the gradient."""
_SMOOTHING = 1.5
"""Standard deviation in pixels of the Gaussian over each channel, the distance by which edges may differ."""
_NEIGHBOURHOOD = 12.0
"""Standard deviation in pixels of the neighbourhood that gradients are measured against."""
_FLAT = 0.3
"""Share of the median gradient under which a neighbourhood counts as flat."""
_DARKEST = 4.0
"""Added to amplitudes of 8 bits before the logarithm, so that black speckle has no edges of its own."""
_HOLES = 4.0
"""Standard deviation in pixels of the mean that fills pixels without data."""
MARGIN = 24
"""Pixels around a rectangle that its channels depend on to a degree that matters."""


def orientation_channels(image: Floats, valid: NDArray[np.bool_], scale: Scale) -> Floats:
    """Measure the strength of the edges of each orientation around each pixel.

    Histograms of oriented gradients, kept for every pixel (Dalal and Triggs 2005, Histograms of oriented
    gradients for human detection): the gradient by Gaussian derivatives, divided by its root mean square
    in the neighbourhood, its root taken (their section 6.4 finds it best for the norm), shared between the
    two nearest orientations without sign, and smoothed.

    Args:
        image: (height, width), amplitude or grey value.
        valid: (height, width), whether each pixel carries data.
        scale: `logarithmic` for radar amplitude, where speckle multiplies; `linear` otherwise.

    Returns:
        (ORIENTATIONS, height, width), 0 or more; 0 where nothing is known.
    """
    channels = np.zeros((ORIENTATIONS, *image.shape), np.float32)
    if not valid.any():
        return channels
    values = np.log(np.maximum(image, 0) + _DARKEST) if scale == "logarithmic" else image
    values = _filled(values.astype(np.float32), valid)
    right = ndimage.gaussian_filter(values, _EDGE, order=(0, 1))
    down = ndimage.gaussian_filter(values, _EDGE, order=(1, 0))
    strength = np.hypot(right, down) * valid
    around = np.sqrt(ndimage.gaussian_filter(strength * strength, _NEIGHBOURHOOD))
    strength = np.sqrt(strength / (around + _FLAT * float(np.median(around[valid])) + 1e-6))
    position = np.mod(np.arctan2(down, right), np.float32(math.pi)) * np.float32(ORIENTATIONS / math.pi)
    first = np.minimum(position.astype(np.int8), ORIENTATIONS - 1)
    second = strength * (position - first)
    strength -= second
    for orientation in range(ORIENTATIONS):
        channel = np.where(first == orientation, strength, 0)
        channel += np.where(first == (orientation - 1) % ORIENTATIONS, second, 0)
        ndimage.gaussian_filter(channel, _SMOOTHING, output=channels[orientation])
    return channels


def _filled(image: Floats, valid: NDArray[np.bool_]) -> Floats:
    """Fill the holes of an image with a smooth mean of their surroundings, so that they have no edges."""
    if valid.all():
        return image
    weight = ndimage.gaussian_filter(valid.astype(np.float32), _HOLES)
    total = ndimage.gaussian_filter(np.where(valid, image, 0).astype(np.float32), _HOLES)
    around = np.where(weight > 1e-3, total / np.maximum(weight, 1e-3), float(image[valid].mean()))
    return np.where(valid, image, around).astype(np.float32)
