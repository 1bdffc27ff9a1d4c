"""Bands of bytes at half their resolution, for overviews; 0 carries no data and counts for nothing."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Halving: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


def means(band: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Average 2 x 2 pixels that carry data, rounded, shape halved upwards; 0 where none of the four does."""
    band = _even(band)
    total = _sums_of_four(band)
    mean = ((total + 2) >> 2).astype(np.uint8)
    if band.min() > 0:
        return mean
    number = _sums_of_four((band > 0).view(np.uint8))
    mixed = (number > 0) & (number < 4)
    mean[mixed] = (total[mixed] + number[mixed] // 2) // number[mixed]
    return mean


def modes(band: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take the most frequent of 2 x 2 pixels that carry data, shape halved upwards; 0 where none does.

    Of values as frequent as each other the one that is so first, read row by row, as GDAL's MODE has it.
    """
    pairs = _even(band).view("<u2")
    left, right = pairs.astype(np.uint8), (pairs >> 8).astype(np.uint8)
    first, second, third, fourth = left[0::2], right[0::2], left[1::2], right[1::2]
    mode = np.where(first, first, np.where(second, second, np.where(third, third, fourth)))
    for value, before in ((fourth, (first, second, third)), (third, (first, second)), (second, (first,))):
        again = np.logical_or.reduce([value == other for other in before]) & (value > 0)
        np.copyto(mode, value, where=again)
    return mode


def _even(band: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give the band in C order with an even number of rows and columns, 0 where there were none."""
    height, width = band.shape
    if height % 2 or width % 2:
        return np.pad(band, ((0, height % 2), (0, width % 2)))
    return np.ascontiguousarray(band)


def _sums_of_four(band: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Sum 2 x 2 pixels; two bytes are taken as one number, so that memory is read in order."""
    pairs = band.view(np.uint16)
    across = (pairs & 0xFF) + (pairs >> 8)
    return across[0::2] + across[1::2]
