"""Amplitudes of any type to the 8 bits a network was trained on, one linear stretch for a whole scene."""

import numpy as np

from oemsar.arrays import Stretch, amplitude, pick
from oemsar.errors import InputError
from oemsar.raster.pixels import Pixels, read_window
from oemsar.raster.read import Extent

_SAMPLES_PER_AXIS = 8
_SAMPLE_SIZE = 256


def estimate_stretch(pixels: Pixels, percentiles: tuple[float, float] = (1, 99)) -> Stretch:
    """Find the stretch between two percentiles of the valid pixels of a scene.

    Samples of 256 x 256 pixels on a regular grid are read, so that neither time nor memory grows with
    the scene.

    Raises:
        InputError: The sampled pixels are all invalid or all of one value.
    """
    samples = []
    for row in _starts(pixels.shape[0]):
        for column in _starts(pixels.shape[1]):
            window, valid = read_window(pixels, Extent(row, column, _SAMPLE_SIZE, _SAMPLE_SIZE))
            values = amplitude(window)
            samples.append(pick(values, valid & (values != 0).any(0)).ravel())
    values = np.concatenate(samples)
    if not values.size or values.min() == values.max():
        raise InputError(f"{pixels.name} holds no data: every pixel is nodata or of one value")
    low, high = (float(value) for value in np.percentile(values, percentiles))
    if low == high:
        low, high = float(values.min()), float(values.max())
    return Stretch(low, high)


def _starts(size: int) -> list[int]:
    last = max(0, size - _SAMPLE_SIZE)
    return sorted({int(start) for start in np.linspace(0, last, _SAMPLES_PER_AXIS)})
