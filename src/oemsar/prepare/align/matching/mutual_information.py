"""Mutual information of grey values, for images without common edges."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oemsar.arrays import Floats

BINS = 24
"""Grey levels of each image, of equal numbers of pixels."""
_SMOOTHING = 1.5
"""Standard deviation in pixels of the Gaussian that takes speckle down."""
_FEWEST = 64


def grey_levels(image: Floats, valid: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Rank each pixel in `BINS` levels of equal numbers of pixels; -1 where nothing is known."""
    if not valid.any():
        return np.full(image.shape, -1, np.int32)
    mean = float(image[valid].mean())
    smooth = ndimage.gaussian_filter(np.where(valid, image, mean).astype(np.float32), _SMOOTHING)
    limits = np.quantile(smooth[valid], np.linspace(0, 1, BINS + 1)[1:-1])
    return np.where(valid, np.searchsorted(limits, smooth, side="right"), -1).astype(np.int32)


def information_surface(template: NDArray[np.int32], image: NDArray[np.int32]) -> Floats:
    """Compute the normalised mutual information of a template with an image at every position where it fits.

    2 I(A, B) / (H(A) + H(B)) from the joint histogram of the pixels both know (Viola and Wells 1997,
    Alignment by maximization of mutual information; Maes et al. 1997, Multimodality image registration by
    maximization of mutual information; the norm is that of Studholme et al. 1999 in its bounded form).

    Args:
        template: Levels, (height, width), -1 where unknown.
        image: Levels, (height + 2 reach, width + 2 reach).

    Returns:
        (2 reach + 1, 2 reach + 1), 0 to 1.
    """
    height, width = template.shape
    rows, columns = image.shape[0] - height + 1, image.shape[1] - width + 1
    surface = np.zeros((rows, columns), np.float32)
    # a level more, the first, takes the unknown pixels
    left = (template + 1) * (BINS + 1)
    for row in range(rows):
        for column in range(columns):
            pairs = left + image[row : row + height, column : column + width] + 1
            joint = np.bincount(pairs.ravel(), minlength=(BINS + 1) ** 2).reshape(BINS + 1, BINS + 1)[1:, 1:]
            surface[row, column] = _information(joint)
    return surface


def _information(joint: NDArray[np.intp]) -> float:
    number = int(joint.sum())
    if number < _FEWEST:
        return 0.0
    share = joint / number
    first, second = _entropy(share.sum(1)), _entropy(share.sum(0))
    if first + second == 0:
        return 0.0
    return 2 * (first + second - _entropy(share.ravel())) / (first + second)


def _entropy(share: NDArray[np.float64]) -> float:
    present = share[share > 0]
    return float(-(present * np.log(present)).sum())
